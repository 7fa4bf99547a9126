"""What the n-th unit and the n-th million earn, by both modes, whichever the plan has."""

from decimal import Decimal

import pytest

from commissions.engine.curve import million_curve, unit_curve
from commissions.engine.explain import PlainWords
from commissions.engine.preview import preview_deal, render_preview
from commissions.engine.types import Basis, Caps, Measure, Mode

from .facts import at, fixed_tiers, tiers, version

COMMON = tiers(("0", "0.06"), ("20", "0.062"), ("40", "0.064"))
PRICE = Decimal(1_280_000)


def told(curve):
    """The steps on both sides of each tier, as (n-th, own part, for all: each, for all: adds)."""
    steps = {step.nth: step for step in curve.steps}
    return [
        (nth, *(f"{amount}" for amount in (steps[nth].marginal, steps[nth].each, steps[nth].adds)))
        for nth in curve.turns
    ]


@pytest.mark.parametrize("mode", list(Mode))
def test_the_twentieth_unit_turns_all_twenty_and_the_next_one_alone(mode):
    curve = unit_curve(version(tiers=COMMON, mode=mode), price=PRICE, currency="CNY")
    assert told(curve)[:3] == [
        (1, "76800.00", "76800.00", "76800.00"),
        (20, "76800.00", "79360.00", "128000.00"),
        (21, "79360.00", "79360.00", "79360.00"),
    ]


@pytest.mark.parametrize("mode", list(Mode))
def test_the_curve_says_what_the_preview_says(mode):
    plan = version(tiers=COMMON, mode=mode)
    steps = unit_curve(plan, price=PRICE, currency="CNY").steps
    for step in steps:
        earned = preview_deal(plan, nth=step.nth, price=PRICE, currency="CNY", on=at("03-01 00:00").date()).earned
        assert earned == (step.marginal if mode == Mode.MARGINAL else step.each)


def test_first_ten_million_then_the_rest():
    plan = version(measure=Measure.AMOUNT, tiers=tiers(("0", "0.05"), ("10000000", "0.06")))
    assert told(million_curve(plan, price=PRICE, currency="CNY")) == [
        (1, "50000.00", "50000.00", "50000.00"),
        (10, "50000.00", "60000.00", "150000.00"),
        (11, "60000.00", "60000.00", "60000.00"),
    ]


def test_a_fixed_sum_per_unit_by_the_million():
    plan = version(basis=Basis.FIXED, tiers=fixed_tiers(("0", "20000"), ("5", "30000")))
    steps = million_curve(plan, price=Decimal(2_000_000), currency="CNY").steps
    assert [f"{step.marginal}" for step in steps[8:12]] == ["10000.00", "10000.00", "15000.00", "15000.00"]


def test_caps_cut_the_curve_and_the_preview():
    plan = version(tiers=COMMON, caps=Caps(Decimal("77000"), Decimal("1700000")))
    steps = unit_curve(plan, price=PRICE, currency="CNY").steps
    assert [f"{steps[nth - 1].marginal}" for nth in (20, 21, 22, 23, 24)] == [
        *("76800.00", "77000.00", "77000.00", "10000.00", "0.00")
    ]
    shown = preview_deal(plan, nth=21, price=PRICE, currency="CNY", on=at("03-01 00:00").date())
    assert render_preview(shown, PlainWords()) == "deal 21 of the whole plan at 1,280,000.00: 6.2 %, at most 77,000.00"


def test_however_far_a_tier_lies_a_curve_is_short():
    for plan in (version(tiers=tiers(("0", "0.01"), ("1000000000", "0.02"))), version()):
        assert 10 <= len(unit_curve(plan, price=Decimal("0.01"), currency="CNY").steps) <= 150
        assert 10 <= len(million_curve(plan, price=Decimal("0.01"), currency="CNY").steps) <= 150
