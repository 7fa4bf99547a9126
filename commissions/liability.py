"""What is owed and not paid, by company, project, agency and the month it is expected to fall due.

One statement reads the ledger's balances and the lines behind them, so both are of one moment. The lines' pending and
retained are laid over the months in which their milestones are expected; what of pending no line accounts for is
advances that later releases settle, below zero: in no month, but told as what it is. So the figures
always add up to the ledger's.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from brokers.models import Agency
from channels_platform.lib import clock
from channels_platform.lib.money import from_minor
from commissions.engine.waiting import Figures, Leg, in_minor, parts_ahead
from commissions.exports.rows import stream
from commissions.holds import holds_in_force
from commissions.models import Accrual
from commissions.services.schedule import next_due
from commissions.waiting import expected_in
from projects.models import PayingCompany, Project

OVERDUE, UNDATED, ADVANCES = "overdue", "undated", "advances"

_UNPAID = """
SELECT NULL AS deal, e.project_id::text, coalesce(p.agency_id, b.agency_id)::text, p.id::text,
       coalesce(a.name, u.name, '') AS payee, NULL AS kind,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'pending'), 0) AS pending,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'retained'), 0) AS retained,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'payable'), 0) AS payable,
       NULL AS explanation, NULL::timestamptz, NULL::date, NULL::date, NULL::date, NULL::date
FROM commissions_ledgerentry e
JOIN commissions_payee p ON p.id = e.payee_id
LEFT JOIN brokers_broker b ON b.id = p.broker_id
LEFT JOIN brokers_agency a ON a.id = p.agency_id
LEFT JOIN accounts_user u ON u.id = b.user_id
WHERE e.project_id = ANY(%(projects)s) AND e.account IN ('pending', 'retained', 'payable')
  AND (%(agency)s::uuid IS NULL OR coalesce(p.agency_id, b.agency_id) = %(agency)s)
GROUP BY e.project_id, p.id, b.agency_id, a.name, u.name
UNION ALL
SELECT d.number, x.project_id::text, coalesce(p.agency_id, b.agency_id)::text, p.id::text,
       coalesce(a.name, u.name, ''), x.kind,
       x.earned, x.retained, x.released, x.explanation::text, d.contracted_at,
       d.first_payment_due_on, d.loan_expected_on, d.full_payment_due_on, d.handover_expected_on
FROM commissions_accrual x
JOIN leads_deal d ON d.id = x.deal_id
JOIN commissions_payee p ON p.id = x.payee_id
LEFT JOIN brokers_broker b ON b.id = p.broker_id
LEFT JOIN brokers_agency a ON a.id = p.agency_id
LEFT JOIN accounts_user u ON u.id = b.user_id
WHERE x.project_id = ANY(%(projects)s) AND (x.pending <> 0 OR x.retained <> 0)
  AND (%(agency)s::uuid IS NULL OR coalesce(p.agency_id, b.agency_id) = %(agency)s)
"""


@dataclass
class Due:
    """What is unpaid: still to be released, kept until handover, payable."""

    pending: Decimal = Decimal(0)
    retained: Decimal = Decimal(0)
    payable: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        return self.pending + self.retained + self.payable

    def add(self, pending: Decimal, retained: Decimal, payable: Decimal) -> None:
        self.pending += pending
        self.retained += retained
        self.payable += payable


class Part(NamedTuple):
    """A part of what is unpaid, with the deal and step it waits for; without a deal: payable, or no deal's.

    `month` is 2026-05, `overdue`, `undated` or `advances`; `leg` is None for what waits for no milestone.
    """

    project: Project
    agency_id: UUID
    payee: str
    deal: str
    kind: str
    leg: Leg | None
    expected_on: date | None
    month: str
    pending: Decimal
    retained: Decimal
    payable: Decimal


@dataclass
class Liability:
    """One currency's unpaid commission; filled while `parts` is read."""

    currency: str
    total: Due = field(default_factory=Due)
    months: dict[str, Due] = field(default_factory=lambda: defaultdict(Due))
    companies: dict[UUID, Due] = field(default_factory=lambda: defaultdict(Due))
    projects: dict[UUID, Due] = field(default_factory=lambda: defaultdict(Due))
    agencies: dict[UUID, Due] = field(default_factory=lambda: defaultdict(Due))

    def add(self, part: Part) -> None:
        for due in (
            self.total,
            self.months[part.month],
            self.companies[part.project.company_id],
            self.projects[part.project.pk],
            self.agencies[part.agency_id],
        ):
            due.add(part.pending, part.retained, part.payable)

    def by_month(self) -> list[tuple[str, Due]]:
        """Return the months in order: what is overdue first, what has no date and advances last."""
        place = {OVERDUE: "0", UNDATED: "9998", ADVANCES: "9999"}
        return sorted(self.months.items(), key=lambda item: place.get(item[0], item[0]))


@dataclass(frozen=True)
class Asked:
    """Whose unpaid commission is asked for: all of these projects, of one currency, or one agency's of it."""

    currency: str
    projects: tuple[Project, ...]
    agency: Agency | None = None


def waiting_lines(asked: Asked) -> QuerySet[Accrual]:
    """Return the lines behind what is unpaid and not payable."""
    lines = Accrual.objects.exclude(pending=0, retained=0).filter(project__in=[one.pk for one in asked.projects])
    if asked.agency is not None:
        lines = lines.filter(Q(payee__agency=asked.agency) | Q(payee__broker__agency=asked.agency))
    return lines


def liability(asked: Asked) -> Liability:
    """Return what is unpaid, added up."""
    found = Liability(asked.currency)
    for _part in parts(asked, found):
        pass
    return found


def parts(asked: Asked, found: Liability) -> Iterator[Part]:
    """Read what is unpaid part by part, adding each to `found`; memory grows with payees, not with lines."""
    reading = _Reading(asked)
    values = {"projects": [one.pk for one in asked.projects], "agency": asked.agency.pk if asked.agency else None}
    with stream(_UNPAID, values) as rows:
        for row in rows:
            for part in reading.line(row):
                found.add(part)
                yield part
    for part in reading.rest():
        found.add(part)
        yield part


class _Reading:
    """Lines laid over months as they come; the ledger's balances, compared with what was laid, at the end."""

    def __init__(self, asked: Asked) -> None:
        now = clock.now()
        self.currency = asked.currency
        self.projects = {str(one.pk): one for one in asked.projects}
        self.today = {key: clock.local_date(now, one.zone) for key, one in self.projects.items()}
        companies = PayingCompany.objects.in_bulk({one.company_id for one in asked.projects})
        self.payout = {
            key: f"{clock.local_date(next_due(one, now).pays_at, one.zone):%Y-%m}" for key, one in companies.items()
        }
        self.holds = holds_in_force()
        self.balances: list[tuple[Any, ...]] = []
        self.laid: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])

    def line(self, row: tuple[Any, ...]) -> Iterator[Part]:
        deal, project_id, agency_id, payee_id, payee, kind, earned, retained, released, told, signed, *own = row
        if deal is None:
            self.balances.append((project_id, agency_id, payee_id, payee, earned, retained, released))
            return
        project = self.projects[project_id]
        expected = expected_in(project, own, signed)
        figures = in_minor(Figures(earned, released, retained), self.currency)
        laid = self.laid[project_id, payee_id]
        for leg, pending, kept in parts_ahead(figures, json.loads(told), expected):
            parted = (from_minor(pending, self.currency), from_minor(kept, self.currency))
            laid[0] += parted[0]
            laid[1] += parted[1]
            day = expected.get(leg.when)
            month = self._month(project_id, day)
            yield Part(project, UUID(agency_id), payee, deal, kind, leg, day, month, *parted, Decimal(0))

    def _month(self, project_id: str, day: date | None) -> str:
        if day is None:
            return UNDATED
        return OVERDUE if day < self.today[project_id] else f"{day:%Y-%m}"

    def rest(self) -> Iterator[Part]:
        """What is payable, in the month of the next payout unless held; what of a balance no line accounts for."""
        nothing = Decimal(0)
        for project_id, agency_id, payee_id, payee, pending, retained, payable in self.balances:
            project, laid = self.projects[project_id], self.laid[project_id, payee_id]
            head = (project, UUID(agency_id), payee, "", "", None, None)
            pending, retained = pending - laid[0], retained - laid[1]
            if pending:
                # only advances move pending beside any deal
                yield Part(*head, ADVANCES, pending, nothing, nothing)
            if retained:
                yield Part(*head, UNDATED, nothing, retained, nothing)
            if payable:
                held = payable > 0 and self.holds.hold(
                    payee_id=UUID(payee_id), agency_id=UUID(agency_id), project_id=project.pk
                )
                month = UNDATED if held else self.payout[project.company_id]
                yield Part(*head, month, nothing, nothing, payable)
