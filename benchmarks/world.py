"""The small world every measure starts from: a project, agencies, brokers, a key to the API."""

from datetime import date
from decimal import Decimal
from typing import Any

KEY = "benchmark-key-that-opens-nothing-else-0001"
BROKERS = 20
AGENCIES = 4


def build() -> dict[str, Any]:
    """Make the world through the services and return its ids."""
    from brokers.services.agencies import create_agency, create_broker
    from brokers.services.agreements import approve_agreement, draft_agreement
    from channels_platform.accounts.models import ApiToken, User
    from channels_platform.lib import clock
    from channels_platform.privacy.keys import cipher
    from projects.models import PayingCompany, Project
    from projects.services.projects import create_project

    author, approver = (
        User.objects.create(username=f"bench-{i}", role="marketing_manager", all_projects=True) for i in range(2)
    )
    company = PayingCompany.objects.create(code="BENCH", name="Bench Co.", minimum_amount=Decimal(0))
    project = create_project(
        actor=author,
        code="BENCH",
        name="Bench",
        company=company,
        status=Project.Status.OPEN,
        policy={"exclusive_from": "filing"},
    )
    agencies, brokers = [], []
    for a in range(AGENCIES):
        agency = create_agency(actor=author, code=f"BA{a}", name=f"Agency {a}", kind="referral")
        draft = draft_agreement(actor=author, agency=agency, project=project, from_on=date(2000, 1, 1))
        approve_agreement(actor=approver, agreement=draft)
        agencies.append(agency)
        for b in range(BROKERS // AGENCIES):
            brokers.append(create_broker(actor=author, agency=agency, username=f"bench-{a}-{b}", name=f"Broker {b}"))
    for person, key in ((brokers[0].user, KEY), (author, KEY + "-staff")):
        now = clock.now()
        ApiToken.objects.create(
            user=person, digest=ApiToken.digest_of(key), created_at=now, expires_at=now.replace(year=now.year + 1)
        )
    return {
        "project": project.pk,
        "policy": project.policies.get().pk,
        "agencies": [agency.pk for agency in agencies],
        "brokers": [broker.pk for broker in brokers],
        "token": cipher().encrypt("张三"),
    }
