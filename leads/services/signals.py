"""Risk signals: looking for them, each once, and their being judged by people. None changes anything by itself."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, F
from django.urls import reverse

from brokers.models import Broker
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Can, Role
from channels_platform.accounts.selectors import staff_of
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed
from channels_platform.lib.names import clean_text
from channels_platform.notices.services import tell
from leads.holders import FILER, filers, held_at
from leads.models import Referral, RiskSignal, Visit
from leads.services.probing import SPAN
from leads.states import Reason, SignalKind, SignalState

LOOKS_BACK = timedelta(hours=48)
AT_ARRIVAL = timedelta(minutes=15)
BEFORE_WALK_IN, AFTER_WALK_IN = timedelta(minutes=15), timedelta(minutes=60)
BEFORE_DEAL = timedelta(hours=24)
SHARE_SPAN, FEWEST_TURNED, TIMES_THE_NORM = timedelta(days=90), 3, 3
CIRCLE_SPAN, FEWEST_OWN = timedelta(days=30), 3
RAISED = "signal.raised"

_AROUND_WALK_INS = """
SELECT DISTINCT ON (r.id) r.id, n.visited_at, n.recorded_by_id::text
FROM leads_referral r
JOIN leads_referralphone p ON p.referral_id = r.id
JOIN leads_naturalvisit n ON n.phone_id = p.phone_id AND n.project_id = r.project_id
     AND n.visited_at BETWEEN r.filed_at - %(after)s AND r.filed_at + %(before)s
WHERE r.filed_at > %(since)s AND r.filed_at <= %(now)s
ORDER BY r.id, n.visited_at
"""

# How many of each broker's filings were of people who had walked in before; the norm is all others' in the project.
_TURNED = f"""
SELECT broker_id, project_id, filed, turned, all_filed - filed AS others_filed, all_turned - turned AS others_turned
FROM (
    SELECT broker_id, project_id, count(*) AS filed, count(*) FILTER (WHERE walked_in) AS turned,
           sum(count(*)) OVER project AS all_filed, sum(count(*) FILTER (WHERE walked_in)) OVER project AS all_turned
    FROM (
        SELECT {FILER} AS broker_id, r.project_id, EXISTS (
            SELECT 1 FROM leads_referralphone p
            JOIN leads_naturalvisit n ON n.phone_id = p.phone_id AND n.project_id = r.project_id
            WHERE p.referral_id = r.id AND n.visited_at < r.filed_at AND n.visited_at > r.filed_at - %(span)s
        ) AS walked_in
        FROM leads_referral r
        WHERE r.filed_at > %(since)s AND r.filed_at <= %(now)s
    ) filings
    GROUP BY broker_id, project_id
    WINDOW project AS (PARTITION BY project_id)
) brokers
WHERE turned >= %(fewest)s AND turned * greatest(all_filed - filed, 1) > %(times)s * (all_turned - turned) * filed
"""  # noqa: S608 - put together of the constants above only

_ADDED = """
SELECT DISTINCT ON (r.id, d.id) r.id, d.number, p.added_at, d.subscribed_at
FROM leads_deal d
JOIN leads_dealshare s ON s.deal_id = d.id AND s.ended_at IS NULL
JOIN leads_referral r ON r.id = s.referral_id
JOIN leads_referralphone p ON p.referral_id = r.id AND p.added_at > r.filed_at
     AND p.added_at BETWEEN d.subscribed_at - %(before)s AND d.subscribed_at
JOIN leads_dealbuyer b ON b.deal_id = d.id AND b.phone_id = p.phone_id
WHERE d.subscribed_at > %(since)s AND d.subscribed_at <= %(now)s
ORDER BY r.id, d.id, p.added_at
"""


@transactional
def find_signals() -> dict[str, int]:
    """Look for what is worth a look, and tell the projects' managers of what is new.

    Shape:  {"found"}: how many were not known before.
    Writes: RiskSignal, Notice, audit event `signal.raised`.
    """
    now = clock.now()
    looks = (_at_arrival, _around_walk_ins, _turned, _own_circle, _added, _probing)
    kept = list(_kept([signal for look in looks for signal in look(now)]))
    for signal in kept:
        record(
            RAISED, actor=None, target=signal, project=signal.project_id, agency=signal.broker.agency_id,
            after={"kind": signal.kind},
        )  # fmt: skip
        _tell(signal)
    return {"found": len(kept)}


@transactional
def judge_signal(*, actor: Any, signal: RiskSignal, confirmed: bool, reason: str) -> RiskSignal:
    """Say that a signal was right, or that it was not; it stays said.

    Raises: Forbidden; Invalid `reason_required`; NotAllowed when it is judged.
    Locks:  the signal.
    Writes: RiskSignal, audit event `signal.confirmed` or `signal.dismissed`.
    """
    require_person(actor, Can.JUDGE_SIGNAL)
    if not reason.strip():
        raise Invalid("say why", code="reason_required", field="reason")
    locked = RiskSignal.objects.select_for_update(of=("self",)).select_related("broker").get(pk=signal.pk)
    if locked.state != SignalState.OPEN:
        raise NotAllowed("the signal is judged")
    locked.state = SignalState.CONFIRMED if confirmed else SignalState.DISMISSED
    locked.judged_by, locked.judged_at, locked.judgement = actor, clock.now(), clean_text(reason)
    locked.save(update_fields=["state", "judged_by", "judged_at", "judgement"])
    record(
        f"signal.{locked.state}",
        actor=actor,
        target=locked,
        project=locked.project_id,
        agency=locked.broker.agency_id,
        reason=reason,
    )
    return locked


def _kept(found: list[RiskSignal]) -> Iterable[RiskSignal]:
    """Keep what is new; two who look at once keep each thing once."""
    by_once = {signal.once: signal for signal in found}
    known = set(RiskSignal.objects.filter(once__in=list(by_once)).values_list("once", flat=True))
    new = [signal for once, signal in by_once.items() if once not in known]
    RiskSignal.objects.bulk_create(new, ignore_conflicts=True)
    mine = [signal.pk for signal in new]
    return RiskSignal.objects.filter(pk__in=mine).select_related("broker__user", "broker__agency", "project")


def _tell(signal: RiskSignal) -> None:
    tell(
        kind=RAISED,
        recipients=staff_of([signal.project] if signal.project else [], [Role.MARKETING_MANAGER]),
        target=signal,
        project=signal.project,
        facts={"broker": str(signal.broker), "agency": signal.broker.agency.name},
        path=reverse("admin:leads_risksignal_change", args=[signal.pk]),
        once=str(signal.pk),
    )


def _signal(kind: SignalKind, broker_id: Any, project_id: Any, now: datetime, *, once: str, **facts: Any) -> RiskSignal:
    referral_id = facts.pop("referral_id", None)
    return RiskSignal(
        kind=kind,
        broker_id=broker_id,
        project_id=project_id,
        referral_id=referral_id,
        evidence=facts,
        once=f"{kind}:{once}",
        found_at=now,
    )


def _at_arrival(now: datetime) -> Iterator[RiskSignal]:
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
        yield _signal(
            SignalKind.FILED_AT_ARRIVAL,
            by[referral.pk],
            referral.project_id,
            now,
            once=str(referral.pk),
            referral_id=referral.pk,
            minutes=int((visit.arrived_at - referral.filed_at).total_seconds() // 60),
            received_by=str(visit.received_by or ""),
        )


def _around_walk_ins(now: datetime) -> Iterator[RiskSignal]:
    values = {"after": AFTER_WALK_IN, "before": BEFORE_WALK_IN, "since": now - LOOKS_BACK, "now": now}
    rows = {row[0]: row[1:] for row in _rows(_AROUND_WALK_INS, values)}
    people = {str(one.pk): str(one) for one in User.objects.filter(pk__in=[who for _at, who in rows.values() if who])}
    found = list(Referral.objects.filter(pk__in=list(rows)))
    by = filers(found)
    for referral in found:
        walked_in_at, recorded_by = rows[referral.pk]
        yield _signal(
            SignalKind.FILED_AFTER_WALK_IN,
            by[referral.pk],
            referral.project_id,
            now,
            once=str(referral.pk),
            referral_id=referral.pk,
            minutes=int((referral.filed_at - walked_in_at).total_seconds() // 60),
            recorded_by=people.get(recorded_by or "", ""),
        )


def _turned(now: datetime) -> Iterator[RiskSignal]:
    values = {
        "span": SHARE_SPAN, "since": now - SHARE_SPAN, "now": now, "fewest": FEWEST_TURNED, "times": TIMES_THE_NORM,
    }  # fmt: skip
    for broker_id, project_id, filed, turned, others_filed, others_turned in _rows(_TURNED, values):
        yield _signal(
            SignalKind.WALK_INS_TURNED,
            broker_id,
            project_id,
            now,
            once=f"{broker_id}:{project_id}:{now:%G-%V}",
            filed=filed,
            turned=turned,
            others_filed=int(others_filed),
            others_turned=int(others_turned),
        )


def _own_circle(now: datetime) -> Iterator[RiskSignal]:
    filings = Referral.objects.filter(reason=Reason.OWN_PHONE, filed_at__gt=now - CIRCLE_SPAN, filed_at__lte=now)
    counts = filings.values("broker_id", "project_id").annotate(times=Count("pk")).filter(times__gte=FEWEST_OWN)
    for row in counts.order_by("broker_id"):
        once = f"{row['broker_id']}:{row['project_id']}:{now:%G-%V}"
        yield _signal(
            SignalKind.OWN_CIRCLE, row["broker_id"], row["project_id"], now, once=once, times=row["times"],
        )  # fmt: skip


def _added(now: datetime) -> Iterator[RiskSignal]:
    values = {"before": BEFORE_DEAL, "since": now - LOOKS_BACK, "now": now}
    rows = list(_rows(_ADDED, values))
    referrals = Referral.objects.in_bulk([row[0] for row in rows])
    for referral_id, number, added_at, subscribed_at in rows:
        referral = referrals[referral_id]
        yield _signal(
            SignalKind.ADDED_BEFORE_DEAL,
            held_at(referral, added_at),
            referral.project_id,
            now,
            once=f"{referral_id}:{number}",
            referral_id=referral_id,
            deal=number,
            minutes=int((subscribed_at - added_at).total_seconds() // 60),
        )


def _probing(now: datetime) -> Iterator[RiskSignal]:
    for broker in Broker.objects.filter(probing_flagged_at__gt=now - LOOKS_BACK, probing_flagged_at__lte=now):
        flagged_at = broker.probing_flagged_at
        hours = SPAN // timedelta(hours=1)
        yield _signal(SignalKind.PROBING, broker.pk, None, now, once=f"{broker.pk}:{flagged_at}", hours=hours)


def _rows(sql: str, values: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        yield from cursor.fetchall()
