"""What the next units would trigger: a retroactive plan re-rates what its period has sold already (domain 6.3)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from channels_platform.lib.money import from_minor, half_up
from commissions.engine.layout import Lump, Rule, Track, period_label
from commissions.engine.tiers import Number, Slice, whole
from commissions.engine.types import AppliesTo, Id, Scope, Series

COUNTS = (1, 5, 10)


class Sold(NamedTuple):
    """A share that a plan has rated: of which version and period, at what price."""

    version_id: Id
    period: str
    broker_id: Id | None
    price: int
    share: Fraction


@dataclass(frozen=True, slots=True)
class Reach:
    """So many more units: what the period reaches then, and what that costs more.

    `extra`: what the units sold already earn more; `own`: what the new ones earn themselves. `pay`: the tier's rate, or
    amount, as its label is.
    """

    units: int
    total: Number
    pay: str
    extra: Decimal
    own: Decimal


@dataclass(frozen=True, slots=True)
class Outlook:
    """A retroactive plan's present period: where it stands, and where some more units would take it.

    Shape:  `broker_id` where each broker has a line of one's own; `to_next` is how many units reach `next_start`, both
            None on the last tier; `reaches` by units, the next tier's among them.
    Units:  `total` and `next_start` in units, or in minor units where `amounts`; `price` is the mean of what was sold.
    """

    series_id: Id
    version_id: Id
    broker_id: Id | None
    period: str
    amounts: bool
    fixed: bool
    sold: int
    total: Number
    pay: str
    price: Decimal
    next_start: Number | None
    to_next: int | None
    reaches: tuple[Reach, ...]


def observed(series: Iterable[Series], lumps: Iterable[Lump], *, currency: str) -> list[Track]:
    """Return the plans with what each period reaches, from a project's live deals added up (as Calculator.observe)."""
    tracks = [Track(one, currency) for one in series]
    for lump in lumps:
        for track in tracks:
            if lump.agency_id in (None, track.series.agency_id) and track.counts(lump):
                track.observe(lump)
    return tracks


def outlooks(track: Track, sold: Iterable[Sold], *, on: date, counts: Sequence[int] = COUNTS) -> list[Outlook]:
    """Return what more units contracted on a day would trigger, for each line of a plan in force that day.

    They are taken to be whole deals of homes that the plan takes, at the mean price, brought by who has the line; a
    line that sold nothing yet has nothing to re-rate, and is left out.
    Shape:  [] unless the version in force is retroactive.
    """
    placed = track.stands_on(on, track.series.applies_to != AppliesTo.WALK_IN)
    if placed is None or placed.unmet is not None or not placed.rule.retroactive:
        return []
    rules = {rule.version.id: rule for rule in track.rules if rule.retroactive}
    by_line: dict[Id | None, list[Sold]] = defaultdict(list)
    for one in sold:
        rule = rules.get(one.version_id)
        if rule is not None and one.period == period_label(rule.layout.period, on):
            by_line[one.broker_id if rule.layout.scope == Scope.BROKER else None].append(one)
    lines = [_Line(track, placed.rule, rules, broker, rows, on) for broker, rows in by_line.items()]
    return [line.outlook(counts) for line in lines]


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a plan's period: the version now in force rates the new units, its own version each sold one."""

    track: Track
    rule: Rule
    rules: dict[Id, Rule]
    broker_id: Id | None
    rows: list[Sold]
    on: date

    def outlook(self, counts: Sequence[int]) -> Outlook:
        rule, price = self.rule, self._mean_price()
        total = self._total(rule)
        start = next((start for start in rule.ladder.starts if start > total), None)
        size = price if rule.layout.amounts else 1
        to_next = None if start is None else ceil(Fraction(start - total) / size)
        asked = sorted({*counts, *([] if to_next is None else [to_next])})
        return Outlook(
            series_id=self.track.series.id,
            version_id=rule.version.id,
            broker_id=self.broker_id,
            period=period_label(rule.layout.period, self.on),
            amounts=rule.layout.amounts,
            fixed=rule.fixed,
            sold=len(self.rows),
            total=total,
            pay=rule.ladder.labels[rule.ladder.tier_at(total)],
            price=self._money(price),
            next_start=start,
            to_next=to_next,
            reaches=tuple(self._reach(units, price) for units in asked),
        )

    def _reach(self, units: int, price: int) -> Reach:
        rule = self.rule
        total = self._total(rule, units, price)
        extra = sum(
            self._earned(self.rules[one.version_id], one.price, one.share, units, price)
            - self._earned(self.rules[one.version_id], one.price, one.share, 0, price)
            for one in self.rows
        )
        own = units * self._earned(rule, price, Fraction(1), units, price)
        pay = rule.ladder.labels[rule.ladder.tier_at(total)]
        return Reach(units, total, pay, self._money(extra), self._money(own))

    def _earned(self, rule: Rule, price: int, share: Fraction, units: int, new_price: int) -> int:
        """What a share earns once the period has so many more units."""
        length: Number = price if rule.layout.amounts else 1
        if not rule.layout.whole_deals:
            length = whole(share) * length
        tier = rule.ladder.tier_at(self._total(rule, units, new_price))
        return rule.ladder.earned([Slice(0, length, tier)], rule.base(price, share))

    def _total(self, rule: Rule, units: int = 0, price: int = 0) -> Number:
        key = (period_label(rule.layout.period, self.on), self.broker_id if rule.layout.scope == Scope.BROKER else None)
        held = self.track.totals[rule.layout].get(key, 0)
        return held + units * (price if rule.layout.amounts else 1)

    def _mean_price(self) -> int:
        return half_up(sum(one.price for one in self.rows), len(self.rows))

    def _money(self, minor: int) -> Decimal:
        return from_minor(minor, self.track.currency)
