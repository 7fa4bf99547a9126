"""Laying a series' deals end to end: which version a deal falls under, and where its shares lie by it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from channels_platform.lib.money import exact_text, from_minor, to_minor
from commissions.engine import conditions
from commissions.engine.bonuses import bonus_parts, in_filing_order
from commissions.engine.release import Schedule, milestones, schedules
from commissions.engine.tiers import Ladder, Number, whole
from commissions.engine.types import (
    AppliesTo,
    Basis,
    DealFact,
    Id,
    Measure,
    Milestone,
    Mode,
    Period,
    PlanVersion,
    Scope,
    Series,
    ShareFact,
    UnitFact,
)

_LineKey = tuple[str, Id]
_Line = defaultdict[_LineKey, Number]


class OutOfOrder(ValueError):
    """A deal came before one that is laid earlier, or was never observed."""


@lru_cache(maxsize=4096)
def period_label(period: Period, day: date) -> str:
    """Name the period a local day is in: 2026-03, 2026-Q1, 2026, or nothing for the whole plan."""
    if period == Period.MONTH:
        return f"{day.year:04d}-{day.month:02d}"
    if period == Period.QUARTER:
        return f"{day.year:04d}-Q{(day.month + 2) // 3}"
    if period == Period.YEAR:
        return f"{day.year:04d}"
    return ""


class Case:
    """A deal as of an instant, with what every plan asks of it worked out once.

    Shape:  `live_since` and `contracted_on` are None unless contracted and not cancelled; `cancelled_on` is None
            unless cancelled; `shares` has the earlier-filed referral's first. Dates are local.
    Units:  `price` in minor units.
    """

    # Worked out at once rather than by cached_property, which took a third of a run's time.
    __slots__ = (
        "_reached",
        "as_of",
        "cancelled_on",
        "contracted_on",
        "currency",
        "deal",
        "live_since",
        "price",
        "shares",
        "subscribed_on",
    )

    def __init__(self, deal: DealFact, *, as_of: datetime, zone: tzinfo, currency: str) -> None:
        self.deal = deal
        self.as_of = as_of
        self.currency = currency
        self.price = to_minor(deal.price, currency)
        self.shares = in_filing_order(deal.shares)
        self.subscribed_on = deal.subscribed_at.astimezone(zone).date()
        self.cancelled_on = None
        self.live_since = None
        self.contracted_on = None
        if deal.cancelled_at is not None and deal.cancelled_at <= as_of:
            self.cancelled_on = deal.cancelled_at.astimezone(zone).date()
        elif deal.contracted_at is not None and deal.contracted_at <= as_of:
            self.live_since = deal.contracted_at
            self.contracted_on = deal.contracted_at.astimezone(zone).date()
        self._reached: frozenset[Milestone] | None = None

    @property
    def reached(self) -> frozenset[Milestone]:
        if self._reached is None:
            self._reached = milestones(self.deal, as_of=self.as_of)
        return self._reached

    def shares_of(self, agency_id: Id) -> list[ShareFact]:
        return [share for share in self.shares if share.agency_id == agency_id]


@dataclass(frozen=True, slots=True)
class Lump:
    """Live deals that every plan counts alike, added up: under the same versions, in the same month, in equal parts.

    Shape:  whole deals name no agency; parts are shares of one broker's referrals, each of `fraction`.
            `subscribed_on`, `contracted_on`, `unit` and `price_of_one` are those of any of the deals.
    Units:  `price` is the deals' sum, in minor units.
    """

    subscribed_on: date
    contracted_on: date
    referred: bool
    deals: int
    price: int
    agency_id: Id | None = None
    broker_id: Id | None = None
    fraction: Fraction = Fraction(1)
    unit: UnitFact | None = None
    price_of_one: Decimal = Decimal(0)


def lumps_of(case: Case) -> list[Lump]:
    """Return one live deal as lumps: as a whole, and each of its shares."""
    if case.contracted_on is None:
        raise ValueError(f"deal {case.deal.number} is not live")
    placed = (case.subscribed_on, case.contracted_on, bool(case.shares), 1, case.price)
    home = (case.deal.unit, case.deal.price)
    parts = [Lump(*placed, share.agency_id, share.broker_id, share.fraction, *home) for share in case.shares]
    return [Lump(*placed, None, None, Fraction(1), *home), *parts]


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to lay a series' deals; versions that agree on it see the same positions."""

    scope: Scope
    measure: Measure
    period: Period
    whole_deals: bool
    amounts: bool

    @classmethod
    def of(cls, version: PlanVersion, *, onsite: bool) -> "Layout":
        scope = Scope.PROJECT if onsite else Scope(version.scope)
        measure = Measure(version.measure)
        return cls(
            scope,
            measure,
            Period(version.period),
            whole_deals=scope == Scope.PROJECT,
            amounts=measure == Measure.AMOUNT,
        )

    def label(self, case: Case) -> str:
        if case.contracted_on is None:
            raise ValueError(f"deal {case.deal.number} is in no period")
        return period_label(self.period, case.contracted_on)

    def piece(self, lump: Lump) -> tuple[_LineKey, Number] | None:
        """Return which line a lump adds to, and how much; None where this layout counts the other way.

        Units: units, or minor units of amount.
        Source: domain 6.3.
        """
        if self.whole_deals != (lump.agency_id is None):
            return None
        label = period_label(self.period, lump.contracted_on)
        size = lump.price if self.amounts else lump.deals
        if self.whole_deals:
            return (label, None), size
        return (label, lump.broker_id if self.scope == Scope.BROKER else None), whole(lump.fraction) * size

    def line(self, case: Case, share: ShareFact | None) -> _LineKey:
        """Return the line that a share's commission counts on for a period's cap."""
        return (self.label(case), share.broker_id if share is not None and self.scope == Scope.BROKER else None)

    def pieces(self, case: Case, shares: Sequence[ShareFact]) -> list[tuple[_LineKey, Number]]:
        """Return which lines a live deal takes room on, and how much: once where deals are laid whole, else per share.

        Units: units, or minor units of amount.
        Source: domain 6.3.
        """
        label = self.label(case)
        size = case.price if self.amounts else 1
        if self.whole_deals:
            return [((label, None), size)]
        by_broker = self.scope == Scope.BROKER
        return [((label, share.broker_id if by_broker else None), whole(share.fraction) * size) for share in shares]


@dataclass(frozen=True, slots=True)
class Rule:
    """A plan version made ready for many deals; `head` opens each of its explanations, `retention` is in one."""

    version: PlanVersion
    layout: Layout
    ladder: Ladder
    schedules: dict[str, Schedule]
    retroactive: bool
    fixed: bool
    head: dict[str, Any]
    retention: str | None
    asks_deal: bool
    period_cap: int | None
    capped: bool

    @classmethod
    def of(cls, version: PlanVersion, *, onsite: bool, currency: str) -> "Rule":
        layout = Layout.of(version, onsite=onsite)
        caps = version.caps
        return cls(
            version=version,
            layout=layout,
            ladder=Ladder.of(version, currency),
            schedules=schedules(version),
            retroactive=version.mode == Mode.RETROACTIVE,
            fixed=version.basis == Basis.FIXED,
            head={
                "version": str(version.id),
                "basis": Basis(version.basis).value,
                "measure": layout.measure.value,
                "mode": Mode(version.mode).value,
                "scope": layout.scope.value,
            },
            retention=exact_text(version.retention_fraction) if version.retention_fraction else None,
            asks_deal=version.conditions.of_deal,
            period_cap=to_minor(caps.period, currency) if caps.period is not None else None,
            capped=caps.deal is not None or caps.period is not None,
        )

    def base(self, price: int, share: Fraction) -> Number:
        """Return what one unit of a span's length is worth: minor units of price, or units for a fixed sum."""
        worth: Number = whole(share) if self.layout.whole_deals else 1
        if self.layout.amounts:
            if not self.fixed:
                return worth
            return Fraction(worth) / price if price else 0
        return worth if self.fixed else worth * price


class Span(NamedTuple):
    """Where a share (or its whole deal) lies; `total` is what its period reaches, known for retroactive rules."""

    begin: Number
    length: Number
    total: Number | None


class Placement(NamedTuple):
    """The version a deal's day is in; `unmet` says, as explanations do, why the deal is not under it all the same."""

    rule: Rule
    unmet: dict[str, Any] | None = None


@dataclass
class Track:
    """One series in progress: its rules, and how far each of its layouts is laid or adds up to."""

    series: Series
    currency: str
    rules: list[Rule] = field(init=False)
    totals: dict[Layout, _Line] = field(init=False)
    laid: dict[Layout, _Line] = field(init=False)
    spent: dict[Layout, _Line] = field(init=False)
    _by_day: dict[date, Placement | None] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        onsite = self.series.onsite
        self.rules = [Rule.of(version, onsite=onsite, currency=self.currency) for version in self.series.versions]
        self.totals = {rule.layout: defaultdict(int) for rule in self.rules if rule.retroactive}
        self.laid = {rule.layout: defaultdict(int) for rule in self.rules if not rule.retroactive}
        self.spent = {rule.layout: defaultdict(int) for rule in self.rules if rule.period_cap is not None}

    @property
    def lays_whole_deals(self) -> bool:
        return any(rule.layout.whole_deals for rule in self.rules)

    def place(self, case: Case) -> Placement | None:
        """Return the version in force on the local day of subscription, if the series is about such a deal."""
        return self.place_on(case.subscribed_on, bool(case.shares), case.deal.unit, case.deal.price)

    def stands_on(self, day: date, referred: bool) -> Placement | None:
        """Return what rates the day's deals, whatever the home and its price."""
        applies_to = self.series.applies_to
        if applies_to != AppliesTo.ALL and referred != (applies_to == AppliesTo.REFERRED):
            return None
        if day not in self._by_day:
            rule = next((rule for rule in self.rules if rule.version.is_in_force(day)), None)
            self._by_day[day] = None if rule is None else Placement(rule, self._unmet(rule, day))
        return self._by_day[day]

    def place_on(self, day: date, referred: bool, unit: UnitFact | None, price: Decimal) -> Placement | None:
        placed = self.stands_on(day, referred)
        if placed is None or placed.unmet is not None or not placed.rule.asks_deal:
            return placed
        unmet = conditions.unmet_by_deal(placed.rule.version.conditions, unit=unit, price=price)
        return placed if unmet is None else Placement(placed.rule, unmet)

    def _unmet(self, rule: Rule, day: date) -> dict[str, Any] | None:
        return conditions.unmet(rule.version.conditions, grades=self.series.grades, day=day)

    def counts(self, lump: Lump) -> bool:
        """Whether such deals take room in the series' tiers."""
        placed = self.place_on(lump.subscribed_on, lump.referred, lump.unit, lump.price_of_one)
        return placed is not None and placed.unmet is None

    def observe(self, lump: Lump) -> None:
        """Add live deals to the totals that retroactive rules go by."""
        for layout, totals in self.totals.items():
            piece = layout.piece(lump)
            if piece is not None:
                key, length = piece
                totals[key] = whole(totals[key] + length)

    def lay(self, case: Case, rule: Rule, shares: Sequence[ShareFact]) -> list[Span]:
        """Lay a live deal on every layout; return where it lies by the rule: one span, or one per share."""
        spans: list[Span] = []
        for layout, laid in self.laid.items():
            mine = not rule.retroactive and layout == rule.layout
            for key, length in layout.pieces(case, shares):
                begin = laid[key]
                laid[key] = whole(begin + length)
                if mine:
                    spans.append(Span(begin, length, None))
        if rule.retroactive:
            totals = self.totals[rule.layout]
            for key, length in rule.layout.pieces(case, shares):
                if key not in totals:
                    raise OutOfOrder(f"deal {case.deal.number} was not observed")
                spans.append(Span(0, length, totals[key]))
        return spans

    def cut(self, case: Case, rule: Rule, share: ShareFact | None, earned: int) -> tuple[int, list[dict[str, str]]]:
        """Return what the caps leave of a commission, each cut as explanations have it, and count it for its period.

        A deal's cap is laid over its shares as a bonus is; a period's is used up in the order the deals are laid.
        Units: minor units.
        Source: rules-chosen, caps.
        """
        cuts = []
        caps = rule.version.caps
        if caps.deal is not None:
            most = to_minor(caps.deal, self.currency)
            if share is not None:
                most = bonus_parts(caps.deal, case.shares, self.currency)[case.shares.index(share)]
            if earned > most:
                cuts.append(self._cut("deal", caps.deal, earned, most))
                earned = most
        if caps.period is not None and rule.period_cap is not None:
            left = max(rule.period_cap - int(self.spent[rule.layout][rule.layout.line(case, share)]), 0)
            if earned > left:
                cuts.append(self._cut("period", caps.period, earned, left))
                earned = left
        for layout, spent in self.spent.items():
            spent[layout.line(case, share)] += earned
        return earned, cuts

    def _cut(self, of: str, most: Decimal, before: int, after: int) -> dict[str, str]:
        amounts = {"most": to_minor(most, self.currency), "from": before, "to": after}
        return {"of": of, **{name: str(from_minor(amount, self.currency)) for name, amount in amounts.items()}}
