"""Tiers: where a span of units or amount lies on a plan's ladder, and what that earns.

Whole numbers are kept as ints, other exact values as Fractions: ints are what nearly every deal needs
and cost a tenth of the time. Money is in integer minor units here.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import NamedTuple, TypeVar

from channels_platform.lib.money import exact_text, from_minor, half_up, minor_digits, to_minor
from commissions.engine.types import Basis, Measure, PlanVersion

Number = int | Fraction
Pay = TypeVar("Pay", Decimal, Fraction)


def whole(number: Number) -> Number:
    """Return the same value, as an int where it is one."""
    return number.numerator if number.denominator == 1 else number


class Slice(NamedTuple):
    """A part [begin, end) of a share's span that lies in one tier."""

    begin: Number
    end: Number
    tier: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """A version's tiers, scaled once: starts in units or minor units, pay as weights over one denominator.

    `labels` hold each tier's pay as text for explanations.
    """

    starts: Sequence[Number]
    weights: Sequence[int]
    denominator: int
    labels: Sequence[str]

    @classmethod
    def of(cls, version: PlanVersion, currency: str) -> "Ladder":
        scale = 10 ** minor_digits(currency) if version.measure == Measure.AMOUNT else 1
        fixed = version.basis == Basis.FIXED
        if fixed:
            pays = [Fraction(to_minor(_given(tier.amount), currency)) for tier in version.tiers]
            labels = [str(from_minor(int(pay), currency)) for pay in pays]
        else:
            pays = [Fraction(_given(tier.rate)) for tier in version.tiers]
            labels = [exact_text(pay) for pay in pays]
        denominator = lcm(*(pay.denominator for pay in pays))
        return cls(
            starts=tuple(whole(tier.start * scale) for tier in version.tiers),
            weights=tuple(int(pay * denominator) for pay in pays),
            denominator=denominator,
            labels=labels,
        )

    def tier_at(self, position: Number) -> int:
        """Return the tier a position lies in, a tier holding its own start."""
        return bisect_right(self.starts, position) - 1

    def slices(self, begin: Number, length: Number) -> list[Slice]:
        """Cut [begin, begin + length) where tiers start; never empty.

        Source: domain 6.3, `marginal`.
        """
        end, tier = begin + length, bisect_right(self.starts, begin) - 1
        last = len(self.starts) - 1
        if tier == last or end <= self.starts[tier + 1]:
            return [Slice(begin, end, tier)]
        found = []
        while tier < last and self.starts[tier + 1] < end:
            found.append(Slice(begin, self.starts[tier + 1], tier))
            tier += 1
            begin = self.starts[tier]
        found.append(Slice(begin, end, tier))
        return found

    def earned(self, slices: Sequence[Slice], base: Number) -> int:
        """Return the minor units that slices earn, `base` being what one unit of their length is worth.

        Rounded half-up once, after summing. With basis `price` the base is in minor units, with `fixed` in units.
        Source: domain 6.3.
        """
        weights = self.weights
        total = sum(((end - begin) * weights[tier] for begin, end, tier in slices), 0) * base
        return half_up(total.numerator, total.denominator * self.denominator)


def _given(value: Pay | None) -> Pay:
    if value is None:
        raise ValueError("a tier without the rate or amount that its basis needs")
    return value
