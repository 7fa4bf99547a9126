"""Entitlements: what every payee has earned of every deal, a pure function of the facts.

`Calculator.observe` adds up what retroactive tiers need to know of a whole period, from deals added up beforehand
(lumps), `Calculator.entitle` lays each deal on its plans' ladders and returns its rows. Neither keeps any deal: memory
grows with periods and brokers. `entitlements` does both for deals at hand.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo

from commissions.engine.layout import Case, Lump, OutOfOrder, Placement, Track, lumps_of
from commissions.engine.rows import merged, rows
from commissions.engine.types import DealFact, Entitlement, Id, Series

_LAST = datetime.max.replace(tzinfo=UTC)


class Calculator:
    """Lay one project's deals on all of its plans, as of one instant; later facts do not exist for it.

    Feed every live deal of the project to `observe` (in any order; may be left out where `needs_totals` is false),
    then every deal to `entitle`, contracted ones by (contracted_at, number compared by code point), others anywhere.
    Where `needs_units` is false, deals need not name theirs.
    """

    def __init__(self, series: Iterable[Series], *, zone: tzinfo, currency: str, as_of: datetime) -> None:
        self.zone = zone
        self.currency = currency
        self.as_of = as_of
        self._everywhere: list[Track] = []
        self._by_agency: dict[Id, list[Track]] = {}
        self._last: tuple[datetime, str] | None = None
        tracks = [Track(one, currency) for one in series]
        self.needs_totals = any(track.totals for track in tracks)
        self.needs_units = any(rule.version.conditions.of_unit for track in tracks for rule in track.rules)
        for track in tracks:
            if track.lays_whole_deals:
                self._everywhere.append(track)
            else:
                self._by_agency.setdefault(track.series.agency_id, []).append(track)

    def observe(self, lump: Lump) -> None:
        """Add live deals to the totals of their period."""
        if lump.agency_id is None:
            tracks = self._everywhere
        else:
            tracks = [track for track in self._everywhere if track.series.agency_id == lump.agency_id]
            tracks += self._by_agency.get(lump.agency_id, ())
        for track in tracks:
            if track.counts(lump):
                track.observe(lump)

    def observe_deal(self, deal: DealFact) -> None:
        """Add one deal, if it is live, to the totals of its period.

        Raises: NotAnAmount for a price the currency cannot express.
        """
        if not self.needs_totals:
            return
        case = Case(deal, as_of=self.as_of, zone=self.zone, currency=self.currency)
        if case.live_since is not None:
            for lump in lumps_of(case):
                self.observe(lump)

    def entitle(self, deal: DealFact) -> list[Entitlement]:
        """Return the deal's rows: per share (on-site: per deal) and component, also those that earn nothing.

        A deal subscribed after `as_of`, or that no version is in force for, has none; one that a condition keeps out
        has rows that earn nothing and say so.
        Raises: OutOfOrder; NotAnAmount for a price the currency cannot express.
        """
        return merged(self.lay(deal))

    def lay(self, deal: DealFact) -> list[Entitlement]:
        """Return the same rows by plan: where two plans name a bonus alike, `entitle` adds theirs up.

        Raises: as `entitle`.
        """
        if deal.subscribed_at > self.as_of:
            return []
        case = Case(deal, as_of=self.as_of, zone=self.zone, currency=self.currency)
        live = case.live_since is not None
        if case.live_since is not None:
            self._advance(case.live_since, deal.number)
        found: list[Entitlement] = []
        for track, placed in self._placements(case):
            shares = case.shares_of(track.series.agency_id)
            spans = track.lay(case, placed.rule, shares) if live and placed.unmet is None else []
            found += rows(case, track, placed, shares, spans)
        return found

    def _advance(self, contracted_at: datetime, number: str) -> None:
        place = (contracted_at, number)
        if self._last is not None and place <= self._last:
            raise OutOfOrder(f"deal {number} stands after {self._last[1]}")
        self._last = place

    def _placements(self, case: Case) -> Iterator[tuple[Track, Placement]]:
        """Yield the tracks that are about the deal, with the version whose days it falls into."""
        tracks = list(self._everywhere)
        if self._by_agency:
            for agency_id in dict.fromkeys(share.agency_id for share in case.shares):
                tracks += self._by_agency.get(agency_id, ())
        for track in tracks:
            placed = track.place(case)
            if placed is not None:
                yield track, placed


def entitlements(
    series: Iterable[Series], deals: Iterable[DealFact], *, zone: tzinfo, currency: str, as_of: datetime
) -> list[Entitlement]:
    """Return the rows of deals at hand, in the order the deals are laid; those not contracted come last.

    Raises: NotAnAmount for a price the currency cannot express.
    Source: domain 6.1.
    """
    calculator = Calculator(series, zone=zone, currency=currency, as_of=as_of)
    ordered = sorted(deals, key=lambda deal: (deal.contracted_at or _LAST, deal.number))
    for deal in ordered:
        calculator.observe_deal(deal)
    return [row for deal in ordered for row in calculator.entitle(deal)]
