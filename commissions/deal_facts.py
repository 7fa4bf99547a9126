"""The deals a run works from, as the engine takes them: a stream in layout order, and live deals added up.

Ids are text here: the engine only passes them through, and making a UUID object of each took a tenth of a run.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db import connection
from django.db.models import Min

from channels_platform.lib import clock
from channels_platform.lib.money import to_minor
from commissions.engine.conditions import BANDS
from commissions.engine.layout import Lump
from commissions.engine.types import (
    DealFact,
    PaymentFact,
    Series,
    ShareFact,
    Source,
    UnitFact,
)
from leads.models import Deal
from projects.models import Project

CHUNK = 2_000
_ONE = Fraction(1)


# The first row holds, for its shares, the live deals added up (engine.layout.Lump): one statement sees one moment.
# Days and months are told apart by the instants at which they begin, so that only one calendar is asked: Python's.
_LIVE = """
WITH live AS (
    SELECT d.id, d.price, d.subscribed_at, d.contracted_at,
           width_bucket(d.subscribed_at, %(turns)s::timestamptz[]) AS turn,
           width_bucket(d.contracted_at, %(months)s::timestamptz[]) AS month,
           u.id IS NOT NULL AS housed, CASE WHEN %(unit_types)s THEN u.unit_type END AS unit_type,
           CASE WHEN %(buildings)s THEN u.building END AS building, u.area,
           width_bucket(u.area, %(areas)s::numeric[]) AS of_area,
           width_bucket(d.price, %(prices)s::numeric[]) AS of_price
    FROM leads_deal d
    LEFT JOIN projects_unit u ON %(units)s AND u.id = d.unit_id
    WHERE %(adds_up)s AND d.project_id = %(project)s AND d.contracted_at <= %(as_of)s
      AND (d.cancelled_at IS NULL OR d.cancelled_at > %(as_of)s)
), parts AS (
    SELECT l.*, r.agency_id, r.broker_id, s.numerator, s.denominator
    FROM live l
    JOIN leads_dealshare s ON s.deal_id = l.id AND s.ended_at IS NULL
    JOIN leads_referral r ON r.id = s.referral_id
), lumps AS (
    SELECT min(subscribed_at) AS subscribed_at, min(contracted_at) AS contracted_at, true AS referred,
           count(*) AS deals, sum(price) AS price, agency_id, broker_id, numerator, denominator,
           housed, unit_type, building, min(area) AS area, min(price) AS price_of_one
    FROM parts
    GROUP BY turn, month, agency_id, broker_id, numerator, denominator, housed, unit_type, building, of_area, of_price
    UNION ALL
    SELECT min(subscribed_at), min(contracted_at), referred, count(*), sum(price), NULL, NULL, 1, 1,
           housed, unit_type, building, min(area), min(price)
    FROM (
        SELECT l.*, s.id IS NOT NULL AS referred FROM live l LEFT JOIN (SELECT DISTINCT id FROM parts) s ON s.id = l.id
    ) whole
    GROUP BY turn, month, referred, housed, unit_type, building, of_area, of_price
)
"""
_LUMP = """json_build_array(subscribed_at, contracted_at, referred, deals, price::text, agency_id, broker_id, numerator,
                         denominator, housed, unit_type, building, area::text, price_of_one::text)"""

_LUMPS = f"{_LIVE} SELECT {_LUMP} FROM lumps"  # noqa: S608 - constants

_DEALS = f"""
{_LIVE}
SELECT * FROM (
SELECT NULL AS id, NULL AS number, NULL, NULL, NULL, NULL, NULL, NULL AS contracted_at, NULL, NULL, NULL,
       (SELECT json_agg({_LUMP}) FROM lumps),
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0 AS place
UNION ALL
SELECT d.id::text, d.number, d.price, d.method, d.first_payment_amount, d.loan_amount, d.subscribed_at,
       d.contracted_at, d.handed_over_at, d.handover_sequence, d.cancelled_at,
       s.shares, p.own_before, p.borrowed_before, p.own_after, p.borrowed_after,
       greatest(d.subscribed_at, d.contracted_at, d.handed_over_at, d.cancelled_at, p.last) > %(as_of)s,
       u.unit_type, u.building, u.area, 1
FROM leads_deal d
LEFT JOIN projects_unit u ON %(units)s AND u.id = d.unit_id
LEFT JOIN (
    SELECT s.deal_id, json_agg(json_build_array(r.id, r.filed_at, r.number, r.agency_id, r.broker_id,
                                                s.numerator, s.denominator)) AS shares
    FROM leads_dealshare s
    JOIN leads_deal d ON d.id = s.deal_id AND d.project_id = %(project)s
    JOIN leads_referral r ON r.id = s.referral_id
    WHERE s.ended_at IS NULL
    GROUP BY s.deal_id
) s ON s.deal_id = d.id
LEFT JOIN (
    SELECT p.deal_id, max(p.received_at) AS last,
           sum(p.amount) FILTER (WHERE b.early AND p.source = 'own') AS own_before,
           sum(p.amount) FILTER (WHERE b.early AND p.source <> 'own') AS borrowed_before,
           sum(p.amount) FILTER (WHERE NOT b.early AND p.source = 'own') AS own_after,
           sum(p.amount) FILTER (WHERE NOT b.early AND p.source <> 'own') AS borrowed_after
    FROM leads_payment p
    JOIN leads_deal d ON d.id = p.deal_id
    CROSS JOIN LATERAL (SELECT CASE
        WHEN p.received_at > %(as_of)s THEN NULL
        WHEN d.handed_over_at IS NULL THEN true
        ELSE (p.received_at, p.sequence) < (d.handed_over_at, coalesce(d.handover_sequence, 0))
    END AS early) b
    WHERE d.project_id = %(project)s
    GROUP BY p.deal_id
) p ON p.deal_id = d.id
WHERE d.project_id = %(project)s
) rows
ORDER BY place, contracted_at NULLS LAST, number COLLATE "C"
"""  # noqa: S608 - constants


@dataclass
class DealStream:
    """A project's deals in layout order, as they stood at one moment, to be read once.

    Shape:  contracted deals by (contracted_at, number by code point), the rest last. Payments are added up.
            `lumps` is the same moment's live deals added up, where they were asked for.
    """

    cursor: Any
    project: Project
    as_of: datetime
    lumps: list[Lump] = field(init=False)
    later: bool = False

    def __post_init__(self) -> None:
        row = self.cursor.fetchone()
        self.lumps = [_lump(values, self.project) for values in row[11] or ()]

    def __iter__(self) -> Iterator[DealFact]:
        """Read the deals; `later` then says whether some fact lies after `as_of`."""
        while rows := self.cursor.fetchmany(CHUNK):
            for row in rows:
                self.later = self.later or bool(row[16])
                yield self._fact(row, self._payments(row))

    def _fact(self, row: tuple[Any, ...], payments: tuple[PaymentFact, ...]) -> DealFact:
        handover_sequence = row[9]
        if handover_sequence is None and row[8] is not None:
            handover_sequence = 0
        shares = tuple(map(_share, row[11])) if row[11] else ()
        unit = None if row[19] is None else UnitFact(*row[17:20])
        return DealFact._make((*row[:9], handover_sequence, row[10], shares, payments, unit))

    def _payments(self, row: tuple[Any, ...]) -> tuple[PaymentFact, ...]:
        """Sums stand for payments: just after subscription, or at the instant asked about."""
        own_before, borrowed_before, own_after, borrowed_after = row[12:16]
        found = []
        if own_before is not None:
            found.append(PaymentFact(own_before, Source.OWN, row[6], -1))
        if borrowed_before is not None:
            found.append(PaymentFact(borrowed_before, Source.LOAN, row[6], -1))
        if own_after is not None:
            found.append(PaymentFact(own_after, Source.OWN, self.as_of, _LAST))
        if borrowed_after is not None:
            found.append(PaymentFact(borrowed_after, Source.LOAN, self.as_of, _LAST))
        return tuple(found)


_LAST = 2**31


def _lump(values: list[Any], project: Project) -> Lump:
    subscribed_at, contracted_at, referred, deals, price, agency_id, broker_id, numerator, denominator = values[:9]
    housed, unit_type, building, area, price_of_one = values[9:]
    return Lump(
        clock.local_date(datetime.fromisoformat(subscribed_at), project.zone),
        clock.local_date(datetime.fromisoformat(contracted_at), project.zone),
        referred,
        deals,
        to_minor(Decimal(price), project.currency),
        agency_id,
        broker_id,
        Fraction(numerator, denominator),
        UnitFact(unit_type or "", building or "", Decimal(area)) if housed else None,
        Decimal(price_of_one),
    )


def _share(values: list[Any]) -> ShareFact:
    referral_id, filed_at, number, agency_id, broker_id, numerator, denominator = values
    fraction = _ONE if numerator == denominator else Fraction(numerator, denominator)
    return ShareFact(referral_id, datetime.fromisoformat(filed_at), number, agency_id, broker_id, fraction)


@contextmanager
def deal_stream(
    project: Project, *, as_of: datetime, adds_up: Sequence[Series] = (), units: bool = True, hold: bool = False
) -> Iterator[DealStream]:
    """Open the project's deals, one snapshot, on a server-side cursor; memory does not grow with them.

    `adds_up`: the plans whose versions the stream's lumps are told apart by; none: there are no lumps.
    `units`: whether deals name theirs; where no plan asks, leaving them out saves reading them.
    Locks: none; needs the caller's transaction.
    """
    values = _values(project, as_of, adds_up, units=units)
    # a cursor of our own connection's transaction: Django's chunked one fetches no single row first
    with connection.connection.cursor(name="commission_deals", withhold=hold) as cursor:
        cursor.execute(_DEALS, values)
        yield DealStream(cursor, project, as_of)


def deal_lumps(project: Project, *, as_of: datetime, adds_up: Sequence[Series]) -> list[Lump]:
    """Return the project's live deals added up, as one statement sees them.

    `adds_up`: the plans by whose versions they are told apart.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LUMPS, _values(project, as_of, adds_up, units=True))
        return [_lump(values, project) for (values,) in cursor.fetchall()]


def _values(project: Project, as_of: datetime, adds_up: Sequence[Series], *, units: bool) -> dict[str, Any]:
    return {
        "project": project.pk,
        "as_of": as_of,
        "adds_up": bool(adds_up),
        "turns": _turns(adds_up, project.zone),
        "months": _months(project, as_of) if adds_up else [],
        "units": units,
        **_bands(adds_up),
    }


def _turns(series: Sequence[Series], zone: tzinfo) -> list[datetime]:
    """Return the instants at which some version begins or has ended, or a grade that one asks for begins, in order."""
    days = {version.from_on for one in series for version in one.versions}
    ends = {version.to_on for one in series for version in one.versions if version.to_on}
    days |= {grade.from_on for one in series for grade in one.grades}
    days |= {end + timedelta(days=1) for end in ends - {date.max}}  # after the last day of all nothing begins
    return sorted(_midnight(day, zone) for day in days if day is not None)


def _bands(series: Sequence[Series]) -> dict[str, Any]:
    """Return what of a deal and its unit lumps are told apart by, and where bands that some version asks for turn."""
    asked = [version.conditions for one in series for version in one.versions]
    turns = {name: {getattr(of, name) for of in asked if getattr(of, name)} for name in BANDS}
    ends = {name: {end for band in bands for end in (band.low, band.below)} - {None} for name, bands in turns.items()}
    return {
        "unit_types": any(of.unit_type for of in asked),
        "buildings": any(of.building for of in asked),
        "areas": sorted(ends["area"]),
        "prices": sorted(ends["price"]),
    }


def _months(project: Project, as_of: datetime) -> list[datetime]:
    """Return the instants at which the months begin in which the project's deals may have been contracted."""
    first = Deal.objects.filter(project=project).aggregate(first=Min("contracted_at"))["first"]
    if first is None:
        return []
    day, last = clock.local_date(first, project.zone).replace(day=1), clock.local_date(as_of, project.zone)
    months = []
    while day <= last:
        months.append(_midnight(day, project.zone))
        day = (day + timedelta(days=31)).replace(day=1)
    return months


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)
