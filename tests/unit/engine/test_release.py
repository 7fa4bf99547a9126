"""Domain 5 and 6.5: milestones, release, retention, cancellation."""

from decimal import Decimal
from fractions import Fraction

import pytest

from commissions.engine.release import milestones
from commissions.engine.types import Method, Milestone, ReleaseStep, Source

from .facts import USUAL_RELEASE, at, deal, figures, payment, plan, run, share, tiers

MORTGAGE = {
    "method": Method.MORTGAGE,
    "price": Decimal("1280000.55"),
    "first_payment_amount": Decimal("384000.55"),
    "loan_amount": Decimal("896000.00"),
}
INSTALMENT = {"method": Method.INSTALMENT}
OWN, LOAN, FUND = Source.OWN, Source.LOAN, Source.PROVIDENT_FUND


def only(plans, fact, when="2027-01-01 00:00"):
    (row,) = run(plans, [fact], as_of=at(when))
    return figures(row)


def reached(fact, when="2027-01-01 00:00"):
    return {str(milestone) for milestone in milestones(fact, as_of=at(when))}


def test_half_is_released_at_the_first_payment_and_a_tenth_of_that_kept():
    fact = deal("D1", share(), payments=(payment("384000.55", "03-06 11:00"),), **MORTGAGE)
    assert only([plan(tiers=tiers(("0", "0.0123")), retention_fraction=Fraction(1, 10))], fact) == {
        "earned": "15744.01",
        "released": "7872.01",
        "retained": "787.20",
        "payable": "7084.81",
        "pending": "7872.00",
    }


def test_handover_ends_the_retention():
    paid = (payment("300000.00", "03-06 11:00"), payment("700000.00", "03-07 11:00", LOAN))
    facts = {
        **MORTGAGE,
        "price": Decimal(1000000),
        "first_payment_amount": Decimal(300000),
        "loan_amount": Decimal(700000),
    }
    kept = deal("D1", share(), payments=paid, **facts)
    handed_over = deal("D1", share(), payments=paid, handed_over_at=at("03-08 10:00"), handover_sequence=3, **facts)
    plans = [plan(tiers=tiers(("0", "0.0123")), retention_fraction=Fraction(1, 10))]
    assert only(plans, kept)["retained"] == "1230.00"
    assert only(plans, handed_over)["retained"] == "0.00"
    assert only(plans, handed_over)["payable"] == "12300.00"
    assert only(plans, handed_over, "03-08 09:59")["retained"] == "1230.00"


def test_handover_counts_from_its_very_instant():
    fact = deal("D1", handed_over_at=at("03-08 10:00"), handover_sequence=1)
    assert "handover" not in reached(fact, "03-08 09:59:59")
    assert "handover" in reached(fact, "03-08 10:00")


def test_nothing_but_the_subscription_counts_before_the_contract():
    fact = deal("D1", share(), contracted_at=None, payments=(payment("1000000.00", "03-05 10:30"),), **INSTALMENT)
    assert reached(fact) == {"subscribed"}


def test_money_paid_before_the_contract_counts_once_it_is_signed():
    fact = deal("D1", share(), payments=(payment("1000000.00", "03-05 10:30"),), **INSTALMENT)
    assert reached(fact, "03-05 10:59") == {"subscribed"}
    assert reached(fact, "03-05 11:00") == {"subscribed", "contracted", "first_payment", "fully_collected"}


def test_nothing_is_reached_before_the_subscription():
    assert reached(deal("D1"), "03-05 09:59") == set()


@pytest.mark.parametrize(
    ("paid", "milestone", "there"),
    [
        ([("384000.54", OWN)], "first_payment", False),
        ([("384000.55", OWN)], "first_payment", True),
        ([("384000.54", OWN), ("600000.00", LOAN)], "first_payment", False),
        ([("895999.99", LOAN)], "loan_released", False),
        ([("500000.00", LOAN), ("396000.00", FUND)], "loan_released", True),
        ([("896000.00", OWN)], "loan_released", False),
        ([("384000.55", OWN), ("895999.99", LOAN)], "fully_collected", False),
        ([("384000.55", FUND), ("896000.00", LOAN)], "fully_collected", True),
        ([("400000.00", OWN), ("-15999.46", OWN)], "first_payment", False),
    ],
)
def test_milestones_go_by_what_was_collected_from_which_source(paid, milestone, there):
    fact = deal("D1", payments=tuple(payment(amount, "03-06 10:00", source) for amount, source in paid), **MORTGAGE)
    assert (milestone in reached(fact)) == there


def test_without_a_loan_none_is_ever_released():
    fact = deal("D1", payments=(payment("1000000.00", "03-06 10:00", LOAN),), loan_amount=None)
    assert "loan_released" not in reached(fact)


def test_a_payment_counts_from_the_instant_it_is_received():
    fact = deal("D1", payments=(payment("1000000.00", "03-06 10:00"),))
    assert "fully_collected" not in reached(fact, "03-06 09:59:59")
    assert "fully_collected" in reached(fact, "03-06 10:00")


def test_a_refund_undoes_a_milestone_until_handover():
    paid = (payment("1000000.00", "03-06 10:00"), payment("-0.01", "03-07 10:00"))
    fact = deal("D1", payments=paid, handed_over_at=at("03-08 10:00"), handover_sequence=9)
    assert "fully_collected" in reached(fact, "03-06 12:00")
    assert "fully_collected" not in reached(fact, "03-07 12:00")
    assert "fully_collected" not in reached(fact, "03-09 12:00")


def test_what_was_reached_at_handover_stays_reached():
    paid = (payment("1000000.00", "03-06 10:00"), payment("-999999.99", "03-09 10:00"))
    fact = deal("D1", payments=paid, handed_over_at=at("03-08 10:00"), handover_sequence=9)
    assert reached(fact) == {"subscribed", "contracted", "first_payment", "fully_collected", "handover"}


def test_payments_after_handover_may_add_to_what_is_reached():
    paid = (payment("300000.00", "03-06 10:00"), payment("700000.00", "03-09 10:00"))
    fact = deal("D1", payments=paid, handed_over_at=at("03-08 10:00"), handover_sequence=9)
    assert "fully_collected" not in reached(fact, "03-08 12:00")
    assert "fully_collected" in reached(fact, "03-09 12:00")


@pytest.mark.parametrize(("sequence", "kept"), [(4, True), (6, False)])
def test_at_one_instant_the_sequence_says_whether_a_refund_came_before_handover(sequence, kept):
    """Paid in full before; refunded at the instant of handover, whose sequence is 5: after it, it undoes nothing."""
    paid = (payment("1000000.00", "03-06 10:00", sequence=1), payment("-1.00", "03-08 10:00", sequence=sequence))
    fact = deal("D1", payments=paid, handed_over_at=at("03-08 10:00"), handover_sequence=5)
    assert ("fully_collected" in reached(fact)) == (not kept)


def test_without_a_sequence_what_came_at_the_instant_of_handover_came_after_it():
    paid = (payment("1000000.00", "03-06 10:00"), payment("-1.00", "03-08 10:00"))
    fact = deal("D1", payments=paid, handed_over_at=at("03-08 10:00"))
    assert "fully_collected" in reached(fact)


def test_a_deal_cancelled_before_handover_earns_nothing():
    paid = (payment("1000000.00", "03-06 10:00"),)
    fact = deal("D1", share(), payments=paid, cancelled_at=at("04-03 10:00"))
    assert only([plan()], fact, "04-03 09:59")["payable"] == "10000.00"
    assert set(only([plan()], fact, "04-03 10:00").values()) == {"0.00"}


def test_a_deal_not_yet_contracted_earns_nothing():
    assert set(only([plan()], deal("D1", share(), contracted_at=None)).values()) == {"0.00"}


def test_a_deal_not_yet_subscribed_has_no_row():
    assert run([plan()], [deal("D1", share())], as_of=at("03-05 09:59")) == []


def test_released_is_rounded_half_up_and_pending_is_the_rest():
    halfway = {"first_payment_amount": Decimal("0.50"), "payments": (payment("0.50", "03-06 10:00"),)}
    fact = deal("D1", share(), price=Decimal("1.00"), method=Method.INSTALMENT, **halfway)
    shown = only([plan(tiers=tiers(("0", "0.03")))], fact)
    assert (shown["earned"], shown["released"], shown["pending"]) == ("0.03", "0.02", "0.01")


def test_thirds_release_all_that_is_earned_when_all_is_reached():
    thirds = (Milestone.SUBSCRIBED, Milestone.CONTRACTED, Milestone.FIRST_PAYMENT)
    release = {**USUAL_RELEASE, Method.LUMP_SUM: tuple(ReleaseStep(when, Fraction(1, 3)) for when in thirds)}
    unpaid = deal("D1", share(), price=Decimal("1000.00"))
    paid = deal("D1", share(), price=Decimal("1000.00"), payments=(payment("300000.00", "03-06 10:00"),))
    assert only([plan(release=release)], unpaid)["released"] == "6.67"
    assert only([plan(release=release)], paid)["released"] == "10.00"
