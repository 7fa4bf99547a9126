"""Plans tried over deals: beside those of today, by month and payee, and when it falls due."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from commissions.engine.layout import Case, lumps_of
from commissions.engine.simulate import (
    Months,
    SalesCurve,
    Simulation,
    counted_months,
    falls_due,
    made_up_deals,
)
from commissions.engine.types import AppliesTo, Method, Milestone, Mode, Payee, Period

from .facts import AS_OF, USUAL_RELEASE, ZONE, at, cash, deal, plan, share, tiers, version

SPRING = Months(date(2026, 3, 1), date(2026, 4, 1))
MARCH = Months(date(2026, 3, 1), date(2026, 3, 1))


def tried(today, tries, facts, months=SPRING):
    simulation = Simulation(today, tries, months=months, zone=ZONE, currency="CNY", as_of=AS_OF)
    for fact in facts:
        if fact.contracted_at and not fact.cancelled_at:
            for lump in lumps_of(Case(fact, as_of=AS_OF, zone=ZONE, currency="CNY")):
                simulation.observe(lump)
    return simulation, [one for fact in facts if (one := simulation.take(fact)) is not None]


def sold(number, day, broker="B1", **changed):
    return deal(number, share(broker, referral=number), contracted_at=at(f"{day} 11:00"), **changed)


def totals(simulation):
    return [tally.total for tally in simulation.sums]


def test_a_plan_stands_in_for_those_that_could_apply_to_the_same_deals():
    today = [
        plan(id="v1", series_id="s1", tiers=tiers(("0", "0.01"))),
        plan(id="v2", series_id="s2", payee=Payee.BROKER, tiers=tiers(("0", "0.002"))),
        plan(id="v3", series_id="s3", agency="A2", tiers=tiers(("0", "0.03"))),
    ]
    other = plan(id="try", series_id="try", applies_to=AppliesTo.ALL, tiers=tiers(("0", "0.015")))
    facts = [sold("D1", "03-05"), sold("D2", "03-06", "C1")]
    simulation, rows = tried(today, [other], facts)
    # A1: 10,000.00 becomes 15,000.00; its broker's 2,000.00 and A2's 30,000.00 stay
    assert [one.costs for one in rows] == [(1_200_000, 1_700_000), (3_000_000, 3_000_000)]
    assert simulation.by_payee() == [
        (("agency", "A1"), (1_000_000, 1_500_000)),
        (("agency", "A2"), (3_000_000, 3_000_000)),
        (("broker", "B1"), (200_000, 200_000)),
    ]
    assert simulation.by_month() == [("2026-03", 2, 200_000_000, (4_200_000, 4_700_000))]


def test_only_live_deals_contracted_in_the_months_count():
    facts = [
        sold("D1", "02-28", subscribed_at=at("02-28 10:00")),
        sold("D2", "03-31"),
        sold("D3", "04-30"),
        sold("D4", "05-01"),
        deal("D5", share(referral="D5"), contracted_at=None),
        sold("D6", "03-06", cancelled_at=at("03-07 10:00")),
    ]
    facts.sort(key=lambda one: one.contracted_at or AS_OF)
    bonus = plan(bonuses=(cash("500", release=Milestone.SUBSCRIBED),))
    simulation, rows = tried([bonus], [], facts)
    assert [one.number for one in rows] == ["D2", "D3"]
    assert totals(simulation) == [2_100_000]


def test_today_is_laid_over_all_deals_and_a_try_from_its_counting_period_on():
    steps = tiers(("0", "0.01"), ("2", "0.02"))
    facts = [sold(f"D{month}", f"{month:02d}-05", subscribed_at=at("01-02 10:00")) for month in (1, 2, 3, 4)]
    tries = [
        plan(id=f"try{place}", series_id=f"try{place}", tiers=steps, **fields)
        for place, fields in enumerate(
            [
                {"period": Period.PLAN},
                {"period": Period.PLAN, "mode": Mode.RETROACTIVE},
                {"period": Period.QUARTER},
                {"period": Period.QUARTER, "mode": Mode.RETROACTIVE},
                {"period": Period.YEAR, "mode": Mode.RETROACTIVE},
            ]
        )
    ]
    _sums, rows = tried([plan(tiers=steps)], tries, facts, months=MARCH)
    # March's is today's third unit; alone in what is counted from March on; the third of its quarter and of its year
    assert [one.costs for one in rows] == [(2_000_000, 1_000_000, 1_000_000, 2_000_000, 2_000_000, 2_000_000)]


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [(Period.PLAN, 3, 4), (Period.MONTH, 3, 4), (Period.QUARTER, 1, 6), (Period.YEAR, 1, 12)],
)
def test_counting_periods_are_taken_whole(period, first, last):
    assert counted_months(period, SPRING) == (date(2026, first, 1), date(2026, last, 1))


def test_two_plans_that_name_a_bonus_alike_are_told_apart():
    gift = (cash("500", to=Payee.BROKER),)
    today = [
        plan(id="v1", series_id="s1", bonuses=gift),
        plan(id="v2", series_id="s2", payee=Payee.BROKER, bonuses=gift, tiers=tiers(("0", "0"))),
    ]
    without = plan(id="try", series_id="try")
    simulation, _rows = tried(today, [without], [sold("D1", "03-05")])
    assert totals(simulation) == [1_100_000, 1_050_000]


def test_what_falls_due_sums_to_what_is_earned_and_retention_waits_for_handover():
    rules = version(retention_fraction=Fraction(1, 10))
    parts = list(falls_due(rules, Method.MORTGAGE, 100_001))
    assert parts == [
        (Milestone.FIRST_PAYMENT, 45_001),
        (Milestone.LOAN_RELEASED, 45_000),
        (Milestone.HANDOVER, 10_000),
    ]
    assert sum(part for _when, part in parts) == 100_001
    assert list(falls_due(version(release=USUAL_RELEASE), Method.LUMP_SUM, 7)) == [(Milestone.FULLY_COLLECTED, 7)]


def test_made_up_sales_are_spread_over_months_and_methods():
    curve = SalesCurve(
        date(2026, 12, 1),
        (3, 1),
        Decimal(1_000_000),
        {Method.LUMP_SUM: Fraction(1, 4), Method.MORTGAGE: Fraction(3, 4)},
    )
    made = list(made_up_deals(curve, agency_id="A1", zone=ZONE))
    assert curve.months == (date(2026, 12, 1), date(2027, 1, 1))
    assert [f"{one.contracted_at.astimezone(ZONE):%Y-%m}" for one in made] == ["2026-12"] * 3 + ["2027-01"]
    assert sorted(one.method for one in made) == [Method.LUMP_SUM] + [Method.MORTGAGE] * 3
    assert [one.contracted_at for one in made] == sorted(one.contracted_at for one in made)
    rising = plan(tiers=tiers(("0", "0.01"), ("2", "0.02")), from_on=None)
    simulation = Simulation([], [rising], months=curve.months, zone=ZONE, currency="CNY", as_of=made[-1].subscribed_at)
    for one in made:
        simulation.observe_deal(one)
    for one in made:
        simulation.take(one)
    assert [row[3] for row in simulation.by_month()] == [(0, 4_000_000), (0, 2_000_000)]
