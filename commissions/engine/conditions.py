"""What a plan version asks of a deal besides its days and kind: kept as one mapping, empty where it asks nothing.

    agency_grade    codes, of which the plan's agency holds one on the local day of subscription
    unit_type       of the deal's unit, one of these
    building        of the deal's unit, one of these
    area            of the deal's unit, {from, below} in m², half-open
    price           of the deal, {from, below} in the project's currency, half-open

A deal that a condition keeps out is not under the plan: it earns nothing there and takes no room in its tiers. The unit
and the price are those the deal has now; a deal without a unit meets no condition of units. A new condition is a field
of `types.Conditions`, a line here that reads it, and one that says why it is not met.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from commissions.engine.types import Band, Caps, Conditions, GradeFact, UnitFact, ZeroReason

AGENCY_GRADE = "agency_grade"
BANDS = ("area", "price")
# kept under their own name; people and interfaces give several, so they name them in the plural
LISTS = {"unit_type": "unit_types", "building": "buildings"}


def as_kept(conditions: Conditions) -> dict[str, Any]:
    """Return conditions as they are kept: only what is asked."""
    kept: dict[str, Any] = {}
    for name in (AGENCY_GRADE, *LISTS):
        if getattr(conditions, name):
            kept[name] = list(getattr(conditions, name))
    for name in BANDS:
        band = getattr(conditions, name)
        if band is not None:
            kept[name] = _band_text(band)
    return kept


def plain_fields(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return kept conditions under the names that people and interfaces use (engine.plans)."""
    named = {**LISTS, **{name: name for name in BANDS}}
    asked = {plain: kept[name] for name, plain in named.items() if name in kept}
    return {"grades": list(kept.get(AGENCY_GRADE, ())), "conditions": asked}


def caps_as_kept(caps: Caps) -> dict[str, str]:
    """Return caps as they are kept: only those there are."""
    given = {"deal": caps.deal, "period": caps.period}
    return {name: f"{amount:f}" for name, amount in given.items() if amount is not None}


def _band_text(band: Band) -> dict[str, str]:
    ends = {"from": band.low, "below": band.below}
    return {name: f"{value:f}" for name, value in ends.items() if value is not None}


def grade_on(history: Sequence[GradeFact], day: date) -> str:
    """Return the grade held on a local day, '' for none.

    `history` is by day; of two entries for one day the later stands.
    """
    return next((fact.code for fact in reversed(history) if fact.from_on <= day), "")


def unmet(conditions: Conditions, *, grades: Sequence[GradeFact], day: date) -> dict[str, Any] | None:
    """Return why no deal subscribed on `day` is under the plan, as explanations have it; None where one may be.

    `grades` is the history of the plan's own agency, also where deals of others count in its tiers.
    """
    if conditions.agency_grade:
        held = grade_on(grades, day)
        if held not in conditions.agency_grade:
            asked = list(conditions.agency_grade)
            return {"zero": ZeroReason.OTHER_GRADE.value, "on": day.isoformat(), "grade": held, "grades": asked}
    return None


def unmet_by_deal(conditions: Conditions, *, unit: UnitFact | None, price: Decimal) -> dict[str, Any] | None:
    """Return why this deal is not under the plan, by its unit and price; None where it is."""
    if conditions.of_unit and unit is None:
        return {"zero": ZeroReason.OTHER_UNIT.value, "of": "unit"}
    if unit is not None:
        for name in LISTS:
            asked = getattr(conditions, name)
            held = getattr(unit, name)
            if asked and held not in asked:
                return {"zero": ZeroReason.OTHER_UNIT.value, "of": name, "has": held, "paid": list(asked)}
        if conditions.area is not None and not conditions.area.holds(unit.area):
            return _outside("area", unit.area, conditions.area)
    if conditions.price is not None and not conditions.price.holds(price):
        return _outside("price", price, conditions.price)
    return None


def _outside(name: str, value: Decimal, band: Band) -> dict[str, Any]:
    return {"zero": ZeroReason.OTHER_UNIT.value, "of": name, "has": f"{value:f}", "band": _band_text(band)}
