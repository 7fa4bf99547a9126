"""What the parts of a row wait for: they add up to the row, whatever the history (domain 6.5)."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissions.engine.calculate import entitlements
from commissions.engine.explain import PlainWords
from commissions.engine.types import AppliesTo, Method, Milestone, Payee, ReleaseStep, Source
from commissions.engine.waiting import (
    Figures,
    Mover,
    NoRow,
    Place,
    Position,
    Step,
    Till,
    expected_dates,
    payout_waits,
    release_waits,
    why_no_row,
)
from commissions.engine.waiting_words import render_mover, render_no_row, render_wait

from .facts import USUAL_RELEASE, ZONE, at, cash, deal, payment, plan, run, share
from .histories import INSTANTS, START, projects

WORDS = PlainWords()
MAY, JUNE, DECEMBER = date(2026, 5, 12), date(2026, 6, 1), date(2026, 12, 1)
MORTGAGE = {"method": Method.MORTGAGE, "loan_amount": Decimal(700000)}
KEPT = {"retention_fraction": Fraction(1, 10)}
FIRST = payment("300000", "03-06 10:00")


def waits(plans, fact, expected=None, kind="commission"):
    (row,) = [row for row in run(plans, [fact]) if row.kind == kind]
    figures = Figures(row.earned, row.released, row.retained)
    return release_waits(figures, row.explanation, currency="CNY", expected=expected or {})


def said(found):
    return [(render_wait(wait, WORDS), str(wait.amount), wait.whose.value) for wait in found]


def test_what_is_left_of_a_mortgage_waits_for_the_loan_and_its_retention_for_the_handover():
    fact = deal("D1", share(), payments=(FIRST,), **MORTGAGE)
    found = waits([plan(**KEPT)], fact, {Milestone.LOAN_RELEASED: MAY})
    assert said(found) == [
        ("45 % more is released when the loan is paid out (expected 12 May 2026).", "4500.00", "lender"),
        ("10 % of what is released is kept until handover.", "1000.00", "developer"),
    ]
    retention = found[1]
    assert (retention.pending, retention.retained) == (Decimal("500.00"), Decimal("500.00"))


def test_each_step_releases_what_the_running_fraction_adds_so_that_the_cents_add_up():
    fact = deal("D1", share(), price=Decimal("333.33"), first_payment_amount=Decimal(100), method=Method.INSTALMENT)
    found = waits([plan(**KEPT)], fact)
    # earned 3.33, half of it 1.665 rounds to 1.67; a tenth of each running sum is kept
    assert [(wait.when, str(wait.amount)) for wait in found] == [
        ("first_payment", "1.50"),
        ("fully_collected", "1.50"),
        ("handover", "0.33"),
    ]


def test_steps_stand_in_the_order_they_are_expected_and_nothing_is_kept_of_what_comes_after_the_handover():
    fact = deal("D1", share(), method=Method.INSTALMENT)
    expected = {
        Milestone.FIRST_PAYMENT: MAY,
        Milestone.HANDOVER: JUNE,
        Milestone.FULLY_COLLECTED: DECEMBER,
    }
    assert [(wait.step, str(wait.amount), wait.expected_on) for wait in waits([plan(**KEPT)], fact, expected)] == [
        (Step.RELEASE, "4500.00", MAY),
        (Step.RETENTION, "500.00", JUNE),
        (Step.RELEASE, "5000.00", DECEMBER),
    ]


def test_nothing_released_yet_is_not_more():
    found = waits([plan()], deal("D1", share(), method=Method.INSTALMENT))
    assert [render_wait(wait, WORDS) for wait in found] == [
        "50 % is released when the first payment is collected.",
        "50 % more is released when the full price is collected.",
    ]


def test_what_waits_for_handover_is_not_kept_any_more_by_then():
    steps = (ReleaseStep(Milestone.CONTRACTED, Fraction(1, 2)), ReleaseStep(Milestone.HANDOVER, Fraction(1, 2)))
    late = plan(release={**USUAL_RELEASE, Method.LUMP_SUM: steps}, **KEPT)
    assert said(waits([late], deal("D1", share()))) == [
        ("10 % of what is released is kept until handover.", "500.00", "developer"),
        ("50 % more is released at handover.", "5000.00", "developer"),
    ]


def test_a_row_released_in_full_waits_for_nothing():
    fact = deal("D1", share(), payments=(payment("1000000", "03-06 10:00"),))
    assert waits([plan()], fact) == []
    paid = [plan(bonuses=(cash("100"),))]
    assert waits(paid, deal("D1", share()), kind="bonus:cash") == []


def test_a_bonus_waits_whole_for_its_own_moment():
    plans = [plan(bonuses=(cash("3000", release=Milestone.HANDOVER),))]
    (wait,) = waits(plans, deal("D1", share()), {Milestone.HANDOVER: DECEMBER}, kind="bonus:cash")
    assert (render_wait(wait, WORDS), str(wait.amount)) == (
        "The bonus is released at handover (expected 1 December 2026).",
        "3000.00",
    )


def test_bonuses_added_into_one_row_wait_each_for_its_own_moment():
    late = cash("1000", to=Payee.BROKER, release=Milestone.HANDOVER)
    paid = cash("500", to=Payee.BROKER, release=Milestone.FULLY_COLLECTED)
    plans = [
        plan(bonuses=(late,)),
        plan(id="v2", series_id="s2", payee=Payee.BROKER, bonuses=(paid,)),
    ]
    found = waits(plans, deal("D1", share()), kind="bonus:cash")
    assert [(wait.when, str(wait.amount)) for wait in found] == [("handover", "1000.00"), ("fully_collected", "500.00")]


@pytest.mark.parametrize(
    "fact", [deal("D1", share(), contracted_at=None), deal("D1", share(), cancelled_at=at("03-06"))]
)
def test_what_earns_nothing_waits_for_nothing(fact):
    assert waits([plan()], fact) == []


@settings(max_examples=40, deadline=None)
@given(project=projects(), as_of=INSTANTS, days=st.lists(st.none() | st.integers(0, 400), min_size=4, max_size=4))
def test_the_parts_of_every_row_add_up_to_it(project, as_of, days):
    plans, deals = project
    awaited = (Milestone.FIRST_PAYMENT, Milestone.LOAN_RELEASED, Milestone.FULLY_COLLECTED, Milestone.HANDOVER)
    expected = {
        when: START.date() + timedelta(days=day) for when, day in zip(awaited, days, strict=True) if day is not None
    }
    for row in entitlements(plans, deals, zone=ZONE, currency="CNY", as_of=as_of):
        figures = Figures(row.earned, row.released, row.retained)
        found = release_waits(figures, row.explanation, currency="CNY", expected=expected)
        assert sum((wait.pending for wait in found), Decimal(0)) == row.pending
        assert sum((wait.retained for wait in found), Decimal(0)) == row.retained
        assert all(wait.amount == wait.pending + wait.retained and render_wait(wait, WORDS) for wait in found)


def test_what_is_waited_for_is_what_then_becomes_payable():
    fact = deal("D1", share(), payments=(FIRST,), **MORTGAGE)
    (loan, _kept) = waits([plan(**KEPT)], fact)
    before, after = (
        run([plan(**KEPT)], [fact._replace(payments=paid)])[0].payable
        for paid in ((FIRST,), (FIRST, payment("700000", "04-01 10:00", Source.LOAN)))
    )
    assert after - before == loan.amount


def test_a_deals_own_dates_stand_before_its_projects():
    days = {Milestone.FIRST_PAYMENT: 7, Milestone.LOAN_RELEASED: 45}
    own = {Milestone.LOAN_RELEASED: MAY, Milestone.FIRST_PAYMENT: None}
    assert expected_dates(own=own, days=days, contracted_on=date(2026, 3, 5), handover_on=DECEMBER) == {
        Milestone.LOAN_RELEASED: MAY,
        Milestone.FIRST_PAYMENT: date(2026, 3, 12),
        Milestone.HANDOVER: DECEMBER,
    }
    assert expected_dates(own={}, days=days, contracted_on=None, handover_on=None) == {}


PLENTY = Till(free=Decimal(500), minimum=Decimal(100), payout_on=JUNE)


@pytest.mark.parametrize(
    ("position", "till", "step", "whose"),
    [
        (Position(Place.FREE, Decimal(5)), PLENTY, Step.CUT_OFF, Mover.FINANCE),
        (Position(Place.FREE, Decimal(5)), Till(Decimal(50), Decimal(100), JUNE), Step.MINIMUM, Mover.FINANCE),
        (Position(Place.FREE, Decimal(5)), Till(Decimal(0), Decimal(0), JUNE), Step.NETTING, Mover.FINANCE),
        (Position(Place.FREE, Decimal(5)), Till(Decimal(0), Decimal(0), JUNE, "Held."), Step.HOLD, Mover.MANAGER),
        (Position(Place.FREE, Decimal(5)), Till(Decimal(0), Decimal(0), JUNE, "Held.", True), Step.HOLD, Mover.FINANCE),
        (Position(Place.FREE, Decimal(-5)), PLENTY, Step.OWED_BACK, Mover.PAYEE),
        (Position(Place.DRAFT, Decimal(5), "P-1", True), PLENTY, Step.INVOICE, Mover.AGENCY),
        (Position(Place.SUBMITTED, Decimal(5), "P-1", True), PLENTY, Step.INVOICE, Mover.AGENCY),
        (Position(Place.DRAFT, Decimal(5), "P-1"), PLENTY, Step.SUBMISSION, Mover.FINANCE),
        (Position(Place.SUBMITTED, Decimal(5), "P-1"), PLENTY, Step.APPROVAL, Mover.APPROVER),
        (Position(Place.APPROVED, Decimal(5), "P-1"), PLENTY, Step.BANK, Mover.FINANCE),
    ],
)
def test_what_is_payable_says_whose_move_it_is(position, till, step, whose):
    (wait,) = payout_waits([position], till)
    assert (wait.step, wait.whose, wait.amount) == (step, whose, position.amount)
    assert wait.expected_on == (JUNE if step is Step.CUT_OFF else None)
    assert render_wait(wait, WORDS)
    assert render_mover(wait.whose, WORDS).endswith("move")


def test_a_deal_without_a_row_says_whether_there_is_no_plan_or_none_in_force():
    ends = [plan(from_on=date(2026, 1, 1), to_on=date(2026, 2, 1))]
    on = date(2026, 3, 5)
    ask = {"agency_id": "A1", "referred": True, "subscribed_on": on}
    assert why_no_row([plan()], **ask) is None
    assert why_no_row(ends, **ask) is NoRow.NOT_IN_FORCE
    assert why_no_row([plan(applies_to=AppliesTo.WALK_IN)], **ask) is NoRow.NO_PLAN
    assert why_no_row([plan()], **{**ask, "agency_id": "A2"}) is NoRow.NO_PLAN
    assert why_no_row([plan()], **{**ask, "referred": False}) is NoRow.NATURAL
    assert render_no_row(NoRow.NOT_IN_FORCE, WORDS, on=on) == (
        "Nothing earned: no commission plan was in force when it was subscribed (5 March 2026)."
    )
