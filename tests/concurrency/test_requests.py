"""Sixteen callers at once against two web processes: exactly one wins, nobody gets a 500, losers get the right reason.

Each race has its control: without its guards the same race has several winners, or its losers run into each other, so
the race does bite.
"""

from collections import Counter

import pytest

from commissions.models import PayoutBatch
from leads.models import Claim, Deal, Referral, Visit
from projects.models import Unit
from tests.concurrency.guards import without
from tests.concurrency.processes import THREADS, Answer, Call, Server
from tests.concurrency.site import Site, make_site
from tests.pages.finance import open_till

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial]

ROUNDS = 3
CLAIMS = {"one_live_claim_per_phone": "leads_claim"}
DEALS = {"one_live_deal_per_unit": "leads_deal"}
LOSERS = THREADS - 1


def filed(answers: list[Answer]) -> Counter[tuple[str, str | None]]:
    assert {one.status for one in answers} == {201}, answers
    return Counter((one.body["state"], one.body["reason"]) for one in answers)


def received(answers: list[Answer]) -> Counter[str]:
    assert {one.status for one in answers} == {200}, answers
    return Counter(one.body["result"] for one in answers)


def coded(answers: list[Answer]) -> Counter[tuple[int, str | None]]:
    return Counter((one.status, one.body.get("code")) for one in answers)


ONE_FILED = {("filed", None): 1, ("rejected", "unavailable"): LOSERS}


def test_of_sixteen_filings_of_one_client_one_claims(guarded):
    site = make_site(exclusive_from="filing")
    for _ in range(ROUNDS):
        phone = site.phone()
        assert filed(guarded.at_once(site.filings(phone))) == ONE_FILED
    assert Claim.objects.filter(live=True).count() == ROUNDS
    assert Referral.objects.filter(state="rejected", reason="protected").count() == ROUNDS * LOSERS


def test_without_locks_the_index_alone_lets_one_filing_claim(unguarded):
    site = make_site(exclusive_from="filing")
    assert filed(unguarded.at_once(site.filings(site.known_phone()))) == ONE_FILED
    assert Claim.objects.filter(live=True).count() == 1


def test_control_without_locks_and_index_several_filings_claim(unguarded):
    site = make_site(exclusive_from="filing")
    with without(**CLAIMS):
        answers = filed(unguarded.at_once(site.filings(site.known_phone())))
        assert answers["filed", None] > 1
        assert Claim.objects.filter(live=True).count() > 1


def test_of_sixteen_arrivals_of_one_client_the_first_visit_wins(guarded):
    site = make_site(exclusive_from="visit")
    for _ in range(ROUNDS):
        answers = received(guarded.at_once(site.arrivals(site.phone())))
        assert answers.pop("ok") == 1
        assert set(answers) <= {"not_live", "protected"}
        assert answers.total() == LOSERS
    assert Visit.objects.filter(confirmed=True).count() == Claim.objects.filter(live=True).count() == ROUNDS
    assert Referral.objects.filter(state="lost").count() == ROUNDS * LOSERS


def test_without_locks_the_index_alone_lets_one_visit_claim(unguarded):
    site = make_site(exclusive_from="visit")
    answers = received(unguarded.at_once(site.arrivals(site.phone())))
    assert answers == {"ok": 1, "protected": LOSERS}
    assert Claim.objects.filter(live=True).count() == 1


def test_control_without_locks_and_index_several_visits_win(unguarded):
    site = make_site(exclusive_from="visit")
    with without(**CLAIMS):
        answers = received(unguarded.at_once(site.arrivals(site.phone())))
        assert answers["ok"] > 1
        assert Claim.objects.filter(live=True).count() > 1


def subscribed_once(server: Server, site: Site, unit: Unit) -> None:
    answers = coded(server.at_once(site.subscriptions(unit)))
    assert answers == {(201, None): 1, (409, "unit_taken"): LOSERS}
    assert Deal.objects.filter(unit=unit).count() == 1
    unit.refresh_from_db()
    assert unit.state == "subscribed"


def test_of_sixteen_deals_for_one_unit_one_is_made(guarded):
    site = make_site()
    for _ in range(ROUNDS):
        subscribed_once(guarded, site, site.unit())


def test_without_locks_the_index_alone_lets_one_deal_have_the_unit(unguarded):
    site = make_site()
    subscribed_once(unguarded, site, site.unit())


def test_control_without_the_index_several_deals_have_one_unit(unguarded):
    site = make_site()
    unit = site.unit()
    with without(**DEALS):
        answers = coded(unguarded.at_once(site.subscriptions(unit)))
        assert answers[201, None] > 1
        assert Deal.objects.filter(unit=unit).count() > 1


def approvals(site: Site) -> tuple[PayoutBatch, list[Call]]:
    """A submitted batch, and sixteen approvers who did not prepare it."""
    till = open_till(site.world)
    batch = till.submit()
    return batch, [Call(site.key(one), f"payout-batches/{batch.pk}/approve/") for one in site.approvers()]


ONE_APPROVED = {(200, None): 1, (409, "not_allowed"): LOSERS}


def test_of_sixteen_approvals_of_one_batch_one_counts(guarded):
    batch, calls = approvals(make_site())
    assert coded(guarded.at_once(calls)) == ONE_APPROVED
    batch.refresh_from_db()
    assert batch.state == "approved"


def test_control_without_the_lock_approvals_run_into_each_other(unguarded):
    """The database then refuses all but one, each approval holding the batch that the others want to move."""
    _batch, calls = approvals(make_site())
    answers = coded(unguarded.at_once(calls))
    assert answers[409, "conflict"] > 0
    assert answers != ONE_APPROVED
