"""What is read for reconciliations: what we have of an agency's deals in a span, and who sees which result."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import Q, QuerySet, Sum

from brokers.models import Agency
from channels_platform.accounts.permissions import Can
from channels_platform.lib import clock
from commissions.engine.matching import Ours, Reason, plain
from commissions.models import Accrual, LedgerReading, Reconciliation, ReconciliationRow
from commissions.selectors import visible_companies
from leads.models import Deal, DealShare
from leads.states import DealState
from projects.models import PayingCompany, Project


@dataclass
class _Part:
    """The agency's components of one deal, added up."""

    deal: Deal
    due: Decimal = Decimal(0)
    earned: Decimal = Decimal(0)
    clients: set[str] = field(default_factory=set)


def visible_reconciliations(user: Any) -> QuerySet[Reconciliation]:
    """Return reconciliations: the own agency's to who signs for it, the own companies' to staff with money."""
    found = Reconciliation.objects.select_related("agency", "company", "agency_signed_by", "finance_signed_by")
    if getattr(user, "is_agency_side", False):
        broker = getattr(user, "broker", None)
        if broker is None or not user.can(Can.RECONCILE_OWN):
            return found.none()
        return found.filter(agency=broker.agency_id)
    return found.filter(company__in=visible_companies(user).order_by())


def places_of(agency: Agency) -> list[tuple[PayingCompany, str]]:
    """Return the companies and currencies in which an agency has commission, by the company's code."""
    mine = Accrual.objects.filter(payee__agency=agency).order_by().values("project")
    projects = Project.objects.filter(pk__in=mine).select_related("company").order_by("company__code", "currency")
    return list(dict.fromkeys((one.company, one.currency) for one in projects))


def reading_of(agency: Agency) -> dict[str, str]:
    """Return the headings that an agency told of its own ledger."""
    known = LedgerReading.objects.filter(agency=agency).first()
    return dict(known.headings) if known else {}


def counts_of(reconciliation: Reconciliation) -> list[tuple[str, str, int]]:
    """Return (reason, its words, rows) in the reasons' order; only those there are."""
    words = ReconciliationRow.REASONS
    return [
        (str(code), str(word), reconciliation.counts[code]) for code, word in words if code in reconciliation.counts
    ]


def totals_of(reconciliation: Reconciliation) -> dict[str, Decimal]:
    """Return what all rows come to: `theirs`, `ours`, and the `difference`, theirs less ours."""
    found = reconciliation.rows.aggregate(theirs=Sum("their_amount"), ours=Sum("our_amount"))
    theirs, ours = (found[side] or Decimal(0) for side in ("theirs", "ours"))
    return {"theirs": theirs, "ours": ours, "difference": theirs - ours}


def left_out_of(reconciliation: Reconciliation) -> list[int]:
    """Return the numbers of the rows of the agency's file that were left out as totals or signatures."""
    rows = reconciliation.rows.filter(reason=Reason.LEFT_OUT, their_row__isnull=False)
    return [number for number in rows.order_by("place").values_list("their_row", flat=True) if number is not None]


def ours_of(asked: Reconciliation, named: Collection[str]) -> list[Ours]:
    """Return the agency's own part of each deal, as the last run left it: those of the span, and those of any time.

    What is not of the span only matches a row that points to it. The day is that of the contract, before that of the
    subscription, by the project's calendar. `named`: deals' numbers as the agency's file has them.
    """
    rows = Accrual.objects.filter(
        payee__agency=asked.agency_id, project__company=asked.company_id, project__currency=asked.currency
    ).select_related("project", "deal__unit", "referral")
    parts: dict[Any, _Part] = {}
    for row in rows:
        part = parts.setdefault(row.deal_id, _Part(row.deal))
        part.earned += row.earned
        part.due += row.payable
        if row.referral is not None and row.referral.client_masked:
            part.clients.add(row.referral.client_masked)
        part.deal.project = row.project
    shares = _shares(asked, parts)
    wanted = {plain(one) for one in named}
    found = (_ours(asked, part, shares.get(key, Fraction(1))) for key, part in parts.items())
    return sorted((one for one in found if one.due or one.unit or plain(one.deal) in wanted), key=lambda one: one.deal)


def _ours(asked: Reconciliation, part: _Part, share: Fraction) -> Ours:
    deal = part.deal
    on: date = clock.local_date(deal.contracted_at or deal.subscribed_at, deal.project.zone)
    return Ours(
        deal=deal.number,
        unit=str(deal.unit or ""),
        clients=frozenset(part.clients),
        on=on,
        amount=part.earned if asked.figure == Reconciliation.Figure.EARNED else part.due,
        earned=part.earned,
        share=share,
        cancelled=deal.state == DealState.CANCELLED,
        due=asked.from_on <= on <= asked.to_on,
    )


def _shares(asked: Reconciliation, deals: Collection[Any]) -> dict[Any, Fraction]:
    """Return the agency's part of each referred deal: the shares of its own referrals, added up."""
    found: dict[Any, Fraction] = defaultdict(Fraction)
    mine = DealShare.objects.filter(
        Q(ended_at__isnull=True), deal__in=list(deals), referral__broker__agency=asked.agency_id
    )
    for deal, numerator, denominator in mine.values_list("deal_id", "numerator", "denominator"):
        found[deal] += Fraction(numerator, denominator)
    return found
