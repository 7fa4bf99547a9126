"""What keeps payable money from being paid: an agreement ended for interception (拦客截客), or a hold by hand (冻结).

The first is read off the agreement, written down nowhere else: held is what the agency, and each of its brokers in
person, has unpaid above zero in the agreement's project. The second is one payee's, in one project or in all, until a
day or until lifted. What is owed back there is netted as ever. The ledger does not move: a hold only keeps payouts
from taking it. Both are judged by the clock when somebody looks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import DateTimeField, Min, Q, QuerySet, TextField, Value
from django.utils.translation import gettext as _

from brokers.selectors import agreements_holding
from channels_platform.lib import clock
from channels_platform.presentation import formats
from commissions.contested import Contested, contested_lines
from commissions.models import Payee, PayeeHold
from projects.models import Project

# Whose payables are held in which project at `now`, since when and why: of several holds the earliest.
HOLDS = """
SELECT DISTINCT ON (payee_id, project_id) payee_id, project_id, since, until, reason, by_hand, agency_id
FROM (
    SELECT p.id AS payee_id, a.project_id, a.ended_at AS since, NULL::timestamptz AS until, '' AS reason,
           false AS by_hand, a.agency_id
    FROM brokers_agreement a
    CROSS JOIN LATERAL (
        SELECT id FROM commissions_payee WHERE agency_id = a.agency_id
        UNION ALL
        SELECT q.id FROM commissions_payee q JOIN brokers_broker b ON b.id = q.broker_id
        WHERE b.agency_id = a.agency_id
    ) p
    WHERE a.ending = 'interception' AND a.lifted_at IS NULL
    UNION ALL
    SELECT h.payee_id, j.id, h.from_at, h.until_at, h.reason, true, coalesce(p.agency_id, b.agency_id)
    FROM commissions_payeehold h
    JOIN projects_project j ON h.project_id IS NULL OR j.id = h.project_id
    JOIN commissions_payee p ON p.id = h.payee_id
    LEFT JOIN brokers_broker b ON b.id = p.broker_id
    WHERE h.lifted_at IS NULL AND h.from_at <= %(now)s AND (h.until_at IS NULL OR h.until_at > %(now)s)
) found
ORDER BY payee_id, project_id, since
"""

_INSTANT = DateTimeField()

_LINES = f"""
SELECT l.id, CASE WHEN h.by_hand THEN coalesce(own.name, u.name) ELSE g.name END, j.name, j.timezone,
       h.since, h.until, h.reason, h.by_hand
FROM commissions_payoutline l
JOIN ({HOLDS}) h ON h.payee_id = l.payee_id
JOIN commissions_payoutentry i ON i.line_id = l.id AND i.live
JOIN commissions_ledgerentry e ON e.id = i.entry_id AND e.project_id = h.project_id
JOIN brokers_agency g ON g.id = h.agency_id
JOIN projects_project j ON j.id = h.project_id
JOIN commissions_payee p ON p.id = l.payee_id
LEFT JOIN brokers_agency own ON own.id = p.agency_id
LEFT JOIN brokers_broker b ON b.id = p.broker_id
LEFT JOIN accounts_user u ON u.id = b.user_id
WHERE l.id = ANY(%(lines)s) AND l.state = 'open'
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
HAVING sum(e.amount) > 0
ORDER BY 5, 3
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Hold:
    """Whose unpaid commission waits, in which project, since when; by hand also until when and why."""

    whose: str
    project: str
    zone: str
    since: datetime
    until: datetime | None = None
    reason: str = ""
    by_hand: bool = False

    def __str__(self) -> str:
        facts = {"agency": self.whose, "project": self.project, "day": formats.day(self.since, self.zone)}
        if not self.by_hand:
            said = _("Held: the agreement of %(agency)s for %(project)s ended for interception on %(day)s.")
            return said % facts
        facts |= {"payee": self.whose, "reason": self.reason}
        if self.until is None:
            return _("Held: %(payee)s in %(project)s, by hand, since %(day)s: %(reason)s") % facts
        facts["last"] = formats.day(self.until - timedelta(microseconds=1), self.zone)
        return _("Held: %(payee)s in %(project)s, by hand, from %(day)s to %(last)s: %(reason)s") % facts


@dataclass(frozen=True, slots=True)
class Holding:
    """Since when, until when and why something is held."""

    since: datetime
    until: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Holds:
    """What is held now: by agency and project, of an ended agreement; by payee and project (None: all), by hand."""

    agreements: dict[tuple[UUID, UUID], Holding]
    by_hand: dict[tuple[UUID, UUID | None], Holding]

    def hold(self, *, payee_id: UUID, agency_id: UUID, project_id: UUID) -> bool:
        """Whether something holds what a payee has unpaid in a project."""
        by_hand = (payee_id, project_id) in self.by_hand or (payee_id, None) in self.by_hand
        return by_hand or (agency_id, project_id) in self.agreements


def hand_holds_in_force(now: datetime) -> QuerySet[PayeeHold]:
    """Return the holds by hand that are in force at an instant."""
    holds = PayeeHold.objects.filter(lifted_at__isnull=True, from_at__lte=now)
    return holds.filter(Q(until_at__isnull=True) | Q(until_at__gt=now))


# What keeps a payout line from being paid, and says so.
Held = Hold | Contested


def holds_in_force() -> Holds:
    """Return all that is held now, in one statement."""
    now = clock.now()
    facts = {"until": Value(None, _INSTANT), "reason": Value("", TextField()), "hand": Value(value=False)}
    ended = agreements_holding().order_by().values("agency_id", "project_id").annotate(since=Min("ended_at"), **facts)
    hand = hand_holds_in_force(now).order_by().annotate(hand=Value(value=True))
    rows = ended.values_list("hand", "agency_id", "project_id", "since", "until", "reason").union(
        hand.values_list("hand", "payee_id", "project_id", "from_at", "until_at", "reason"), all=True
    )
    found = Holds({}, {})
    for by_hand, whose, project_id, *holding in rows:
        held: dict[Any, Holding] = found.by_hand if by_hand else found.agreements
        held[whose, project_id] = Holding(*holding)
    return found


def hold_of(payee: Payee, project: Project, holds: Holds) -> Hold | None:
    """Return the hold on what a payee has unpaid in a project, the earliest of several; None where there is none."""
    agency: Any = payee.agency or payee.broker.agency  # type: ignore[union-attr]
    named = project.name, project.timezone
    hand = [held for place in (project.pk, None) if (held := holds.by_hand.get((payee.pk, place))) is not None]
    found = [Hold(str(payee), *named, held.since, held.until, held.reason, by_hand=True) for held in hand]
    if (ended := holds.agreements.get((agency.pk, project.pk))) is not None:
        found.append(Hold(agency.name, *named, ended.since))
    return min(found, key=lambda one: one.since, default=None)


def held_lines(line_ids: Iterable[UUID]) -> dict[UUID, Held]:
    """Return which of these lines are open and contain something held: each with its hold, the earliest of several.

    Until it is approved, a line also waits where something in it is contested.
    """
    asked = list(line_ids)
    with connection.cursor() as cursor:
        cursor.execute(_LINES, {"lines": asked, "now": clock.now()})
        rows = cursor.fetchall()
    found: dict[UUID, Held] = {}
    for line_id, *facts in rows:
        found.setdefault(line_id, Hold(*facts))
    return {**contested_lines(asked), **found}
