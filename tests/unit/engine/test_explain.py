"""What a row says of itself, in words."""

from decimal import Decimal
from fractions import Fraction

import pytest

from commissions.engine.explain import PlainWords, render, says_the_same, why_zero
from commissions.engine.types import (
    AppliesTo,
    Basis,
    Measure,
    Milestone,
    Mode,
    Payee,
    Period,
    Scope,
)

from .facts import at, cash, deal, deals, fixed_tiers, plan, run, share, tiers

WORDS = PlainWords()
MARCH = {"period": Period.MONTH}
LADDER = tiers(("0", "0.06"), ("20", "0.062"))


def explanation(plans, *facts, kind="commission", place=-1):
    return [row.explanation for row in run(plans, facts) if row.kind == kind][place]


def said(plans, *facts, kind="commission"):
    return render(explanation(plans, *facts, kind=kind), WORDS)


def test_a_marginal_row_says_which_units_of_which_month_at_what_rate_of_what():
    found = [deal(one.id, *one.shares, contracted_at=one.contracted_at, price=Decimal(1280000)) for one in deals(21)]
    assert said([plan(tiers=LADDER, **MARCH)], *found) == "units 20-21 of March 2026 at 6.2 % of 1,280,000.00"


def test_a_share_says_its_fraction():
    shared = deal("D1", share("B1", "1/2"), price=Decimal(1280000))
    assert said([plan(scope=Scope.PROJECT, **MARCH)], shared) == "units 0-1 of March 2026 at 1 % of 1,280,000.00 × 1/2"


def test_a_row_cut_by_a_tier_says_each_slice_with_its_part_of_the_price():
    ladder = tiers(("0", "0.01"), ("400000", "0.015"))
    assert said([plan(tiers=ladder, measure=Measure.AMOUNT, period=Period.QUARTER)], deal("D1", share())) == (
        "0.00-400,000.00 of quarter 1 of 2026 at 1 % of 400,000.00; "
        "400,000.00-1,000,000.00 of quarter 1 of 2026 at 1.5 % of 600,000.00"
    )


def test_a_retroactive_row_says_what_its_period_reached():
    assert said([plan(tiers=LADDER, mode=Mode.RETROACTIVE, period=Period.YEAR)], *deals(21)) == (
        "units in 2026: 21, so all at the tier from 20: 6.2 % of 1,000,000.00"
    )


def test_a_retroactive_row_by_amount_says_it_in_money():
    ladder = tiers(("0", "0.01"), ("500000", "0.02"))
    assert said([plan(tiers=ladder, mode=Mode.RETROACTIVE, measure=Measure.AMOUNT)], deal("D1", share())) == (
        "sales in the whole plan: 1,000,000.00, so all at the tier from 500,000.00: 2 % of 1,000,000.00"
    )


def test_a_fixed_row_says_the_sum_per_unit():
    ladder = fixed_tiers(("0", "10000.00"), ("1/2", "12000.00"))
    assert said([plan(tiers=ladder, basis=Basis.FIXED)], deal("D1", share())) == (
        "units 0-0.5 of the whole plan at 10,000.00 a unit × 0.5; "
        "units 0.5-1 of the whole plan at 12,000.00 a unit × 0.5"
    )
    assert said([plan(tiers=ladder, basis=Basis.FIXED)], deal("D1", share("B1", "1/3"))) == (
        "units 0-1/3 of the whole plan at 10,000.00 a unit × 1/3"
    )


def test_a_position_that_no_decimal_expresses_is_said_as_a_ratio():
    ladder = tiers(("0", "0.01"), ("100000", "0.02"))
    text = said([plan(tiers=ladder, measure=Measure.AMOUNT)], deal("D1", share("B1", "1/3")))
    assert "100,000.00-1000000/3 of the whole plan at 2 % of 700000/3" in text


def test_a_bonus_says_its_name_amount_and_share():
    plans = [plan(bonuses=(cash("3000.00"),))]
    assert said(plans, deal("D1", share("B1", "1/2")), kind="bonus:cash") == "bonus “cash”: 3,000.00 × 1/2"


def test_rows_added_into_one_say_both():
    plans = [
        plan(bonuses=(cash("100.00"),)),
        plan(id="v2", series_id="s2", payee=Payee.BROKER, bonuses=(cash("20.00", release=Milestone.HANDOVER),)),
    ]
    both = explanation(plans, deal("D1", share()), kind="bonus:cash")
    assert render(both, WORDS) == "bonus “cash”: 100.00; bonus “cash”: 20.00"


def test_nothing_earned_says_why():
    cancelled = explanation([plan(bonuses=(cash("100.00"),))], deal("D1", share(), cancelled_at=at("04-03 23:59")))
    assert render(cancelled, WORDS) == "Nothing earned: the deal was cancelled on 3 April 2026 before handover."
    unsigned = explanation([plan()], deal("D1", share(), contracted_at=None))
    assert why_zero(unsigned, WORDS) == "Nothing earned yet: the contract is not signed."
    assert why_zero({"zero": "no_longer_due"}, WORDS) == (
        "Nothing earned any more: the deal no longer falls under this plan and referral."
    )
    assert why_zero(explanation([plan()], deal("D1", share())), WORDS) is None


def test_a_cancelled_bonus_says_why_too():
    plans = [plan(bonuses=(cash("100.00"),))]
    facts = explanation(plans, deal("D1", share(), cancelled_at=at("04-03 10:00")), kind="bonus:cash")
    assert why_zero(facts, WORDS) == "Nothing earned: the deal was cancelled on 3 April 2026 before handover."


def test_every_template_goes_through_the_readers_gettext():
    class Shouting(PlainWords):
        def gettext(self, message):
            return message.replace("units", "UNITS").replace("whole plan", "WHOLE PLAN")

    facts = explanation([plan()], deal("D1", share()))
    assert render(facts, Shouting()) == "UNITS 0-1 of the WHOLE PLAN at 1 % of 1,000,000.00"


def test_a_third_of_a_hundred_is_written_with_two_digits():
    assert PlainWords().percent(Fraction(1, 3)) == "33.33 %"
    assert PlainWords().percent(Fraction(62, 1000)) == "6.2 %"


def test_a_running_total_alone_is_no_new_reason():
    first = explanation([plan(tiers=LADDER, mode=Mode.RETROACTIVE)], *deals(2), place=0)
    grown = explanation([plan(tiers=LADDER, mode=Mode.RETROACTIVE)], *deals(3), place=0)
    crossed = explanation([plan(tiers=LADDER, mode=Mode.RETROACTIVE)], *deals(20), place=0)
    assert first != grown
    assert says_the_same(first, grown)
    assert not says_the_same(first, crossed)
    assert not says_the_same(first, {**first, "retention": "0.1"})


@pytest.mark.parametrize(("currency", "price"), [("JPY", "1280000"), ("BHD", "1280000.000")])
def test_money_in_an_explanation_has_the_currencys_digits(currency, price):
    onsite = plan(agency="S1", applies_to=AppliesTo.ALL)
    (row,) = run([onsite], [deal("D1", price=Decimal(1280000))], currency=currency)
    assert row.explanation["price"] == price
