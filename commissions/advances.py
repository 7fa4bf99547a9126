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
from commissions.engine.advances import fee_of
from commissions.holds import Hold, hold_of, holds_in_force
from commissions.models import Advance, AdvanceLimit, LedgerEntry, Payee
from commissions.states import Account, RequestState
from projects.models import Project

_NOTHING = Decimal(0)

# Per payee and project with an advance: what is outstanding, what deals have pending, and what of payable the next
# payout would take but for advances themselves.
_DRAWN = """
WITH drawn AS MATERIALIZED (
    SELECT DISTINCT a.payee_id, a.project_id FROM commissions_advance a
    WHERE a.state = 'approved' AND a.project_id = ANY(%(projects)s)
)
SELECT d.payee_id, d.project_id, coalesce(p.outstanding, 0), coalesce(p.pending, 0), coalesce(f.free, 0)
FROM drawn d
CROSS JOIN LATERAL (
    SELECT -sum(e.amount) FILTER (WHERE e.deal_id IS NULL) AS outstanding,
           sum(e.amount) FILTER (WHERE e.deal_id IS NOT NULL) AS pending
    FROM commissions_ledgerentry e
    WHERE e.payee_id = d.payee_id AND e.project_id = d.project_id AND e.account = 'pending'
) p
CROSS JOIN LATERAL (
    SELECT sum(e.amount) AS free FROM commissions_ledgerentry e
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
    company: Any = project.company_id
    limits = [
        limit
        for limit in limits_in_force(agency=agency, company=company, currency=project.currency)
        if limit.project_id in (None, project.pk)
    ]
    payee = Payee.objects.select_related("agency").filter(agency=agency).first()
    if payee is None:
        return Room(_narrowest(limits), _NOTHING, _NOTHING, _NOTHING, None)
    siblings = Project.objects.filter(company=company, currency=project.currency).values_list("pk", flat=True)
    by_project = _outstanding(payee, list(siblings))
    everywhere = sum(by_project.values(), _NOTHING)
    here = by_project.get(project.pk, _NOTHING)
    lefts = [limit.amount - (here if limit.project_id else everywhere) for limit in limits]
    pending = LedgerEntry.objects.filter(payee=payee, project=project, account=Account.PENDING).aggregate(Sum("amount"))
    return Room(
        limit=_narrowest(limits),
        outstanding=here,
        left=min(lefts, default=_NOTHING),
        pending=pending["amount__sum"] or _NOTHING,
        hold=hold_of(payee, project, holds_in_force()),
    )


def _narrowest(limits: list[AdvanceLimit]) -> AdvanceLimit | None:
    return max(limits, key=lambda one: one.project_id is not None, default=None)


def _outstanding(payee: Payee, projects: list[UUID]) -> dict[UUID, Decimal]:
    found = (
        LedgerEntry.objects.filter(payee=payee, project__in=projects, account=Account.PENDING, deal__isnull=True)
        .order_by()
        .values_list("project_id")
        .annotate(Sum("amount"))
    )
    return {project_id: -amount for project_id, amount in found}


def outstanding_of(payee: Payee, project: Project) -> Decimal:
    """Return what of a payee's advances in a project is not settled yet."""
    return _outstanding(payee, [project.pk]).get(project.pk, _NOTHING)


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
        .order_by("-decided_at", "-pk")
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
