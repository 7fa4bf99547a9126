"""Looks at what was entered or changed after the fact, where the outcome hangs on it."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from channels_platform.accounts.models import User
from channels_platform.audit.models import Event
from leads.holders import filers, held_at
from leads.models import Deal, Referral, RiskSignal
from leads.services.looks import LOOKS_BACK, raised, rows_of
from leads.states import SignalKind

BEFORE_DEAL = timedelta(hours=24)
LATE_DEAL = timedelta(hours=24)
LATE_WALK_IN = timedelta(minutes=15)

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


# Deals entered long after their date, where a claim on a buyer's phone began or ended in between: the date decided.
_BACKDATED = """
SELECT d.id, d.project_id, d.number, d.subscribed_at, d.recorded_at,
       (SELECT s.referral_id FROM leads_dealshare s JOIN leads_referral r ON r.id = s.referral_id
        WHERE s.deal_id = d.id AND s.ended_at IS NULL ORDER BY r.filed_at, r.id LIMIT 1)
FROM leads_deal d
WHERE d.recorded_at > %(since)s AND d.recorded_at <= %(now)s AND d.subscribed_at <= d.recorded_at - %(late)s
  AND EXISTS (
    SELECT 1 FROM leads_dealbuyer b JOIN leads_claim c ON c.phone_id = b.phone_id AND c.project_id = d.project_id
    WHERE b.deal_id = d.id
      AND ((c.starts_at > d.subscribed_at AND c.starts_at < d.recorded_at)
           OR (least(c.ends_at, c.released_at) > d.subscribed_at AND least(c.ends_at, c.released_at) < d.recorded_at))
  )
ORDER BY d.id
"""

# Deals amended until the referral brought none of the buyers; a proxy purchase has none from the start.
_BUYERS_CHANGED = """
SELECT DISTINCT ON (d.id, s.referral_id) s.referral_id, d.number, d.subscribed_at, a.at, a.amended_by_id
FROM leads_amendment a
JOIN leads_deal d ON d.id = a.deal_id
JOIN leads_dealshare s ON s.deal_id = d.id AND s.ended_at IS NULL
JOIN leads_referral r ON r.id = s.referral_id
JOIN projects_policy y ON y.id = r.policy_id
WHERE a.at > %(since)s AND a.at <= %(now)s AND jsonb_exists(a.after, 'buyers') AND s.decision_id IS NULL
  AND NOT (y.proxy_purchase AND s.referral_id IS NOT DISTINCT FROM d.visitor_id)
  AND NOT EXISTS (
    SELECT 1 FROM leads_dealbuyer b JOIN leads_referralphone p ON p.phone_id = b.phone_id
    WHERE b.deal_id = d.id AND p.referral_id = s.referral_id
  )
ORDER BY d.id, s.referral_id, a.at
"""

_LATE_WALK_INS = """
SELECT DISTINCT ON (n.id) n.id::text, n.recorded_by_id, n.visited_at, n.recorded_at, r.id
FROM leads_naturalvisit n
JOIN leads_referralphone p ON p.phone_id = n.phone_id
JOIN leads_referral r ON r.id = p.referral_id AND r.project_id = n.project_id
     AND r.filed_at > n.visited_at AND r.filed_at < n.recorded_at
WHERE n.recorded_at > %(since)s AND n.recorded_at <= %(now)s AND n.visited_at <= n.recorded_at - %(late)s
ORDER BY n.id, r.filed_at, r.id
"""


def added(now: datetime) -> Iterator[RiskSignal]:
    values = {"before": BEFORE_DEAL, "since": now - LOOKS_BACK, "now": now}
    rows = list(rows_of(_ADDED, values))
    referrals = Referral.objects.in_bulk([row[0] for row in rows])
    for referral_id, number, added_at, subscribed_at in rows:
        referral = referrals[referral_id]
        yield raised(
            SignalKind.ADDED_BEFORE_DEAL,
            held_at(referral, added_at),
            referral.project_id,
            now,
            once=f"{referral_id}:{number}",
            referral_id=referral_id,
            deal=number,
            minutes=int((subscribed_at - added_at).total_seconds() // 60),
        )


def backdated_deals(now: datetime) -> Iterator[RiskSignal]:
    rows = list(rows_of(_BACKDATED, {"since": now - LOOKS_BACK, "now": now, "late": LATE_DEAL}))
    by, entered = (
        filers(Referral.objects.filter(pk__in=[row[5] for row in rows if row[5]])),
        _entered_by(row[0] for row in rows),
    )
    for deal_id, project_id, number, subscribed_at, recorded_at, referral_id in rows:
        person = entered.get(str(deal_id))
        if referral_id is None and person is None:
            continue  # natural, and by nobody: there is nobody to ask
        yield raised(
            SignalKind.DEAL_BACKDATED,
            referral_id and by[referral_id],
            project_id,
            now,
            once=number,
            person_id=person and person.pk,
            referral_id=referral_id,
            deal=number,
            hours=int((recorded_at - subscribed_at) / timedelta(hours=1)),
            entered_by=str(person or ""),
        )


def changed_buyers(now: datetime) -> Iterator[RiskSignal]:
    rows = list(rows_of(_BUYERS_CHANGED, {"since": now - LOOKS_BACK, "now": now}))
    referrals = Referral.objects.in_bulk([row[0] for row in rows])
    people = User.objects.in_bulk([row[4] for row in rows if row[4]])
    for referral_id, number, subscribed_at, at, amended_by in rows:
        referral = referrals[referral_id]
        yield raised(
            SignalKind.BUYERS_CHANGED,
            held_at(referral, subscribed_at),
            referral.project_id,
            now,
            once=f"{referral_id}:{number}",
            person_id=amended_by,
            referral_id=referral_id,
            deal=number,
            hours=int((at - subscribed_at) / timedelta(hours=1)),
            amended_by=str(people.get(amended_by, "")),
        )


def late_walk_ins(now: datetime) -> Iterator[RiskSignal]:
    rows = list(rows_of(_LATE_WALK_INS, {"since": now - LOOKS_BACK, "now": now, "late": LATE_WALK_IN}))
    referrals = Referral.objects.in_bulk([row[4] for row in rows])
    by = filers(referrals.values())
    people = User.objects.in_bulk([row[1] for row in rows if row[1]])
    for visit_id, recorded_by, visited_at, recorded_at, referral_id in rows:
        yield raised(
            SignalKind.WALK_IN_BACKDATED,
            by[referral_id],
            referrals[referral_id].project_id,
            now,
            once=visit_id,
            person_id=recorded_by,
            referral_id=referral_id,
            minutes=int((recorded_at - visited_at).total_seconds() // 60),
            recorded_by=str(people.get(recorded_by, "")),
        )


def _entered_by(deal_ids: Iterable[UUID]) -> dict[str, Any]:
    """Return who entered each deal, by its id as text, where it was a person."""
    entered = Event.objects.filter(
        target_kind=Deal._meta.label_lower, target_id__in=[str(pk) for pk in deal_ids], action="deal.subscribed"
    ).select_related("actor")
    return {event.target_id: event.actor for event in entered if event.actor is not None}
