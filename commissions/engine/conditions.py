"""What a plan version asks of a deal besides its days and kind: kept as one mapping, empty where it asks nothing.

    agency_grade    codes, of which the plan's agency holds one on the local day of subscription

A deal that a condition keeps out is not under the plan: it earns nothing there and takes no room in its tiers. A new
condition is a field of `types.Conditions`, a line here that reads it, and one that says why it is not met.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from commissions.engine.types import Conditions, GradeFact, ZeroReason

AGENCY_GRADE = "agency_grade"


def as_kept(conditions: Conditions) -> dict[str, Any]:
    """Return conditions as they are kept: only what is asked."""
    return {AGENCY_GRADE: list(conditions.agency_grade)} if conditions.agency_grade else {}


def plain_fields(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return kept conditions under the names that people and interfaces use (engine.plans)."""
    return {"grades": list(kept.get(AGENCY_GRADE, ()))}


def grade_on(history: Sequence[GradeFact], day: date) -> str:
    """Return the grade held on a local day, '' for none.

    `history` is by day; of two entries for one day the later stands.
    """
    return next((fact.code for fact in reversed(history) if fact.from_on <= day), "")


def unmet(conditions: Conditions, *, grades: Sequence[GradeFact], day: date) -> dict[str, Any] | None:
    """Return why a deal subscribed on `day` is not under the plan, as its rows' explanation has it; None where it is.

    `grades` is the history of the plan's own agency, also where deals of others count in its tiers.
    """
    if conditions.agency_grade:
        held = grade_on(grades, day)
        if held not in conditions.agency_grade:
            asked = list(conditions.agency_grade)
            return {"zero": ZeroReason.OTHER_GRADE.value, "on": day.isoformat(), "grade": held, "grades": asked}
    return None
