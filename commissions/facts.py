"""The facts a run works from, as the engine takes them: plans whole, deals as a stream.

Ids are text here: the engine only passes them through, and making a UUID object of each took a tenth of a run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import groupby
from typing import Any

from django.db import connection

from commissions.engine.plans import read_version
from commissions.engine.types import AppliesTo, DealFact, Payee, PaymentFact, Series, ShareFact, Source
from commissions.models import PlanVersion
from commissions.states import PlanState
from projects.models import Project

CHUNK = 2_000
_ONE = Fraction(1)


def version_fields(version: PlanVersion) -> dict[str, Any]:
    """Return a version's rules under the names people and interfaces use (engine.plans)."""
    retention = version.retention_fraction
    return {
        "payee": version.plan.payee,
        "applies_to": version.plan.applies_to,
        "from": version.from_on,
        "to": version.to_on,
        "basis": version.basis,
        "measure": version.measure,
        "period": version.period,
        "scope": version.scope,
        "mode": version.mode,
        "tiers": version.tiers,
        "bonuses": version.bonuses,
        "release": version.release,
        "retention": None if retention is None else {"fraction": f"{retention:f}", "until": "handover"},
    }


def approved_series(project: Project) -> list[Series]:
    """Return the project's plans with their approved versions."""
    versions = (
        PlanVersion.objects.filter(plan__project=project, state=PlanState.APPROVED)
        .select_related("plan__agency")
        .order_by("plan_id", "number")
    )
    series = []
    for plan, found in groupby(versions, key=lambda version: version.plan):
        onsite = plan.agency.is_onsite
        series.append(
            Series(
                id=str(plan.pk),
                agency_id=str(plan.agency_id),
                onsite=onsite,
                payee=Payee(plan.payee),
                applies_to=AppliesTo(plan.applies_to),
                versions=tuple(
                    read_version(
                        version_fields(version),
                        version_id=str(version.pk),
                        series_id=str(plan.pk),
                        currency=project.currency,
                        onsite=onsite,
                    )
                    for version in found
                ),
            )
        )
    return series


_DEALS = """
SELECT d.id::text, d.number, d.price, d.method, d.first_payment_amount, d.loan_amount, d.subscribed_at,
       d.contracted_at, d.handed_over_at, d.handover_sequence, d.cancelled_at,
       s.shares, p.own_before, p.borrowed_before, p.own_after, p.borrowed_after,
       greatest(d.subscribed_at, d.contracted_at, d.handed_over_at, d.cancelled_at, p.last) > %(as_of)s
FROM leads_deal d
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
ORDER BY d.contracted_at NULLS LAST, d.number COLLATE "C"
"""


@dataclass
class DealStream:
    """A project's deals in layout order, as they stood at one moment, readable twice.

    Shape:  contracted deals by (contracted_at, number by code point), the rest last. Payments are added up.
    """

    cursor: Any
    as_of: datetime
    later: bool = False
    _begun: bool = False

    def __iter__(self) -> Iterator[DealFact]:
        """Read from the first deal; `later` then says whether some fact lies after `as_of`."""
        for row in self._rows():
            self.later = self.later or bool(row[16])
            yield self._fact(row, self._payments(row))

    def without_payments(self) -> Iterator[DealFact]:
        """Read from the first deal what adding up periods needs."""
        for row in self._rows():
            yield self._fact(row, ())

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        if self._begun:
            self.cursor.scroll(0, mode="absolute")
        self._begun = True
        while rows := self.cursor.fetchmany(CHUNK):
            yield from rows

    def _fact(self, row: tuple[Any, ...], payments: tuple[PaymentFact, ...]) -> DealFact:
        handover_sequence = row[9]
        if handover_sequence is None and row[8] is not None:
            handover_sequence = 0
        return DealFact(
            id=row[0],
            number=row[1],
            price=row[2],
            method=row[3],
            first_payment_amount=row[4],
            loan_amount=row[5],
            subscribed_at=row[6],
            contracted_at=row[7],
            handed_over_at=row[8],
            handover_sequence=handover_sequence,
            cancelled_at=row[10],
            shares=tuple(map(_share, row[11])) if row[11] else (),
            payments=payments,
        )

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


def _share(values: list[Any]) -> ShareFact:
    referral_id, filed_at, number, agency_id, broker_id, numerator, denominator = values
    fraction = _ONE if numerator == denominator else Fraction(numerator, denominator)
    return ShareFact(referral_id, datetime.fromisoformat(filed_at), number, agency_id, broker_id, fraction)


@contextmanager
def deal_stream(project: Project, *, as_of: datetime) -> Iterator[DealStream]:
    """Open the project's deals, one snapshot, on a server-side cursor; memory does not grow with them.

    Locks: none; needs the caller's transaction.
    """
    # a cursor of our own connection's transaction: Django has no server-side one that can be read twice
    with connection.connection.cursor(name="commission_deals", scrollable=True) as cursor:
        cursor.execute(_DEALS, {"project": project.pk, "as_of": as_of})
        yield DealStream(cursor, as_of)
