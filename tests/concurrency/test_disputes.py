"""Sixteen managers decide one dispute at once: exactly one does, and without the guards several would."""

from collections import Counter

import pytest
from django.db import connection

from channels_platform.accounts.permissions import Role
from leads.models import AttributionDecision, Deal, Dispute, Referral
from leads.services.deals import Buyer, subscribe_deal
from leads.services.disputes import raise_dispute
from tests.concurrency.processes import THREADS, Answer, Call
from tests.concurrency.site import PRICE, Site, make_site
from tests.pages.world import staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial]


def contested(site: Site) -> tuple[Dispute, list[Call]]:
    """A deal that another agency contests, and sixteen managers who each give it another way."""
    phone = site.phone()
    theirs = site.world.file(site.world.outsider, phone)
    deal: Deal = subscribe_deal(
        actor=None,
        project=site.world.project,
        price=PRICE,
        method="lump_sum",
        first_payment_amount=PRICE,
        buyers=[Buyer("张伟", site.phone())],
    )
    dispute = raise_dispute(
        actor=site.world.outsider.user, agency=site.world.rival, deal=deal, claim_text="We brought them."
    )
    assert Referral.objects.get(pk=theirs.pk).state == "filed"
    judges = [
        staff(f"judge-{n}", Role.MARKETING_MANAGER, site.world.project, name=f"Judge {n}") for n in range(THREADS)
    ]
    body = {"shares": [{"referral": str(theirs.pk), "fraction": "1"}], "reason": "Heard."}
    return dispute, [Call(site.key(one), f"disputes/{dispute.pk}/decide/", body) for one in judges]


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(one.status for one in answers)


def test_of_sixteen_managers_one_decides(guarded):
    dispute, calls = contested(make_site())
    assert statuses(guarded.at_once(calls)) == {200: 1, 409: THREADS - 1}
    dispute.refresh_from_db()
    assert dispute.state == "decided"
    assert AttributionDecision.objects.filter(dispute=dispute).count() == 1


def test_without_the_lock_the_database_alone_lets_one_decide(unguarded):
    dispute, calls = contested(make_site())
    assert statuses(unguarded.at_once(calls))[200] == 1
    assert AttributionDecision.objects.filter(dispute=dispute).count() == 1


def test_control_without_lock_and_trigger_several_decide(unguarded):
    dispute, calls = contested(make_site())
    name = "pgtrigger_decided_once_%"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgname LIKE %s AND tgrelid = 'leads_dispute'::regclass", [name]
        )
        trigger = cursor.fetchone()[0]
        cursor.execute(f"ALTER TABLE leads_dispute DISABLE TRIGGER {trigger}")
    try:
        assert statuses(unguarded.at_once(calls))[200] > 1
        assert AttributionDecision.objects.filter(dispute=dispute).count() > 1
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE leads_dispute ENABLE TRIGGER {trigger}")
