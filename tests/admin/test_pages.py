"""Which pages each role reaches, and that every page opens on real objects."""

from datetime import date
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from brokers.models import AgencyGrade, Agreement
from brokers.services.agencies import create_agency
from brokers.services.grades import keep_grade
from brokers.services.recruiting import open_link, open_programme
from channels_platform.accounts.permissions import Role
from channels_platform.jobs.models import Job, PeriodicRun
from channels_platform.lib import clock
from channels_platform.notices.models import Delivery, Notice, Robot
from commissions.models import Adjustment, Advance, AdvanceLimit, ApprovalRule, ContestRound, Payee
from commissions.services.contests import draft_contest
from commissions.services.payouts import draft_batch
from leads.models import Deal, RiskSignal
from leads.services.disputes import raise_dispute
from leads.services.visits import confirm_visit, record_natural_visit
from projects.models import Holiday
from projects.services.units import create_unit
from tests.admin.conftest import SPOUSE, Cast, address
from tests.services.brokers.test_individuals import signed_up
from tests.services.brokers.test_joining import applied

pytestmark = pytest.mark.django_db

PRODUCT = ("accounts", "audit", "jobs", "notices", "projects", "brokers", "leads", "commissions")
MODELS = {model._meta.label_lower: model for model in admin.site._registry if model._meta.app_label in PRODUCT}

# What each role may do in the admin, by model: v(iew), a(dd), c(hange). A role or model left out: nothing.
MONEY = dict.fromkeys(
    (
        "commissions.accrual",
        "commissions.ledgerentry",
        "commissions.ledgertransaction",
        "commissions.payoutbatch",
        "commissions.approvalrule",
        "commissions.commissionrun",
        "commissions.adjustment",
        "commissions.advance",
        "commissions.advancelimit",
    ),
    "v",
)
CLIENTS = dict.fromkeys(
    ("leads.referral", "leads.claim", "leads.visit", "leads.naturalvisit", "leads.dispute", "leads.payment"), "v"
)
LOOK = {
    **CLIENTS,
    "leads.deal": "v",
    "leads.consultant": "v",
    "commissions.contest": "v",
    "commissions.contestround": "v",
    "projects.project": "v",
    "projects.phase": "v",
    "projects.unit": "v",
    "projects.policy": "v",
    "projects.payingcompany": "v",
    "projects.holiday": "v",
    "brokers.agency": "v",
    "brokers.agencygrade": "v",
    "brokers.broker": "v",
    "brokers.agreement": "v",
    "brokers.programme": "v",
    "brokers.recruitinglink": "v",
    "brokers.recruiter": "v",
    "brokers.individual": "v",
    "jobs.periodicrun": "v",
    "jobs.job": "v",
    "notices.robot": "v",
    "notices.delivery": "v",
}
EDIT = {
    **LOOK,
    "notices.robot": "vac",
    "leads.deal": "va",
    "leads.consultant": "vac",
    "commissions.contest": "vac",
    "projects.project": "vac",
    "projects.phase": "vac",
    "projects.unit": "vac",
    "brokers.agency": "vac",
    "brokers.broker": "vac",
    "brokers.agreement": "vac",
    "brokers.programme": "vac",
    "brokers.recruitinglink": "va",
    "brokers.agencyapplication": "v",
}
ROLES = {
    Role.MARKETING: EDIT,
    Role.MARKETING_MANAGER: {
        **EDIT,
        **MONEY,
        "projects.payingcompany": "vac",
        "projects.holiday": "vac",
        "commissions.approvalrule": "vac",
        "brokers.agencygrade": "vac",
        "commissions.planversion": "va",
        "accounts.user": "vac",
        "audit.event": "v",
        "leads.risksignal": "v",
    },
    Role.FINANCE: {**LOOK, **MONEY, "commissions.planversion": "v"},
    Role.AUDITOR: {**LOOK, **MONEY, "commissions.planversion": "v", "audit.event": "v", "leads.risksignal": "v"},
}


@pytest.fixture
def world(cast: Cast, paid_deal: Deal, consultant: Any, settings: Any) -> dict[str, Any]:
    """One object of every model, made as the product makes it."""
    create_unit(
        actor=cast.manager,
        project=cast.here,
        phase="One",
        building="1",
        number="101",
        area="89.50",
        list_price="1280000",
    )
    referral = cast.file(SPOUSE)
    confirm_visit(actor=cast.manager, referral=referral)
    record_natural_visit(actor=cast.manager, project=cast.here, phone="13900000009")
    refused = cast.file(SPOUSE, broker=cast.rival)
    raise_dispute(actor=cast.rival.user, agency=cast.rival.agency, claim_text="Ours.", referral=refused)
    draft_batch(actor=None, company=cast.here.company, cutoff_at=clock.now())
    waiting_requests(cast)
    ApprovalRule.objects.create(company=cast.here.company, from_amount=0, approvals=2)
    Holiday.objects.create(day=date(2026, 10, 1), name="National Day")
    PeriodicRun.objects.create(job="sweep", period="now", started_at=clock.now())
    Job.objects.create(kind="export", starter=cast.manager, created_at=clock.now())
    Robot.objects.create(
        project=cast.here, name="Sales", kind="wecom", address="https://example.org/", created_at=clock.now()
    )
    told = Notice.objects.create(
        recipient=cast.manager,
        kind="referral.filed",
        project_id=cast.here.pk,
        facts={"project": "Lake"},
        created_at=clock.now(),
    )
    Delivery.objects.create(notice=told, channel="mail", due_at=clock.now())
    applied()
    roof = create_agency(actor=cast.manager, code="roof", name="Neighbours", kind="community")
    programme = open_programme(actor=cast.manager, agency=roof, project=cast.here)
    recruited = signed_up(open_link(actor=cast.manager, programme=programme, recruiter=cast.manager))
    contest = draft_contest(
        actor=cast.author,
        project=cast.here,
        name="Visits",
        measure="visits",
        period="weekly",
        from_on=date(2026, 2, 1),
        to_on=date(2026, 4, 1),
        prizes=["500"],
    )
    ContestRound.objects.create(
        contest=contest, from_on=date(2026, 2, 1), to_on=date(2026, 2, 1), proposed_at=clock.now()
    )
    keep_grade(actor=cast.manager, grade=AgencyGrade(code="A", name="Gold", rank=1))
    RiskSignal.objects.create(
        kind="probing", broker=cast.rival, project=cast.here, evidence={"hours": 24}, once="x", found_at=clock.now()
    )
    Agreement.objects.filter(project=cast.here, agency=cast.rival.agency).first()
    found = {label: model._default_manager.first() for label, model in MODELS.items()}
    return found | {"brokers.recruiter": recruited.link.recruiter}


def waiting_requests(cast: Cast) -> None:
    """An adjustment, a limit and an advance that wait for a decision."""
    payee = Payee.objects.filter(agency__isnull=False).first()
    asked = {"reason": "x", "asked_by": cast.manager, "asked_at": clock.now()}
    of_payee = {"payee": payee, "project": cast.here, "amount": 1, **asked}
    Adjustment.objects.create(number="ADJ-1", **of_payee)
    place = {"agency": payee.agency, "company": cast.here.company, "project": cast.here, "currency": "CNY"}
    limit = AdvanceLimit.objects.create(amount=1, fee_rate=0, **place, **asked)
    Advance.objects.create(number="ADV-1", fee=0, limit=limit, **of_payee)


def test_every_model_of_the_admin_is_in_the_table() -> None:
    assert set(MODELS) == set(ROLES[Role.MARKETING_MANAGER])


def test_every_page_opens_on_a_real_object(world: dict[str, Any], enter: Any) -> None:
    client = enter("marketing_manager", all_projects=True)
    client.raise_request_exception = True
    for label, model in MODELS.items():
        assert world[label] is not None, label
        assert client.get(address(model, "changelist")).status_code == 200, label
        assert client.get(address(model, "change", world[label].pk)).status_code == 200, label


@pytest.mark.parametrize("role", list(ROLES), ids=str)
def test_role_reaches_its_pages_and_no_others(role: Role, world: dict[str, Any], cast: Cast, enter: Any) -> None:
    client = enter(role, all_projects=True)
    Job.objects.all().update(starter=cast.manager)
    for label, model in MODELS.items():
        may = ROLES[role].get(label, "")
        assert client.get(address(model, "changelist")).status_code == (200 if "v" in may else 403), label
        assert client.get(address(model, "add")).status_code == (200 if "a" in may else 403), label
        if label == "jobs.job" and "audit.event" not in ROLES[role]:
            continue
        response = client.get(address(model, "change", world[label].pk))
        assert response.status_code == (200 if "v" in may else 403), label
        if "v" in may and label != "brokers.agreement":
            assert response.context["has_change_permission"] is ("c" in may), label
        assert client.post(address(model, "delete", world[label].pk), {"post": "yes"}).status_code == 403, label


@pytest.mark.parametrize("role", sorted(set(Role) - set(ROLES)), ids=str)
def test_other_roles_are_not_let_in(role: Role, enter: Any) -> None:
    client = enter(role)
    for path in (reverse("admin:index"), address(MODELS["leads.referral"], "changelist")):
        response = client.get(path, follow=True)
        assert response.status_code == 403


def test_nobody_is_let_in_without_signing_in(cast: Cast) -> None:
    response = Client().get(reverse("admin:index"), follow=True)
    assert response.redirect_chain[-1][0].startswith(reverse("account_login"))


def test_side_bar_names_only_what_opens(enter: Any) -> None:
    client = enter("marketing")
    response = client.get(reverse("admin:index"))
    links = [item["link"] for group in response.context["sidebar_navigation"] for item in group["items"]]
    assert address(MODELS["accounts.user"], "changelist") not in links
    assert all(client.get(link).status_code == 200 for link in links)


def test_signing_out_of_the_admin_is_on_the_audit_trail(enter: Any) -> None:
    from channels_platform.audit.models import Event

    client = enter("marketing")
    assert client.get(reverse("admin:logout")).status_code == 405
    assert client.post(reverse("admin:logout")).status_code == 302
    assert Event.objects.filter(action="signin.ended").count() == 1
    assert client.get(reverse("admin:index")).status_code == 302


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_pages_speak_both_languages(language: str, enter: Any) -> None:
    response = enter("marketing", language=language).get(reverse("admin:index"))
    assert f'lang="{language}"' in response.content.decode()
