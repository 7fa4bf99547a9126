"""What an agreement ended for interception (拦客截客) holds: read off the agreement, written down nowhere else.

Held is what the agency, and each of its brokers in person, has unpaid above zero in the agreement's project. What is
owed back there is netted as ever. The ledger does not move: a hold only keeps payouts from taking it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Min
from django.utils.translation import gettext as _

from brokers.selectors import agreements_holding
from channels_platform.presentation import formats
from commissions.contested import Contested, contested_lines
from commissions.models import Payee
from projects.models import Project

# Whose payables are held in which project, since when: agencies, and their brokers in person.
HOLDS = """
SELECT p.id AS payee_id, a.agency_id, a.project_id, min(a.ended_at) AS since
FROM brokers_agreement a
CROSS JOIN LATERAL (
    SELECT id FROM commissions_payee WHERE agency_id = a.agency_id
    UNION ALL
    SELECT q.id FROM commissions_payee q JOIN brokers_broker b ON b.id = q.broker_id WHERE b.agency_id = a.agency_id
) p
WHERE a.ending = 'interception' AND a.lifted_at IS NULL
GROUP BY 1, 2, 3
"""

_LINES = f"""
SELECT l.id, g.name, j.name, j.timezone, h.since
FROM commissions_payoutline l
JOIN ({HOLDS}) h ON h.payee_id = l.payee_id
JOIN commissions_payoutentry i ON i.line_id = l.id AND i.live
JOIN commissions_ledgerentry e ON e.id = i.entry_id AND e.project_id = h.project_id
JOIN brokers_agency g ON g.id = h.agency_id
JOIN projects_project j ON j.id = h.project_id
WHERE l.id = ANY(%(lines)s) AND l.state = 'open'
GROUP BY l.id, g.name, j.name, j.timezone, h.since
HAVING sum(e.amount) > 0
ORDER BY h.since, j.name
"""  # noqa: S608 - constants

Holds = dict[tuple[UUID, UUID], datetime]


@dataclass(frozen=True, slots=True)
class Hold:
    """Whose unpaid commission waits, in which project, since when."""

    agency: str
    project: str
    zone: str
    since: datetime

    def __str__(self) -> str:
        return _("Held: the agreement of %(agency)s for %(project)s ended for interception on %(day)s.") % {
            "agency": self.agency,
            "project": self.project,
            "day": formats.day(self.since, self.zone),
        }


# What keeps a payout line from being paid, and says so.
Held = Hold | Contested


def holds_in_force() -> Holds:
    """Return since when what an agency has unpaid in a project is held, by the two's ids."""
    found = agreements_holding().order_by().values_list("agency_id", "project_id").annotate(Min("ended_at"))
    return {(agency_id, project_id): since for agency_id, project_id, since in found}


def hold_of(payee: Payee, project: Project, holds: Holds) -> Hold | None:
    """Return the hold on what a payee has unpaid in a project, where there is one."""
    agency: Any = payee.agency or payee.broker.agency  # type: ignore[union-attr]
    since = holds.get((agency.pk, project.pk))
    return None if since is None else Hold(agency.name, project.name, project.timezone, since)


def held_lines(line_ids: Iterable[UUID]) -> dict[UUID, Held]:
    """Return which of these lines are open and contain something held: each with its hold, the earliest of several.

    Until it is approved, a line also waits where something in it is contested.
    """
    asked = list(line_ids)
    with connection.cursor() as cursor:
        cursor.execute(_LINES, {"lines": asked})
        rows = cursor.fetchall()
    found: dict[UUID, Held] = {}
    for line_id, *facts in rows:
        found.setdefault(line_id, Hold(*facts))
    return {**contested_lines(asked), **found}
