"""What a decision moves: the part of a deal that changes hands."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any


def moved_part(before: Mapping[Any, Fraction], after: Mapping[Any, Fraction]) -> Fraction:
    """Return the part of the deal that changes hands, 0 to 1; what goes to nobody (a natural deal) has moved too."""
    nothing = Fraction(0)
    changes = [after.get(one, nothing) - before.get(one, nothing) for one in {*before, *after}]
    gained = sum((change for change in changes if change > 0), nothing)
    lost = -sum((change for change in changes if change < 0), nothing)
    return max(gained, lost)
