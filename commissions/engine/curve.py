"""What the n-th unit and the n-th million of a period earn by a plan's tiers, laid out for a chart and its table.

Both modes are reckoned, whichever the plan has: that is what a manager weighs. All units have one price; nothing is
rounded before the end, and bonuses, sharing and release are left aside. A deal's cap cuts a unit that lies in two tiers
part by part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from channels_platform.lib.money import from_minor, half_up, to_minor
from commissions.engine.tiers import Ladder
from commissions.engine.types import Basis, Measure, PlanVersion

MILLION = 1_000_000
FEWEST, MOST = 10, 150


@dataclass(frozen=True, slots=True)
class Step:
    """The n-th unit (or million): what it earns where each tier pays its own part; and where the tier reached pays for
    all, what each earns by then, and what this one adds, the earlier ones re-rated with it.
    """

    nth: int
    marginal: Decimal
    each: Decimal
    adds: Decimal


@dataclass(frozen=True, slots=True)
class Curve:
    """Steps from the first on; `turns` are those on both sides of where a tier begins."""

    steps: Sequence[Step]
    turns: Sequence[int]


def unit_curve(version: PlanVersion, *, price: Decimal, currency: str) -> Curve:
    """Return what the n-th unit earns.

    Raises: ValueError for a price not above 0; NotAnAmount as `to_minor`.
    """
    return _curve(_Earning(version, price, currency), Fraction(1))


def million_curve(version: PlanVersion, *, price: Decimal, currency: str) -> Curve:
    """Return what the n-th million of sales earns.

    Raises: as `unit_curve`.
    """
    return _curve(_Earning(version, price, currency), Fraction(MILLION) / Fraction(price))


def _curve(earning: "_Earning", width: Fraction) -> Curve:
    """Cut the period into steps of so many units, a little beyond where the last tier begins."""
    starts = [Fraction(start) / earning.size for start in earning.ladder.starts[1:]]
    behind = int((starts[-1] if starts else 0) / width)
    count = min(max(FEWEST, behind + max(behind // 5, 2)), MOST)
    ends = [width * nth for nth in range(count + 1)]
    steps = [
        Step(
            nth,
            earning.rounded(earning.marginal(end) - earning.marginal(begin)),
            earning.rounded(earning.retroactive(end) / nth),
            earning.rounded(earning.retroactive(end) - earning.retroactive(begin)),
        )
        for nth, (begin, end) in enumerate(pairwise(ends), start=1)
    ]
    return Curve(steps, sorted(_turns(starts, width, count)))


def _turns(starts: Sequence[Fraction], width: Fraction, count: int) -> set[int]:
    turns = {1}
    for start in starts:
        last = int(start / width)
        turns |= {nth for nth in (last, last + 1) if 1 <= nth <= count}
    return turns


class _Earning:
    """What so many units of one price earn in a period, by either mode, in minor units."""

    def __init__(self, version: PlanVersion, price: Decimal, currency: str) -> None:
        if price <= 0:
            raise ValueError("the price must be above 0")
        self.currency = currency
        self.ladder = Ladder.of(version, currency)
        self.price = to_minor(price, currency)
        amounts, fixed = version.measure == Measure.AMOUNT, version.basis == Basis.FIXED
        # how far a unit reaches on the ladder, and what its pay is of
        self.size: int = self.price if amounts else 1
        worth = Fraction(1) if fixed else Fraction(self.price)
        self.unit = worth
        caps = version.caps
        self.deal_cap = None if caps.deal is None else to_minor(caps.deal, currency)
        self.period_cap = None if caps.period is None else to_minor(caps.period, currency)

    def rounded(self, minor: Fraction) -> Decimal:
        return from_minor(half_up(minor.numerator, minor.denominator), self.currency)

    def marginal(self, units: Fraction) -> Fraction:
        """Return what the first so many units earn, each tier paying its own part."""
        if not units:
            return Fraction(0)
        pieces = self.ladder.slices(0, units * self.size)
        paid = (Fraction(piece.end - piece.begin) / self.size * self._each(piece.tier) for piece in pieces)
        return self._within_period(sum(paid, Fraction(0)))

    def retroactive(self, units: Fraction) -> Fraction:
        """Return what so many units earn, the tier that they reach paying for all."""
        return self._within_period(units * self._each(self.ladder.tier_at(units * self.size)))

    def _each(self, tier: int) -> Fraction:
        """Return what a whole unit earns in a tier."""
        each = self.unit * self.ladder.weights[tier] / self.ladder.denominator
        return each if self.deal_cap is None else min(each, Fraction(self.deal_cap))

    def _within_period(self, minor: Fraction) -> Fraction:
        return minor if self.period_cap is None else min(minor, Fraction(self.period_cap))
