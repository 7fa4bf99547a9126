"""Looks at filings: just before their arrival, of colleagues' phones, asked to find out, from one device for many."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F

from brokers.models import Broker
from leads.holders import FILER, filers
from leads.models import Referral, RiskSignal, Visit
from leads.services.looks import LOOKS_BACK, raised, rows_of, week
from leads.services.probing import SPAN
from leads.states import Reason, SignalKind

AT_ARRIVAL = timedelta(minutes=15)
CIRCLE_SPAN, FEWEST_OWN = timedelta(days=30), 3
# A shop shares its computer, an office and a mobile network their address.
DEVICE_SPAN, FEWEST_ON_DEVICE, FEWEST_SHOPS = timedelta(days=30), 3, 2
ADDRESS_SPAN, FEWEST_AT_ADDRESS, FEWEST_AGENCIES = timedelta(hours=24), 8, 3

_FILED_FROM = f"""
WITH filings AS (
    SELECT o.{{column}} AS origin, r.project_id, {FILER} AS broker_id
    FROM leads_filingorigin o JOIN leads_referral r ON r.id = o.referral_id
    WHERE o.{{column}} IS NOT NULL AND r.filed_at > %(since)s AND r.filed_at <= %(now)s
),
brokers AS (
    SELECT f.origin, f.broker_id, b.agency_id, b.store_id, count(*) AS filed,
           array_agg(DISTINCT f.project_id) AS projects
    FROM filings f JOIN brokers_broker b ON b.id = f.broker_id
    GROUP BY f.origin, f.broker_id, b.agency_id, b.store_id
),
many AS (
    SELECT origin FROM brokers GROUP BY origin
    HAVING count(*) >= %(brokers)s AND count(DISTINCT (agency_id, store_id)) >= %(shops)s
       AND count(DISTINCT agency_id) >= %(agencies)s
)
SELECT origin, broker_id, filed, projects FROM brokers JOIN many USING (origin) ORDER BY origin, filed DESC, broker_id
"""  # noqa: S608 - put together of the constants above only


def at_arrival(now: datetime) -> Iterator[RiskSignal]:
    visits = Visit.objects.filter(
        confirmed=True,
        arrived_at__gt=now - LOOKS_BACK,
        arrived_at__lte=now,
        arrived_at=F("referral__first_visited_at"),
        referral__filed_at__gte=F("arrived_at") - AT_ARRIVAL,
    ).select_related("referral", "received_by")
    found = list(visits)
    by = filers(visit.referral for visit in found)
    for visit in found:
        referral = visit.referral
        yield raised(
            SignalKind.FILED_AT_ARRIVAL,
            by[referral.pk],
            referral.project_id,
            now,
            once=str(referral.pk),
            referral_id=referral.pk,
            minutes=int((visit.arrived_at - referral.filed_at).total_seconds() // 60),
            received_by=str(visit.received_by or ""),
        )


def own_circle(now: datetime) -> Iterator[RiskSignal]:
    filings = Referral.objects.filter(reason=Reason.OWN_PHONE, filed_at__gt=now - CIRCLE_SPAN, filed_at__lte=now)
    counts = filings.values("broker_id", "project_id").annotate(times=Count("pk")).filter(times__gte=FEWEST_OWN)
    for row in counts.order_by("broker_id"):
        once = f"{row['broker_id']}:{row['project_id']}:{week(now)}"
        yield raised(
            SignalKind.OWN_CIRCLE, row["broker_id"], row["project_id"], now, once=once, times=row["times"],
        )  # fmt: skip


def probing(now: datetime) -> Iterator[RiskSignal]:
    for broker in Broker.objects.filter(probing_flagged_at__gt=now - LOOKS_BACK, probing_flagged_at__lte=now):
        flagged_at = broker.probing_flagged_at
        hours = SPAN // timedelta(hours=1)
        yield raised(SignalKind.PROBING, broker.pk, None, now, once=f"{broker.pk}:{flagged_at}", hours=hours)


def shared_devices(now: datetime) -> Iterable[RiskSignal]:
    values = {"since": now - DEVICE_SPAN, "brokers": FEWEST_ON_DEVICE, "shops": FEWEST_SHOPS, "agencies": 1}
    return _shared(SignalKind.SHARED_DEVICE, "device", now, values)


def shared_addresses(now: datetime) -> Iterable[RiskSignal]:
    values = {
        "since": now - ADDRESS_SPAN, "brokers": FEWEST_AT_ADDRESS, "shops": 1, "agencies": FEWEST_AGENCIES,
    }  # fmt: skip
    return _shared(SignalKind.SHARED_ADDRESS, "address", now, values)


def _shared(kind: SignalKind, column: str, now: datetime, values: dict[str, Any]) -> Iterator[RiskSignal]:
    """Yield a signal for each origin of many brokers: about who filed most, with all of them as evidence.

    `once` names the brokers, not the origin: nothing of that is kept longer than its own row.
    """
    found: dict[bytes, list[tuple[Any, int, list[Any]]]] = {}
    for origin, broker_id, filed, projects in rows_of(_FILED_FROM.format(column=column), {**values, "now": now}):
        found.setdefault(bytes(origin), []).append((broker_id, filed, projects))
    ids = [broker_id for rows in found.values() for broker_id, *_rest in rows]
    brokers = Broker.objects.select_related("user", "agency").in_bulk(ids)
    for rows in found.values():
        projects = {project for _broker, _filed, of_broker in rows for project in of_broker}
        names = "|".join(sorted(str(broker_id) for broker_id, *_rest in rows))
        yield raised(
            kind,
            rows[0][0],
            projects.pop() if len(projects) == 1 else None,
            now,
            once=f"{hashlib.sha256(names.encode()).hexdigest()[:32]}:{week(now)}",
            brokers=[[str(brokers[pk]), brokers[pk].agency.name, filed] for pk, filed, _projects in rows],
            filed=sum(filed for _broker, filed, _projects in rows),
        )
