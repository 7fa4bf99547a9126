"""Checks of a plan: what is found among what it stands among, an error or a warning, field by field."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from commissions.engine.lint import OtherVersion, Stock, Surroundings, lint
from commissions.engine.terms import PlanTerm
from commissions.engine.types import (
    AppliesTo,
    Band,
    Basis,
    Conditions,
    Measure,
    Method,
    Milestone,
    Mode,
    ReleaseStep,
    UnitFact,
)

from .facts import USUAL_RELEASE, cash, fixed_tiers, tiers, version

HOMES = tuple(Stock(UnitFact("3-bed", "1", Decimal(90 + n)), Decimal(1_000_000)) for n in range(60))
QUIET = Surroundings("A1", agreements=[(date(2025, 1, 1), None)], stock=HOMES, ceiling=Fraction("0.07"))


def other(first, last, *, applies_to=AppliesTo.REFERRED, same_series=True):
    return OtherVersion("v0", "A1 v1", PlanTerm("A1", "agency", applies_to, first, last), same_series)


def found(changed=None, **among):
    findings = lint(version(**(changed or {})), replace(QUIET, **among))
    return [(one.code, one.severity.value, one.field) for one in findings]


def test_a_plan_of_the_common_form_is_quiet():
    assert found({"tiers": tiers(("0", "0.06"), ("20", "0.062"), ("40", "0.064")), "bonuses": (cash("3000"),)}) == []


def test_another_version_in_the_same_days_is_an_error():
    assert found(others=[other(None, date(2026, 1, 1))]) == [("overlap", "error", "from")]
    assert found(others=[other(None, None, applies_to=AppliesTo.ALL, same_series=False)]) == [
        ("overlap", "error", "from")
    ]
    assert found(others=[other(None, None, applies_to=AppliesTo.WALK_IN, same_series=False)]) == []


def test_days_between_two_versions_that_none_covers_are_a_gap():
    assert found(others=[other(None, date(2025, 12, 31))]) == []
    (gap,) = lint(version(), replace(QUIET, others=[other(None, date(2025, 12, 30))]))
    assert (gap.code, gap.field, gap.facts) == ("gap", "from", {"begin": "2025-12-31", "end": "2025-12-31"})
    ends = {"to_on": date(2026, 6, 30)}
    assert found(ends, others=[other(date(2026, 7, 2), None)]) == [("gap", "warning", "to")]
    assert found(ends, others=[other(date(2026, 7, 1), None)]) == []


@pytest.mark.parametrize(
    ("start", "mode", "out_of_reach"),
    [
        ("59", Mode.MARGINAL, False),
        ("60", Mode.MARGINAL, True),
        ("60", Mode.RETROACTIVE, False),
        ("61", Mode.RETROACTIVE, True),
    ],
)
def test_a_tier_beyond_the_projects_units_is_out_of_reach(start, mode, out_of_reach):
    changed = {"tiers": tiers(("0", "0.01"), (start, "0.02")), "mode": mode}
    assert found(changed) == ([("unreachable_tier", "warning", "tiers.1.from")] if out_of_reach else [])
    assert found(changed, stock=HOMES[:49]) == [], "a short list of units is taken to be incomplete"


def test_a_tier_beyond_what_all_units_cost_is_out_of_reach():
    changed = {"measure": Measure.AMOUNT, "tiers": tiers(("0", "0.01"), ("60000000", "0.02"))}
    assert found(changed) == [("unreachable_tier", "warning", "tiers.1.from")]


def test_a_tier_out_of_reach_that_falls_is_named_for_both():
    changed = {"tiers": tiers(("0", "0.02"), ("61", "0.01"))}
    assert {code for code, *_ in found(changed)} == {"unreachable_tier", "falling_tier"}


def test_only_units_that_the_conditions_pay_reach_a_tier():
    changed = {"tiers": tiers(("0", "0.01"), ("30", "0.02")), "conditions": Conditions(area=Band(Decimal(120)))}
    assert found(changed) == [("unreachable_tier", "warning", "tiers.1.from")]


def test_tiers_that_stay_or_fall_are_named():
    changed = {"tiers": tiers(("0", "0.02"), ("5", "0.02"), ("9", "0.01"))}
    assert found(changed) == [("idle_tier", "warning", "tiers.1.from"), ("falling_tier", "warning", "tiers.2.from")]


def test_no_rate_goes_above_the_projects_ceiling():
    changed = {"tiers": tiers(("0", "0.07"), ("20", "0.0701"))}
    assert found(changed) == [("over_ceiling", "error", "tiers.1.rate")]
    assert found(changed, ceiling=None) == []


def test_no_fixed_amount_goes_above_the_ceiling_of_the_cheapest_unit():
    changed = {"basis": Basis.FIXED, "tiers": fixed_tiers(("0", "70000.00"), ("20", "70000.01"))}
    assert found(changed) == [("amount_over_ceiling", "error", "tiers.1.amount")]


def test_a_release_that_never_completes_is_an_error():
    half = (ReleaseStep(Milestone.CONTRACTED, Fraction(1, 2)),)
    assert found({"release": {**USUAL_RELEASE, Method.INSTALMENT: half}}) == [
        ("release_incomplete", "error", "release.instalment")
    ]
    loan = (*half, ReleaseStep(Milestone.LOAN_RELEASED, Fraction(1, 2)))
    assert found({"release": {**USUAL_RELEASE, Method.LUMP_SUM: loan}}) == [
        ("never_released", "error", "release.lump_sum")
    ]
    assert found({"release": {**USUAL_RELEASE, Method.MORTGAGE: loan}}) == []


def test_a_bonus_before_the_contract_is_warned_of():
    early, lent = cash("1", release=Milestone.SUBSCRIBED), cash("1", release=Milestone.LOAN_RELEASED, name="loan")
    assert found({"bonuses": (early, lent)}) == [
        ("bonus_before_contract", "warning", "bonuses.0.release"),
        ("bonus_only_mortgage", "warning", "bonuses.1.release"),
    ]


def test_an_agreement_that_ends_before_the_plan_is_warned_of():
    until_june = [(date(2025, 1, 1), date(2026, 6, 30))]
    assert found(agreements=until_june) == [("agreement_ends", "warning", "to")]
    assert found({"to_on": date(2026, 6, 30)}, agreements=until_june) == []
    assert found(agreements=[*until_june, (date(2026, 7, 1), None)]) == []
    assert found(agreements=[]) == [("no_agreement", "warning", "to")]


def test_conditions_that_no_unit_meets_are_warned_of():
    changed = {"conditions": Conditions(unit_type=("villa",))}
    assert found(changed) == [("no_unit_meets", "warning", "conditions")]
    assert found(changed, stock=()) == []
    assert found({"conditions": Conditions(price=Band(Decimal(1_000_000)))}) == []
    assert found({"conditions": Conditions(price=Band(None, Decimal(1_000_000)))}) == [
        ("no_unit_meets", "warning", "conditions")
    ]


def test_errors_come_first():
    changed = {"tiers": tiers(("0", "0.08"), ("5", "0.01")), "bonuses": (cash("1", release=Milestone.SUBSCRIBED),)}
    assert [severity for _, severity, _ in found(changed)] == ["error", "warning", "warning"]
