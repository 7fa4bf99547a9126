"""Conditions of a version: a deal that one keeps out earns nothing there, takes no room in the tiers, and says why."""

from datetime import date
from decimal import Decimal

import pytest

from commissions.engine.conditions import as_kept, grade_on, plain_fields
from commissions.engine.explain import PlainWords, render
from commissions.engine.types import Band, Conditions, GradeFact, Milestone, Mode, Payee, Scope, UnitFact

from .facts import at, cash, deal, earned, run, series, share, tiers, version

A_AND_B = Conditions(agency_grade=("A", "B"))
LADDER = tiers(("0", "0.01"), ("1", "0.02"))
HELD = (GradeFact(date(2026, 1, 1), "A"), GradeFact(date(2026, 3, 3), "C"), GradeFact(date(2026, 3, 7), "B"))


def graded(*, agency="A1", grades=HELD, **changed):
    """A plan of one version that pays grades A and B, of an agency with this history."""
    return series(version(**{"conditions": A_AND_B, "tiers": LADDER, **changed}), agency=agency, grades=grades)


def sold(number, day, *, broker="B1", **changed):
    return deal(
        number,
        share(broker, referral=f"R{number}"),
        subscribed_at=at(f"{day} 10:00"),
        contracted_at=at(f"{day} 11:00"),
        **changed,
    )


@pytest.mark.parametrize(
    ("day", "held"),
    [("2025-12-31", ""), ("2026-01-01", "A"), ("2026-03-02", "A"), ("2026-03-03", "C"), ("2026-03-07", "B")],
)
def test_a_grade_holds_from_its_local_day_until_the_next(day, held):
    assert grade_on(HELD, date.fromisoformat(day)) == held


def test_of_two_entries_for_one_day_the_later_stands():
    assert grade_on((*HELD, GradeFact(date(2026, 3, 7), "")), date(2026, 3, 8)) == ""


def test_a_deal_sees_the_grade_of_its_subscriptions_local_day():
    # an hour before local midnight it is the 2nd there, and the 2nd in UTC an hour after it
    late = deal("D1", share(), subscribed_at=at("03-02 23:00"), contracted_at=at("03-09 10:00"))
    early = deal("D2", share(referral="R2"), subscribed_at=at("03-03 01:00"), contracted_at=at("03-09 10:00"))
    assert earned(run([graded()], [late, early])) == {"D1/A1/R1/commission": "10000.00"}


@pytest.mark.parametrize("mode", list(Mode))
def test_what_is_kept_out_takes_no_room_in_the_tiers(mode):
    found = run([graded(mode=mode)], [sold("D1", "03-02"), sold("D2", "03-04"), sold("D3", "03-08")])
    rate = {Mode.MARGINAL: ("10000.00", "20000.00"), Mode.RETROACTIVE: ("20000.00", "20000.00")}[mode]
    assert earned(found) == {"D1/A1/RD1/commission": rate[0], "D3/A1/RD3/commission": rate[1]}


def test_the_zero_names_the_grade_held_and_those_paid():
    (row,) = run([graded()], [sold("D1", "03-03")])
    assert (row.earned, row.released, row.payable) == (0, 0, 0)
    assert render(row.explanation, PlainWords()) == (
        "Not under this plan: the agency held grade C on 3 March 2026; the plan pays A and B."
    )


def test_without_a_grade_the_zero_says_so():
    (row,) = run([graded(grades=(), conditions=Conditions(("A",)))], [sold("D1", "03-03")])
    assert render(row.explanation, PlainWords()) == (
        "Not under this plan: the agency held no grade on 3 March 2026; the plan pays A."
    )


def test_its_bonuses_are_nothing_too():
    bonus = cash("3000", release=Milestone.SUBSCRIBED)
    found = run([graded(bonuses=(bonus,))], [sold("D1", "03-03"), sold("D2", "03-08")])
    assert earned(found) == {"D2/A1/RD2/commission": "10000.00", "D2/B1/RD2/bonus:cash": "3000.00"}
    assert {row.explanation.get("zero") for row in found if row.deal_id == "D1"} == {"other_grade"}


def test_a_broker_in_person_goes_by_the_agencys_grade():
    found = run([graded(payee=Payee.BROKER)], [sold("D1", "03-03"), sold("D2", "03-08")])
    assert earned(found) == {"D2/B1/RD2/commission": "10000.00"}


def test_where_all_deals_of_the_project_count_it_is_the_plans_own_agencys_grade():
    plan = graded(scope=Scope.PROJECT)
    others = [sold("D1", "03-02", broker="C1"), sold("D2", "03-04", broker="C1")]
    assert earned(run([plan], [*others, sold("D3", "03-08")])) == {"D3/A1/RD3/commission": "20000.00"}


def test_a_day_is_judged_by_its_own_version():
    first = version(id="v1", to_on=date(2026, 3, 5), conditions=A_AND_B, tiers=LADDER)
    second = version(id="v2", from_on=date(2026, 3, 6), tiers=LADDER)
    plan = series(first, second, grades=(GradeFact(date(2026, 1, 1), "C"),))
    assert earned(run([plan], [sold("D1", "03-04"), sold("D2", "03-08")])) == {"D2/A1/RD2/commission": "10000.00"}


def test_only_what_is_asked_is_kept():
    assert as_kept(Conditions()) == {}
    assert as_kept(A_AND_B) == {"agency_grade": ["A", "B"]}


HOME = UnitFact("3-bed", "1", Decimal("90.00"))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Conditions(unit_type=("2-bed", "4-bed")), "the unit's type is 3-bed; the plan pays 2-bed or 4-bed."),
        (Conditions(building=("2",)), "the unit is in building 1; the plan pays 2."),
        (Conditions(area=Band(None, Decimal(90))), "the unit has 90 m²; the plan pays below 90."),
        (Conditions(area=Band(Decimal("90.01"))), "the unit has 90 m²; the plan pays from 90.01 on."),
        (
            Conditions(price=Band(Decimal(1), Decimal("1000000.00"))),
            "the price is 1,000,000.00; the plan pays from 1 to below 1,000,000.00.",
        ),
    ],
)
def test_a_unit_or_price_that_the_plan_does_not_pay_earns_nothing_and_says_why(asked, said):
    (row,) = run([series(version(conditions=asked))], [sold("D1", "03-04", unit=HOME)])
    assert (row.earned, render(row.explanation, PlainWords())) == (0, f"Not under this plan: {said}")


@pytest.mark.parametrize(
    "asked",
    [
        Conditions(unit_type=("3-bed",), building=("1", "2")),
        Conditions(area=Band(Decimal(90), Decimal("90.01"))),
        Conditions(price=Band(Decimal(1_000_000), Decimal("1000000.01"))),
    ],
)
def test_a_band_holds_its_lower_end(asked):
    (row,) = run([series(version(conditions=asked))], [sold("D1", "03-04", unit=HOME)])
    assert row.earned == 10000


def test_a_deal_without_a_unit_meets_no_condition_of_units_but_those_of_price():
    plan = series(version(conditions=Conditions(area=Band(Decimal(1)))))
    (row,) = run([plan], [sold("D1", "03-04")])
    assert render(row.explanation, PlainWords()).startswith("Not under this plan: the deal names no unit")
    assert run([series(version(conditions=Conditions(price=Band(Decimal(1)))))], [sold("D1", "03-04")])[0].earned


@pytest.mark.parametrize("mode", list(Mode))
def test_another_unit_takes_no_room_in_the_tiers(mode):
    plan = series(version(conditions=Conditions(building=("1",)), tiers=LADDER, mode=mode))
    found = run([plan], [sold("D1", "03-02"), sold("D2", "03-04", unit=HOME), sold("D3", "03-05", unit=HOME)])
    first = {Mode.MARGINAL: "10000.00", Mode.RETROACTIVE: "20000.00"}[mode]
    assert earned(found) == {"D2/A1/RD2/commission": first, "D3/A1/RD3/commission": "20000.00"}


def test_conditions_read_as_they_were_kept():
    asked = Conditions(("A",), ("3-bed",), ("1",), Band(Decimal("89.5")), Band(None, Decimal("2000000.00")))
    kept = as_kept(asked)
    assert kept["area"] == {"from": "89.5"}
    plain = plain_fields(kept)
    assert plain["conditions"] == {
        "unit_types": ["3-bed"],
        "buildings": ["1"],
        "area": {"from": "89.5"},
        "price": {"below": "2000000.00"},
    }
