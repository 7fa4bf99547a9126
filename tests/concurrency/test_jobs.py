"""Jobs started twice, as processes: what they make is made once. The controls show that twice would be seen."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from commissions.models import LedgerEntry, PayoutBatch, PayoutEntry
from commissions.services.runs import bring_up_to_date, run_commissions
from leads.models import DealOutbox
from tests.concurrency.guards import without
from tests.concurrency.processes import THREADS, Call, together
from tests.concurrency.site import PRICE, Site, make_site
from tests.pages.money import give_plan, sell
from tests.pages.world import staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial]

COMMISSION = PRICE * Decimal("0.01")
MONTHLY = {
    "scheduled_payout_once_a_month": "commissions_scheduledpayout",
    "entry_in_one_live_batch": "commissions_payoutentry",
}


def ledger(site: Site) -> dict[str, Decimal]:
    rows = LedgerEntry.objects.filter(project=site.world.project).order_by().values_list("account")
    return {account: total for account, total in rows.annotate(Sum("amount")) if total}


@pytest.fixture
def site() -> Site:
    """Everything is paid out at full payment: one per cent, nothing kept back."""
    made = make_site(exclusive_from="filing")
    give_plan(
        made.world,
        tiers=[{"from": "0", "rate": "0.01"}],
        bonuses=[],
        retention=None,
    )
    return made


def payments(site: Site) -> list[Call]:
    """Sixteen signed deals are paid in full at once; the contracts are in the ledger already."""
    deals = [site.contracted() for _ in range(THREADS)]
    bring_up_to_date()
    assert ledger(site) == {"expense": -COMMISSION * THREADS, "pending": COMMISSION * THREADS}
    finance = site.key(staff("cashier", Role.FINANCE, site.world.project))
    return [
        Call(finance, f"deals/{deal.pk}/payments/", {"amount": str(PRICE), "reference": f"BANK-{n}"})
        for n, deal in enumerate(deals)
    ]


def now() -> str:
    return clock.now().isoformat()


def test_two_runs_while_payments_arrive_post_each_once(guarded, site):
    calls = payments(site)
    with together(["runs", now()], ["runs", now()]) as counts:
        answers = guarded.at_once(calls)
    assert {answer.status for answer in answers} == {201}
    assert [count["failed"] for count in counts] == [0, 0]
    last = bring_up_to_date(wait=True)
    assert sum(count["changed"] for count in [*counts, last]) == THREADS
    assert ledger(site) == {"expense": -COMMISSION * THREADS, "payable": COMMISSION * THREADS}
    assert not DealOutbox.objects.exists()


@pytest.mark.parametrize("locks", ["with locks", "control: without"])
def test_two_runs_of_one_project_post_the_difference_once(guarded, site, locks):
    assert {answer.status for answer in guarded.at_once(payments(site))} == {201}
    # with nothing to take from it, the outbox keeps no run waiting for the other
    DealOutbox.objects.all().delete()
    mode = ["--unguarded"] if locks.startswith("control") else []
    command = ["run", now(), str(site.world.project.pk), *mode]
    with together(command, command) as counts:
        pass
    paid = {"expense": -COMMISSION * THREADS, "payable": COMMISSION * THREADS}
    if mode:
        assert ledger(site) != paid, "both saw the same difference and both posted it"
        run_commissions(project=site.world.project)
        assert ledger(site) == paid, "and the next run puts it right"
    else:
        assert sorted(count["changed"] for count in counts) == [0, THREADS]
        assert ledger(site) == paid


@pytest.fixture
def month_end(site) -> str:
    """A deal is sold and paid for; an instant when its month's draft is due."""
    sell(site.world)
    run_commissions(project=site.world.project)
    return (clock.now() + timedelta(days=40)).isoformat()


def test_the_monthly_draft_started_twice_is_made_once(month_end):
    with together(["payouts", month_end], ["payouts", month_end]) as counts:
        pass
    assert sorted(count["drafted"] for count in counts) == [0, 1]
    assert {count["failed"] for count in counts} == {0}
    assert (PayoutBatch.objects.count(), PayoutEntry.objects.filter(live=True).count()) == (1, 1)


def test_without_locks_the_indexes_alone_let_one_draft_be_made(month_end):
    command = ["payouts", month_end, "--unguarded"]
    with together(command, command) as counts:
        pass
    assert sorted((count["drafted"], count["failed"]) for count in counts) == [(0, 1), (1, 0)]
    assert (PayoutBatch.objects.count(), PayoutEntry.objects.filter(live=True).count()) == (1, 1)


def test_control_without_locks_and_indexes_two_drafts_pay_one_entry(month_end):
    command = ["payouts", month_end, "--unguarded"]
    with without(**MONTHLY):
        with together(command, command) as counts:
            pass
        assert [count["drafted"] for count in counts] == [1, 1]
        assert PayoutEntry.objects.filter(live=True).values("entry").distinct().count() == 1
        assert PayoutEntry.objects.filter(live=True).count() == 2
