"""Commission runs: lines and ledger follow the facts by differences, all or nothing."""

from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels_platform.lib import clock
from commissions.models import Accrual, CommissionRun, LedgerEntry, LedgerTransaction, Payee
from commissions.services.runs import bring_up_to_date, run_commissions, run_if_due, something_due
from commissions.words import explain_row
from leads.models import DealOutbox
from leads.services.disputes import decide_deal
from tests.services.commissions.cast import AT_CONTRACT, Cast, at, figures, ledger_state


def test_earned_waits_until_it_is_released(cast):
    cast.plan("A1", retention={"fraction": "0.1", "until": "handover"})
    deal = cast.contracted("B1", method="mortgage", first="400000.00")
    cast.run()
    assert cast.figures("A1") == figures(earned="10000.00", pending="10000.00")

    cast.receive(deal, "400000.00")
    cast.run()
    assert cast.figures("A1") == figures(earned="10000.00", pending="5000.00", retained="500.00", payable="4500.00")

    cast.receive(deal, "600000.00", source="loan")
    cast.run()
    assert cast.figures("A1") == figures(earned="10000.00", retained="1000.00", payable="9000.00")

    cast.hand_over(deal)
    cast.run()
    assert cast.figures("A1") == figures(earned="10000.00", payable="10000.00")


def test_a_run_twice_is_a_run_once(cast):
    cast.plan("A1")
    cast.collected("B1", "C1")
    first = cast.run()
    before = ledger_state(cast.project), LedgerEntry.objects.count(), list(Accrual.objects.values())
    second = cast.run()
    assert (first.changed, second.changed) == (1, 0)
    assert (ledger_state(cast.project), LedgerEntry.objects.count(), list(Accrual.objects.values())) == before


def test_cancelling_undoes_what_was_earned(cast):
    cast.plan("A1", bonuses=[{"name": "cash", "amount": "3000.00", "to": "broker", "release": "subscribed"}])
    deal = cast.collected("B1")
    cast.run()
    assert cast.figures("B1") == figures(earned="3000.00", payable="3000.00")
    cast.cancel(deal)
    cast.run()
    assert cast.figures("A1") == cast.figures("B1") == figures()
    assert cast.line(deal, "A1").explanation["zero"] == "cancelled"
    assert LedgerEntry.objects.count() == 8


def test_crossing_a_tier_re_rates_the_earlier_deals_and_says_so(cast):
    cast.plan("A1", tiers=(("0", "0.010"), ("2", "0.020")), mode="retroactive", release=AT_CONTRACT)
    first = cast.contracted("B1")
    cast.run()
    assert cast.figures("A1")["earned"] == "10000.00"
    second = cast.contracted("B2")
    run = cast.run()
    assert run.changed == 2
    assert cast.figures("A1")["earned"] == "40000.00"
    assert cast.line(first, "A1").explanation["total"] == "2"
    cast.cancel(second)
    cast.run()
    assert cast.figures("A1")["earned"] == "10000.00"
    assert cast.line(first, "A1").earned == Decimal("10000")


def test_a_line_of_equal_figures_still_follows_its_reasons(cast):
    cast.plan("A1", tiers=(("0", "0.010"), ("5", "0.020")), mode="retroactive", release=AT_CONTRACT)
    first = cast.contracted("B1")
    cast.run()
    cast.contracted("B1")
    assert cast.run().changed == 1
    assert cast.line(first, "A1").explanation["total"] == "2"


def test_shares_split_the_commission_and_onsite_is_paid_beside(cast):
    cast.plan("A1", release=AT_CONTRACT)
    cast.plan("A2", tiers=(("0", "0.02"),), release=AT_CONTRACT)
    cast.plan("S1", applies_to="all", tiers=(("0", "0.005"),), release=AT_CONTRACT)
    cast.contracted("B1", "C1")
    cast.contracted()
    cast.run()
    assert cast.figures("A1")["earned"] == "5000.00"
    assert cast.figures("A2")["earned"] == "10000.00"
    assert cast.figures("S1")["earned"] == "10000.00"
    assert not Accrual.objects.filter(payee=cast.payee("S1"), referral__isnull=False).exists()


def test_a_share_decided_away_goes_to_nothing_with_a_reason(cast):
    cast.plan("A1", release=AT_CONTRACT)
    cast.plan("A2", release=AT_CONTRACT)
    deal = cast.contracted("B1")
    cast.run()
    rival = cast.referral("C1", cast.phone())
    with clock.at(cast.later()):
        decide_deal(actor=cast.manager, deal=deal, shares=[(rival, Fraction(1))], reason="the client confirmed it")
    cast.run()
    assert cast.figures("A1") == figures()
    assert cast.figures("A2")["earned"] == "10000.00"
    gone = cast.line(deal, "A1")
    assert (gone.earned, gone.explanation) == (0, {"zero": "no_longer_due"})
    assert explain_row(gone.explanation).startswith("Nothing earned any more")


def test_what_never_reached_the_ledger_leaves_no_line_behind(cast):
    cast.plan("A1", release=AT_CONTRACT)
    deal = cast.subscribed("B1")
    cast.run()
    assert cast.line(deal, "A1").explanation["zero"] == "not_contracted"
    rival = cast.referral("C1", cast.phone())
    with clock.at(cast.later()):
        decide_deal(actor=cast.manager, deal=deal, shares=[(rival, Fraction(1))], reason="the client confirmed it")
    cast.run()
    assert not Accrual.objects.filter(deal=deal).exists()
    assert not LedgerEntry.objects.exists()


def test_an_entry_names_deal_share_version_run_and_reason(cast):
    version = cast.plan("A1", release=AT_CONTRACT)
    deal = cast.contracted("B1")
    run = cast.run()
    entries = list(LedgerEntry.objects.select_related("transaction"))
    assert {entry.account: entry.amount for entry in entries} == {"expense": -10000, "payable": 10000}
    for entry in entries:
        assert (entry.deal_id, entry.version_id, entry.transaction.run_id) == (deal.pk, version.pk, run.pk)
        assert entry.referral_id == deal.shares.get().referral_id
        assert explain_row(entry.explanation) == "units 0-1 of the whole plan at 1\xa0% of 1,000,000.00"


def test_a_transaction_is_one_deal_and_payee_in_one_currency(cast):
    cast.plan("A1", bonuses=[{"name": "cash", "amount": "3000.00", "to": "agency", "release": "contracted"}])
    cast.plan("A2")
    cast.contracted("B1", "C1")
    cast.run()
    found = LedgerTransaction.objects.values_list("kind", "currency")
    assert list(found) == [("accrual", "CNY"), ("accrual", "CNY")]
    for posted in LedgerTransaction.objects.all():
        assert posted.entries.values("deal", "payee").distinct().count() == 1
        assert sum(entry.amount for entry in posted.entries.all()) == 0


def test_lines_repeat_what_the_ledger_holds(cast):
    cast.plan("A1", retention={"fraction": "0.05", "until": "handover"})
    cast.plan("A2", mode="retroactive")
    for _ in range(3):
        cast.collected("B1", "C1")
    cast.contracted("B2")
    cast.run()
    for name in ("A1", "A2"):
        held = cast.figures(name)
        lines = Accrual.objects.filter(payee=cast.payee(name))
        assert held["earned"] == f"{sum(line.earned for line in lines):.2f}"
        assert held["pending"] == f"{sum(line.pending for line in lines):.2f}"
        assert held["retained"] == f"{sum(line.retained for line in lines):.2f}"
        assert held["payable"] == f"{sum(line.payable for line in lines):.2f}"


def test_an_amended_price_moves_the_ledger_by_the_difference(cast):
    from leads.services.deals import amend_deal

    cast.plan("A1", release=AT_CONTRACT)
    deal = cast.contracted("B1")
    cast.run()
    with clock.at(cast.later()):
        amend_deal(
            actor=cast.manager,
            deal=deal,
            reason="discount",
            price=Decimal(900000),
            first_payment_amount=Decimal(900000),
        )
    cast.run()
    assert cast.figures("A1")["earned"] == "9000.00"
    latest = LedgerTransaction.objects.first()
    assert {entry.account: entry.amount for entry in latest.entries.all()} == {"expense": 1000, "payable": -1000}


def test_a_refund_undoes_a_milestone_and_nothing_owed_is_paid_twice(cast):
    cast.plan("A1")
    deal = cast.collected("B1")
    cast.run()
    cast.paid()
    cast.receive(deal, "-1.00")
    cast.run()
    assert cast.figures("A1") == figures(earned="10000.00", pending="10000.00", payable="-10000.00", paid="10000.00")


def test_facts_after_the_instant_asked_about_are_left_for_later(cast):
    cast.plan("A1", release=AT_CONTRACT)
    cast.contracted("B1")
    early = cast.now
    cast.contracted("B1")
    with clock.at(cast.later()):
        run_commissions(project=cast.project, as_of=early)
    assert cast.figures("A1")["earned"] == "10000.00"
    assert DealOutbox.objects.filter(project=cast.project, what="later").count() == 1
    assert not something_due()
    with clock.at(cast.later()):
        assert bring_up_to_date()["changed"] == 1
    assert cast.figures("A1")["earned"] == "20000.00"
    assert not DealOutbox.objects.exists()


def test_only_projects_with_something_new_are_run(cast):
    cast.plan("A1")
    cast.collected("B1")
    other = Cast()
    other.agency("X1", brokers=["Y1"])
    other.plan("X1")
    other.collected("Y1")
    with clock.at(at("04-01 09:00")):
        assert bring_up_to_date() == {"projects": 2, "deals": 2, "changed": 2, "failed": 0}
    cast.now = at("04-02 09:00")
    cast.collected("B1")
    with clock.at(cast.later()):
        assert bring_up_to_date() == {"projects": 1, "deals": 2, "changed": 1, "failed": 0}
        assert bring_up_to_date() == {"projects": 0, "deals": 0, "changed": 0, "failed": 0}
    assert CommissionRun.objects.filter(project=other.project).count() == 1
    assert run_if_due(project_id=other.project.pk) is None


def test_a_run_reads_its_own_project_only(cast, django_assert_max_num_queries):
    cast.plan("A1")
    cast.collected("B1")
    cast.run()
    with django_assert_max_num_queries(40), CaptureQueriesContext(connection) as queries:
        cast.run()
    reads = [query["sql"] for query in queries if "leads_deal" in query["sql"] or "ledgerentry" in query["sql"]]
    assert reads
    assert all(str(cast.project.pk) in sql for sql in reads)


def test_payees_are_made_once_when_something_is_theirs(cast):
    cast.plan("A1", bonuses=[{"name": "cash", "amount": "1.00", "to": "broker", "release": "contracted"}])
    cast.contracted("B1")
    cast.contracted("C1")
    cast.run()
    cast.run()
    assert sorted(str(payee) for payee in Payee.objects.all()) == ["A1", "B1"]


def test_text_that_copy_would_stumble_over_comes_through(cast):
    name = 'tab\tback\\slash "quote" 全民\nline'
    cast.plan("A1", bonuses=[{"name": name, "amount": "1.00", "to": "agency", "release": "contracted"}])
    deal = cast.contracted("B1")
    cast.run()
    line = cast.line(deal, "A1", kind=f"bonus:{name}")
    assert line.explanation["bonus"] == name
    assert cast.run().changed == 0


@pytest.mark.parametrize(
    ("currency", "price", "earned"), [("JPY", "1000050", "10001"), ("KWD", "1000000.555", "10000.006")]
)
def test_minor_units_are_the_currencys(db, currency, price, earned):
    cast = Cast(currency=currency)
    cast.agency("A1", brokers=["B1"])
    cast.plan("A1", release=AT_CONTRACT)
    deal = cast.contracted("B1", price=price)
    cast.run()
    assert cast.line(deal, "A1").earned == Decimal(earned)
