"""A plan tried over deals, beside the plans of today: what each costs by month and payee, and when it falls due.

Deals count that were contracted in the months asked about and are not cancelled. Today's plans are laid over all
deals, so that they come to what the ledger holds. A plan that is tried stands in for those of its agency that could
apply to the same deals. It is taken to have been in force, without end, since its counting period began in which the
first month lies; one counted over the whole plan begins with the first month.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from channels_platform.lib.money import half_up, to_minor
from commissions.engine.calculate import Calculator
from commissions.engine.layout import Lump, period_label
from commissions.engine.release import retained
from commissions.engine.terms import PlanTerm, overlaps
from commissions.engine.types import (
    COMMISSION,
    DealFact,
    Entitlement,
    Id,
    Method,
    Milestone,
    PayeeKey,
    Period,
    PlanVersion,
    Series,
    ShareFact,
)

MADE_UP = "made-up"


class Months(NamedTuple):
    """Whole months, by their first days, both included."""

    first: date
    last: date

    def holds(self, day: date) -> bool:
        return self.first <= day.replace(day=1) <= self.last

    def listed(self) -> list[date]:
        found = [self.first]
        while found[-1] < self.last:
            found.append(next_month(found[-1]))
        return found


def next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def counted_months(period: Period, months: Months) -> Months:
    """Return the months in which a plan that is tried counts deals: those of its periods, whole."""
    if period == Period.PLAN:
        return months
    first, last = months
    while period_label(period, before := _month_before(first)) == period_label(period, first):
        first = before
    while period_label(period, after := next_month(last)) == period_label(period, last):
        last = after
    return Months(first, last)


def _month_before(day: date) -> date:
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


@dataclass
class Tally:
    """What some plans cost; amounts in minor units."""

    total: int = 0
    months: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    payees: dict[PayeeKey, int] = field(default_factory=lambda: defaultdict(int))
    due: dict[Milestone, int] = field(default_factory=lambda: defaultdict(int))


class Tried(NamedTuple):
    """A deal that counts: what it costs by today's plans and by each that is tried. Units: minor units."""

    number: str
    contracted_on: date
    price: int
    costs: tuple[int, ...]


class Try:
    """One plan that is tried: which of today's it stands in for, and its own sums."""

    def __init__(
        self, series: Series, today: Iterable[Series], *, months: Months, zone: tzinfo, currency: str, as_of: datetime
    ) -> None:
        mine = _open_term(series)
        self.replaces = frozenset(one.id for one in today if overlaps(mine, _open_term(one)))
        self.version = series.versions[0]
        self.counted = counted_months(self.version.period, months)
        self.calculator = Calculator([series], zone=zone, currency=currency, as_of=as_of)


def _open_term(series: Series) -> PlanTerm:
    return PlanTerm(series.agency_id, series.payee, series.applies_to, None, None)


class Simulation:
    """Lay deals on today's plans, and on those with one exchanged; `sums` has a tally for each, today's first.

    Feed it as a Calculator: lumps told apart by month to `observe` (where `needs_totals`), then deals in their order to
    `take`. It keeps no deal: memory grows with months and payees.
    """

    def __init__(
        self,
        today: Sequence[Series],
        tries: Sequence[Series],
        *,
        months: Months,
        zone: tzinfo,
        currency: str,
        as_of: datetime,
    ) -> None:
        self.months = months
        self.zone = zone
        self.currency = currency
        self.series = [*today, *tries]
        self.today = Calculator(today, zone=zone, currency=currency, as_of=as_of)
        self.tries = [Try(one, today, months=months, zone=zone, currency=currency, as_of=as_of) for one in tries]
        self.as_of = as_of
        self.sums = [Tally() for _ in range(1 + len(self.tries))]
        self.units: dict[str, int] = defaultdict(int)
        self.sales: dict[str, int] = defaultdict(int)
        self._versions = {version.id: version for one in self.series for version in one.versions}

    @property
    def needs_totals(self) -> bool:
        return any(one.needs_totals for one in self._calculators())

    @property
    def needs_units(self) -> bool:
        return any(one.needs_units for one in self._calculators())

    def _calculators(self) -> list[Calculator]:
        return [self.today, *(one.calculator for one in self.tries)]

    def observe(self, lump: Lump) -> None:
        """Add live deals of one month to the totals of their periods."""
        self.today.observe(lump)
        for one in self.tries:
            if one.counted.holds(lump.contracted_on):
                one.calculator.observe(lump)

    def observe_deal(self, deal: DealFact) -> None:
        """Add one deal, if it is live, to the totals of its periods."""
        self.today.observe_deal(deal)
        day = self._sold_on(deal)
        for one in self.tries:
            if day is not None and one.counted.holds(day):
                one.calculator.observe_deal(deal)

    def take(self, deal: DealFact) -> Tried | None:
        """Lay a deal on all plans; return what it costs, None where it does not count.

        Raises: as Calculator.lay.
        """
        rows = self.today.lay(deal)
        day = self._sold_on(deal)
        worlds = [rows]
        for one in self.tries:
            own = one.calculator.lay(deal) if day is not None and one.counted.holds(day) else []
            worlds.append([*(row for row in rows if row.series_id not in one.replaces), *own])
        if day is None or not self.months.holds(day):
            return None
        label = f"{day:%Y-%m}"
        price = to_minor(deal.price, self.currency)
        self.units[label] += 1
        self.sales[label] += price
        costs = tuple(self._add(tally, label, deal, found) for tally, found in zip(self.sums, worlds, strict=True))
        return Tried(deal.number, day, price, costs)

    def by_month(self) -> list[tuple[str, int, int, tuple[int, ...]]]:
        """Return the months in which something counted: label, units, sales, and what it costs by each plan."""
        return [
            (month, units, self.sales[month], tuple(tally.months[month] for tally in self.sums))
            for month, units in sorted(self.units.items())
        ]

    def by_payee(self) -> list[tuple[PayeeKey, tuple[int, ...]]]:
        """Return what each payee has by each plan; first whom the plans that are tried change most."""
        keys = {key for tally in self.sums for key in tally.payees}
        found = [(key, tuple(tally.payees.get(key, 0) for tally in self.sums)) for key in keys]
        return sorted(found, key=lambda one: (-max(abs(cost - one[1][0]) for cost in one[1]), str(one[0])))

    def _sold_on(self, deal: DealFact) -> date | None:
        """Return the local day of the contract of a live deal."""
        if deal.contracted_at is None or deal.contracted_at > self.as_of:
            return None
        if deal.cancelled_at is not None and deal.cancelled_at <= self.as_of:
            return None
        return deal.contracted_at.astimezone(self.zone).date()

    def _add(self, tally: Tally, month: str, deal: DealFact, rows: Iterable[Entitlement]) -> int:
        cost = 0
        for row in rows:
            earned = to_minor(row.earned, self.currency)
            cost += earned
            tally.payees[row.payee] += earned
            for when, part in self._falls_due(row, deal.method, earned):
                tally.due[when] += part
        tally.total += cost
        tally.months[month] += cost
        return cost

    def _falls_due(self, row: Entitlement, method: Method, earned: int) -> Iterator[tuple[Milestone, int]]:
        """Yield which milestone makes how much payable, once all are reached."""
        version = self._versions[row.version_id]
        if row.kind == COMMISSION:
            yield from falls_due(version, method, earned)
        else:
            yield Milestone(row.explanation["release"]), earned


def falls_due(version: PlanVersion, method: Method, earned: int) -> Iterator[tuple[Milestone, int]]:
    """Yield what each milestone of a method makes payable of a commission, and the retention at handover.

    The parts sum to what is earned; each is what rounding the running sums adds (domain 6.5). Units: minor units.
    """
    reached, before, kept = Fraction(0), 0, 0
    for step in version.release[method]:
        reached += step.fraction
        released = half_up(earned * reached.numerator, reached.denominator)
        waits = step.when != Milestone.HANDOVER
        keeps = retained(released, version.retention_fraction, frozenset()) if waits else kept
        yield Milestone(step.when), released - keeps - (before - kept)
        before, kept = released, keeps
    if kept:
        yield Milestone.HANDOVER, kept


# --- made-up sales ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SalesCurve:
    """Units to be sold each month, all at one price; `methods` are parts that sum to 1."""

    first: date
    units: tuple[int, ...]
    price: Decimal
    methods: dict[Method, Fraction]

    @property
    def months(self) -> Months:
        last = self.first
        for _ in self.units[1:]:
            last = next_month(last)
        return Months(self.first, last)


def made_up_deals(curve: SalesCurve, *, agency_id: Id | None, zone: tzinfo) -> Iterator[DealFact]:
    """Yield the curve's deals, spread evenly over each month; one broker of the agency brings them, or nobody."""
    spent: dict[Method, Fraction] = defaultdict(Fraction)
    number = 0
    for month, units in zip(curve.months.listed(), curve.units, strict=True):
        begin = datetime.combine(month, time(), tzinfo=zone)
        length = datetime.combine(next_month(month), time(), tzinfo=zone) - begin
        for nth in range(units):
            number += 1
            method = max(curve.methods, key=lambda one: curve.methods[one] * number - spent[one])
            spent[method] += 1
            at = begin + length * (nth + 1) / (units + 1)
            shares = () if agency_id is None else (ShareFact(MADE_UP, at, "", agency_id, MADE_UP, Fraction(1)),)
            loan = curve.price if method == Method.MORTGAGE else None
            yield DealFact(number, f"{number:06d}", curve.price, method, curve.price, loan, at, at, shares=shares)
