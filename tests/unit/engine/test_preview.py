"""A plan in figures: what the n-th deal at a price pays."""

from datetime import date
from decimal import Decimal

import pytest

from commissions.engine.explain import PlainWords
from commissions.engine.preview import preview_deal, render_preview
from commissions.engine.types import Basis, Measure, Mode, Period, Scope

from .facts import deals, fixed_tiers, run, series, tiers, version

LADDER = tiers(("0", "0.06"), ("20", "0.062"))


def shown(nth, price="1280000", **changed):
    found = preview_deal(version(**changed), nth=nth, price=Decimal(price), currency="CNY", on=date(2026, 3, 5))
    return render_preview(found, PlainWords())


def test_the_twenty_first_deal_of_march_is_paid_at_the_second_tier():
    assert shown(21, tiers=LADDER, period=Period.MONTH) == "deal 21 of March 2026 at 1,280,000.00: 6.2 % = 79,360.00"
    assert shown(20, tiers=LADDER, period=Period.MONTH) == "deal 20 of March 2026 at 1,280,000.00: 6 % = 76,800.00"


def test_retroactive_the_twentieth_deal_reaches_the_second_tier():
    assert shown(20, tiers=LADDER, mode=Mode.RETROACTIVE, period=Period.YEAR) == (
        "deal 20 of 2026 at 1,280,000.00: 6.2 % = 79,360.00"
    )


def test_a_deal_that_straddles_shows_both_parts():
    ladder = tiers(("0", "0.01"), ("1500000", "0.02"))
    assert shown(2, price="1000000", tiers=ladder, measure=Measure.AMOUNT) == (
        "deal 2 of the whole plan at 1,000,000.00: 1 % of 500,000.00 + 2 % of 500,000.00 = 15,000.00"
    )


def test_a_fixed_sum_shows_the_sum_per_unit():
    ladder = fixed_tiers(("0", "10000.00"), ("1", "12000.00"))
    assert shown(2, tiers=ladder, basis=Basis.FIXED) == (
        "deal 2 of the whole plan at 1,280,000.00: 12,000.00 a unit × 1 = 12,000.00"
    )


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("measure", list(Measure))
def test_a_preview_is_what_the_engine_pays(scope, measure):
    starts = ("0", "3", "7") if measure == Measure.UNITS else ("0", "3300000", "7100000")
    ladder = tiers(*zip(starts, ("0.01", "0.0123", "0.02"), strict=True))
    rules = version(tiers=ladder, scope=scope, measure=measure)
    for nth, row in enumerate(run([series(rules)], deals(10)), start=1):
        found = preview_deal(rules, nth=nth, price=Decimal("1000000.00"), currency="CNY", on=date(2026, 3, 5))
        assert found.earned == row.earned


@pytest.mark.parametrize(("nth", "price"), [(0, "1"), (1, "0"), (1, "-1")])
def test_no_deal_or_no_price_is_refused(nth, price):
    with pytest.raises(ValueError, match="above 0"):
        preview_deal(version(), nth=nth, price=Decimal(price), currency="CNY", on=date(2026, 3, 5))
