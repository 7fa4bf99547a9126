"""What the next units would trigger, held against the engine run with those units sold."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from channels_platform.lib.money import to_minor
from commissions.engine.layout import Case, lumps_of
from commissions.engine.next_units import Sold, observed, outlooks
from commissions.engine.types import AppliesTo, Basis, Measure, Mode, Period, Scope

from .facts import AS_OF, ZONE, at, deal, deals, fixed_tiers, plan, run, series, share, tiers, version

MARCH = date(2026, 3, 20)
LADDER = tiers(("0", "0.06"), ("20", "0.062"), ("40", "0.064"))
BACK = {"mode": Mode.RETROACTIVE, "period": Period.MONTH, "tiers": LADDER}


def sold(rows, facts):
    by_id = {fact.id: fact for fact in facts}
    broker = {part.referral_id: part.broker_id for fact in facts for part in fact.shares}
    return [
        Sold(
            row.version_id,
            row.explanation["period"],
            broker.get(row.referral_id),
            to_minor(by_id[row.deal_id].price, "CNY"),
            Fraction(row.explanation["share"]),
        )
        for row in rows
        if "period" in row.explanation
    ]


def look(one, facts, **asked):
    lumps = [lump for fact in facts for lump in lumps_of(Case(fact, as_of=AS_OF, zone=ZONE, currency="CNY"))]
    (track,) = observed([one], lumps, currency="CNY")
    return outlooks(track, sold(run([one], facts), facts), on=MARCH, **asked)


def test_the_twentieth_unit_re_rates_the_nineteen_before_it():
    (found,) = look(plan(**BACK), deals(19))
    assert (found.sold, found.total, found.pay, found.next_start, found.to_next) == (19, 19, "0.06", 20, 1)
    one, five, ten = found.reaches
    # 19 x 1,000,000 x 0.2 %, and one unit at 6.2 %
    assert (one.units, one.pay, one.extra, one.own) == (1, "0.062", Decimal("38000.00"), Decimal("62000.00"))
    assert (five.extra, ten.extra) == (one.extra, one.extra)


def test_the_units_to_the_next_tier_are_among_those_asked_for():
    (found,) = look(plan(**BACK), deals(4))
    assert [(reach.units, reach.extra) for reach in found.reaches] == [
        (1, Decimal("0.00")),
        (5, Decimal("0.00")),
        (10, Decimal("0.00")),
        (16, Decimal("8000.00")),
    ]


def test_on_the_last_tier_nothing_more_is_triggered():
    (found,) = look(plan(**{**BACK, "tiers": tiers(("0", "0.01"), ("2", "0.02"))}), deals(3))
    assert (found.next_start, found.to_next) == (None, None)
    assert {reach.extra for reach in found.reaches} == {Decimal("0.00")}


SHARED = [
    deal("D1", share("B1", "1/2", referral="R1"), share("C1", "1/2", referral="R2"), contracted_at=at("03-05 11:01")),
    deal("D2", share("B2", referral="R3"), contracted_at=at("03-05 11:02"), price=Decimal("777777.77")),
    deal("D3", share("B1", referral="R4"), contracted_at=at("03-05 11:03"), price=Decimal("1234567.89")),
]


@pytest.mark.parametrize("units", [1, 2, 7])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"scope": Scope.PROJECT},
        {"scope": Scope.BROKER},
        {"measure": Measure.AMOUNT, "tiers": tiers(("0", "0.01"), ("2600000", "0.015"), ("8000000", "0.02"))},
        {"basis": Basis.FIXED, "tiers": fixed_tiers(("0", "5000"), ("3", "6000"), ("5", "7000.5"))},
        {"scope": Scope.PROJECT, "measure": Measure.AMOUNT, "tiers": tiers(("0", "0.01"), ("4000000", "0.02"))},
    ],
)
def test_what_more_units_cost_is_what_the_engine_says_once_they_are_sold(changes, units):
    """Each line of the plan is tried alone: the units are its broker's where brokers have their own."""
    one = plan(**{**BACK, "tiers": tiers(("0", "0.01"), ("2", "0.015"), ("4", "0.02")), **changes})
    before = sum(row.earned for row in run([one], SHARED))
    for found in look(one, SHARED, counts=(units,)):
        broker = found.broker_id or "B1"
        new = [
            deal(f"N{n}", share(broker, referral=f"N{n}"), contracted_at=at(f"03-19 10:{n:02d}"), price=found.price)
            for n in range(units)
        ]
        rows = run([one], [*SHARED, *new])
        reach = next(reach for reach in found.reaches if reach.units == units)
        assert sum(row.earned for row in rows if str(row.deal_id).startswith("N")) == reach.own
        assert sum(row.earned for row in rows) - before == reach.own + reach.extra


def test_deals_under_an_earlier_version_are_re_rated_by_their_own_tiers():
    early = version(id="v1", to_on=date(2026, 3, 9), **{**BACK, "tiers": tiers(("0", "0.01"), ("2", "0.03"))})
    late = version(id="v2", from_on=date(2026, 3, 10), **{**BACK, "tiers": tiers(("0", "0.02"), ("3", "0.025"))})
    (found,) = look(series(early, late), deals(1))
    assert found.pay == "0.02"
    assert [(reach.units, reach.extra) for reach in found.reaches] == [
        (1, Decimal("20000.00")),
        (2, Decimal("20000.00")),
        (5, Decimal("20000.00")),
        (10, Decimal("20000.00")),
    ]


def test_deals_under_an_earlier_marginal_version_count_and_are_not_re_rated():
    early = version(id="v1", to_on=date(2026, 3, 9), **{**BACK, "mode": Mode.MARGINAL})
    late = version(id="v2", from_on=date(2026, 3, 10), **{**BACK, "tiers": tiers(("0", "0.01"), ("2", "0.02"))})
    after = deal("D9", share(referral="R9"), subscribed_at=at("03-12 10:00"), contracted_at=at("03-12 11:00"))
    (found,) = look(series(early, late), [*deals(1), after], counts=(1,))
    assert (found.sold, found.total, found.pay) == (1, 2, "0.02")
    assert found.reaches[0].extra == Decimal("0.00")
    (alone,) = look(series(early, late), [after], counts=(1,))
    assert alone.reaches[0].extra == Decimal("10000.00")


@pytest.mark.parametrize(
    "one",
    [plan(**{**BACK, "mode": Mode.MARGINAL}), plan(**BACK, to_on=date(2026, 3, 10)), plan(**BACK, agency="A2")],
)
def test_a_plan_that_re_rates_nothing_now_has_no_outlook(one):
    assert look(one, deals(19)) == []


def test_a_plan_for_walk_ins_counts_natural_deals():
    one = plan(agency="S1", applies_to=AppliesTo.WALK_IN, **{**BACK, "tiers": tiers(("0", "0.01"), ("2", "0.02"))})
    (found,) = look(one, [deal("D1")])
    assert (found.total, found.reaches[0].extra) == (1, Decimal("10000.00"))
