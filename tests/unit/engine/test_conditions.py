"""Conditions of a version: a deal that one keeps out earns nothing there, takes no room in the tiers, and says why."""

from datetime import date

import pytest

from commissions.engine.conditions import as_kept, grade_on
from commissions.engine.explain import PlainWords, render
from commissions.engine.types import Conditions, GradeFact, Milestone, Mode, Payee, Scope

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
