"""What agencies have had advanced (垫佣), read off the ledger, and up to how much more they may.

Only advances move pending beside any deal, so what pending accounts lack there is what is outstanding.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet, Sum

from brokers.models import Agency
from commissions.engine.advances import Settling, fee_of, settle
from commissions.holds import Hold, Holds, hold_of, holds_in_force
from commissions.models import Advance, AdvanceLimit, LedgerEntry, Payee
from commissions.states import Account, RequestState
from projects.models import Project

_NOTHING = Decimal(0)

# Per payee and project with an advance: what is outstanding, what deals have pending, and what became payable since the
# oldest advance still outstanding was granted, as far as the next payout would take it. What was payable before is the
# payee's own; advances themselves settle nothing.
_DRAWN = """
WITH drawn AS MATERIALIZED (
    SELECT DISTINCT a.payee_id, a.project_id FROM commissions_advance a
    WHERE a.state = 'approved' AND a.project_id = ANY(%(projects)s)
)
SELECT d.payee_id, d.project_id, p.outstanding, p.pending, least(f.payable, f.since)
FROM drawn d
CROSS JOIN LATERAL (
    SELECT coalesce(-sum(e.amount) FILTER (WHERE e.deal_id IS NULL), 0) AS outstanding,
           coalesce(sum(e.amount) FILTER (WHERE e.deal_id IS NOT NULL), 0) AS pending
    FROM commissions_ledgerentry e
    WHERE e.payee_id = d.payee_id AND e.project_id = d.project_id AND e.account = 'pending'
) p
CROSS JOIN LATERAL (
    SELECT min(transaction_id) AS transaction_id FROM (
        SELECT a.transaction_id, sum(a.amount) OVER (ORDER BY a.transaction_id DESC) - a.amount AS newer
        FROM commissions_advance a
        WHERE a.payee_id = d.payee_id AND a.project_id = d.project_id AND a.state = 'approved'
    ) granted
    WHERE newer < p.outstanding
) o
CROSS JOIN LATERAL (
    SELECT coalesce(sum(e.amount), 0) AS payable,
           coalesce(sum(e.amount) FILTER (WHERE e.transaction_id > o.transaction_id), 0) AS since
    FROM commissions_ledgerentry e
    WHERE e.payee_id = d.payee_id AND e.project_id = d.project_id AND e.account = 'payable' AND NOT e.settles
      AND e.kind NOT LIKE 'advance:%%' AND e.kind NOT LIKE 'advance\\_fee:%%'
      AND NOT EXISTS (SELECT 1 FROM commissions_payoutentry i WHERE i.entry_id = e.id AND i.live)
) f
ORDER BY d.project_id, d.payee_id
"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What of a payee's advances in a project is outstanding, and what could settle it."""

    payee_id: UUID
    project_id: UUID
    outstanding: Decimal
    pending: Decimal
    free: Decimal


@dataclass(frozen=True, slots=True)
class Room:
    """How much more may be advanced to an agency in a project, by each of the bounds; `most` by all of them.

    `limit`: the narrower of those in force, whose fee is charged. `pending`: what deals have pending and no advance has
    drawn on yet.
    Units: amounts in the project's currency.
    """

    agency: Agency
    project: Project
    limit: AdvanceLimit | None
    outstanding: Decimal
    left: Decimal
    pending: Decimal
    hold: Hold | None

    @property
    def most(self) -> Decimal:
        return _NOTHING if self.hold else max(min(self.left, self.pending), _NOTHING)

    def fee_of(self, amount: Decimal) -> Decimal:
        return fee_of(amount, self.limit.fee_rate, self.limit.currency) if self.limit else _NOTHING


def drawn(projects: Iterable[UUID]) -> list[Drawn]:
    """Return every payee and project that ever had an advance in these projects."""
    with connection.cursor() as cursor:
        cursor.execute(_DRAWN, {"projects": list(projects)})
        return [Drawn(*row) for row in cursor.fetchall()]


def settlings(projects: Iterable[UUID]) -> list[tuple[Drawn, Settling]]:
    """Return what of advances in these projects would be settled now, by payee and project."""
    return [(one, settle(outstanding=one.outstanding, pending=one.pending, free=one.free)) for one in drawn(projects)]


@dataclass(frozen=True, slots=True)
class Outstanding:
    """What of a payee's advances in a project is outstanding, and what its deals have pending."""

    payee: Payee
    project: Project
    outstanding: Decimal
    pending: Decimal


def outstanding_over(projects: Iterable[Project]) -> list[Outstanding]:
    """Return who has what outstanding in these projects, the most first."""
    by_id = {project.pk: project for project in projects}
    rows = [one for one in drawn(by_id) if one.outstanding]
    payees = Payee.objects.select_related("agency").in_bulk({one.payee_id for one in rows})
    found = [Outstanding(payees[one.payee_id], by_id[one.project_id], one.outstanding, one.pending) for one in rows]
    return sorted(found, key=lambda one: (one.project.currency, -one.outstanding, str(one.payee)))


def limits_in_force(**narrowed: Any) -> list[AdvanceLimit]:
    """Return the limits in force, of the agencies and places that a query narrows them to; those of 0 are over."""
    scope = ("agency_id", "company_id", "project_id", "currency")
    found = (
        AdvanceLimit.objects.filter(state=RequestState.APPROVED, **narrowed)
        .order_by(*scope, "-decided_at", "-pk")
        .distinct(*scope)
        .select_related("agency", "company", "project", "asked_by", "decided_by")
    )
    return [limit for limit in found if limit.amount > 0]


def room_of(agency: Agency, project: Project) -> Room:
    """Return how much more may be advanced to an agency in a project now."""
    return rooms([agency], [project])[0]


def rooms(agencies: Iterable[Agency], projects: Iterable[Project]) -> list[Room]:
    """Return how much more may be advanced to each of these agencies in each of these projects, also where nothing."""
    asked, places = list(agencies), list(projects)
    limits = limits_in_force(agency__in=asked, company__in={project.company_id for project in places})
    payees = {one.agency_id: one for one in Payee.objects.select_related("agency").filter(agency__in=asked)}
    sums = _pending_sums(list(payees.values()), {project.company_id for project in places})
    holds = holds_in_force()
    return [
        _room(agency, project, limits, payees.get(agency.pk), sums, holds) for agency in asked for project in places
    ]


def _room(
    agency: Agency, project: Any, limits: list[AdvanceLimit], payee: Payee | None, sums: "_Sums", holds: Holds
) -> Room:
    limits = [
        one
        for one in limits
        if (one.agency_id, one.company_id, one.currency) == (agency.pk, project.company_id, project.currency)
        and one.project_id in (None, project.pk)
    ]
    limit = max(limits, key=lambda one: one.project_id is not None, default=None)
    if payee is None:
        return Room(agency, project, limit, _NOTHING, _NOTHING, _NOTHING, None)
    own = sums.get(payee.pk, {})
    here = own.get(project.pk, _Pending())
    company = (project.company_id, project.currency)
    siblings = [one.outstanding for one in own.values() if (one.company, one.currency) == company]
    everywhere = sum(siblings, start=_NOTHING)
    lefts = [one.amount - (here.outstanding if one.project_id else everywhere) for one in limits]
    return Room(
        agency=agency,
        project=project,
        limit=limit,
        outstanding=here.outstanding,
        left=min(lefts, default=_NOTHING),
        pending=here.pending - here.outstanding,
        hold=hold_of(payee, project, holds),
    )


@dataclass(frozen=True, slots=True)
class _Pending:
    company: UUID | None = None
    currency: str = ""
    outstanding: Decimal = _NOTHING
    pending: Decimal = _NOTHING


_Sums = dict[UUID, dict[UUID, _Pending]]


def _pending_sums(payees: list[Payee], companies: set[Any]) -> _Sums:
    """Return what pending accounts hold in all the projects of these companies, by payee and project."""
    found = (
        LedgerEntry.objects.filter(payee__in=payees, project__company__in=companies, account=Account.PENDING)
        .order_by()
        .values_list("payee_id", "project_id", "project__company_id", "project__currency")
        .annotate(
            beside=Sum("amount", filter=Q(deal__isnull=True), default=_NOTHING),
            deals=Sum("amount", filter=Q(deal__isnull=False), default=_NOTHING),
        )
    )
    sums: _Sums = defaultdict(dict)
    for payee_id, project_id, company_id, currency, beside, deals in found:
        sums[payee_id][project_id] = _Pending(company_id, currency, -beside, deals)
    return sums


def outstanding_of(payee: Payee, project: Project) -> Decimal:
    """Return what of a payee's advances in a project is not settled yet."""
    found = LedgerEntry.objects.filter(payee=payee, project=project, account=Account.PENDING, deal__isnull=True)
    return -(found.aggregate(total=Sum("amount"))["total"] or _NOTHING)


def with_settled(advances: Iterable[Advance]) -> list[tuple[Advance, Decimal]]:
    """Return granted advances with what of each is still outstanding: the oldest is settled first."""
    rows = list(advances)
    places = {(one.payee_id, one.project_id) for one in rows}
    rest = {
        (one.payee_id, one.project_id): one.outstanding
        for one in drawn({project_id for _payee_id, project_id in places})
    }
    granted = (
        Advance.objects.filter(_any_of(places), state=RequestState.APPROVED)
        .order_by("-transaction_id")
        .values_list("pk", "payee_id", "project_id", "amount")
    )
    left: dict[UUID, Decimal] = defaultdict(Decimal)
    for pk, payee_id, project_id, amount in granted if places else ():
        # read from the newest back: what is outstanding is of the latest
        left[pk] = min(amount, rest.get((payee_id, project_id), _NOTHING))
        rest[payee_id, project_id] = rest.get((payee_id, project_id), _NOTHING) - left[pk]
    return [(one, left[one.pk]) for one in rows]


def _any_of(places: set[tuple[Any, Any]]) -> Q:
    found = Q()
    for payee_id, project_id in places:
        found |= Q(payee=payee_id, project=project_id)
    return found


def limits_over(projects: QuerySet[Project]) -> list[AdvanceLimit]:
    """Return the limits in force that bear on any of these projects, by agency and place."""
    companies = projects.order_by().values("company")
    known = set(projects.values_list("pk", flat=True))
    return [one for one in limits_in_force(company__in=companies) if one.project_id is None or one.project_id in known]


def rooms_within_limits(projects: QuerySet[Project], *, agency: Agency | None = None) -> list[Room]:
    """Return how much more may be advanced where a limit is in force, by agency and project name."""
    limits = limits_over(projects)
    agencies = {one.agency_id: one.agency for one in limits if agency is None or one.agency_id == agency.pk}
    found = rooms(agencies.values(), projects)
    kept = [room for room in found if room.limit is not None]
    return sorted(kept, key=lambda room: (room.agency.name.casefold(), room.project.name.casefold()))


def own_rooms(agency: Agency) -> list[Room]:
    """Return how much more an agency may have advanced where it has something pending, or outstanding, and a limit."""
    companies = {one.company_id for one in limits_in_force(agency=agency)}
    found = rooms_within_limits(Project.objects.filter(company__in=companies), agency=agency)
    return [room for room in found if room.pending or room.outstanding]
