"""What commission lines wait for, read for a page of them at a time: dates, payout, holds."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Sum

from channels_platform.http.fields import money_text
from channels_platform.lib import clock
from commissions.engine.types import Milestone
from commissions.engine.waiting import (
    Figures,
    Place,
    Position,
    Till,
    Wait,
    expected_dates,
    payout_waits,
    release_waits,
    why_no_row,
)
from commissions.engine.waiting_words import render_no_row
from commissions.holds import hold_of, holds_in_force
from commissions.models import Accrual, LedgerEntry, Payee, PayoutEntry
from commissions.plan_facts import approved_series
from commissions.services.schedule import next_due
from commissions.states import Account
from commissions.words import ReaderWords, explain_mover, explain_wait
from leads.models import Deal, Referral
from projects.models import PayingCompany, Project

# Where the payable entries of deals are: nobody has taken them, or an open line of a batch has.
_POSITIONS = """
SELECT e.payee_id, e.deal_id, e.referral_id, e.kind,
       coalesce(b.state, 'free') AS place, coalesce(b.number, '') AS batch,
       p.agency_id IS NOT NULL AND l.id IS NOT NULL AND b.state IN ('draft', 'submitted') AND NOT EXISTS (
           SELECT 1 FROM commissions_invoice n WHERE n.line_id = l.id AND n.live AND n.amount = l.gross
       ) AS lacks_invoice,
       sum(e.amount)
FROM commissions_ledgerentry e
JOIN commissions_payee p ON p.id = e.payee_id
LEFT JOIN commissions_payoutentry i ON i.entry_id = e.id AND i.live
LEFT JOIN commissions_payoutline l ON l.id = i.line_id
LEFT JOIN commissions_payoutbatch b ON b.id = l.batch_id
WHERE e.account = 'payable' AND NOT e.settles AND (l.id IS NULL OR l.state IN ('open', 'unknown'))
  AND e.project_id = ANY(%(projects)s) AND e.deal_id = ANY(%(deals)s) AND e.payee_id = ANY(%(payees)s)
GROUP BY 1, 2, 3, 4, 5, 6, 7
HAVING sum(e.amount) <> 0
ORDER BY 6
"""

MILESTONES = (Milestone.FIRST_PAYMENT, Milestone.LOAN_RELEASED, Milestone.FULLY_COLLECTED, Milestone.HANDOVER)

_Key = tuple[UUID, UUID, UUID | None, str]
_PayeeProject = tuple[UUID, UUID]


@dataclass(frozen=True)
class Told:
    """A wait as people read it; `overdue`: the day it was expected is past."""

    wait: Wait
    currency: str
    sentence: str
    whose: str
    overdue: bool

    @property
    def amount(self) -> Decimal:
        return self.wait.amount

    @property
    def text(self) -> str:
        """The amount as interfaces write it."""
        return money_text(self.wait.amount, self.currency)


def expected_of(deal: Deal, project: Project) -> dict[Milestone, date]:
    """Return when the milestones of a deal are expected: by its own dates, else by its project's."""
    own = (deal.first_payment_due_on, deal.loan_expected_on, deal.full_payment_due_on, deal.handover_expected_on)
    return expected_in(project, own, deal.contracted_at)


def expected_in(project: Project, own: Sequence[date | None], signed: datetime | None) -> dict[Milestone, date]:
    """Return the same from a deal's own dates, in the order of MILESTONES, and the instant of its contract."""
    return expected_dates(
        own=dict(zip(MILESTONES, own, strict=True)),
        days={
            Milestone.FIRST_PAYMENT: project.first_payment_days,
            Milestone.LOAN_RELEASED: project.loan_days,
            Milestone.FULLY_COLLECTED: project.full_payment_days,
        },
        contracted_on=None if signed is None else clock.local_date(signed, project.zone),
        handover_on=project.handover_expected_on,
    )


def with_waits(rows: Iterable[Accrual]) -> list[Any]:
    """Return commission lines, each knowing what it `waits` for (`Told`): first the payout's steps, then the deal's.

    Asks the database a fixed number of times, however many lines there are; their deal and project are read with them.
    """
    found: list[Any] = list(rows)
    positions, tills = _positions(found), _tills(found)
    now, words = clock.now(), ReaderWords()
    for row in found:
        today = clock.local_date(now, row.project.zone)
        here = positions.get((row.payee_id, row.deal_id, row.referral_id, row.kind), ())
        waits = payout_waits(here, tills[row.payee_id, row.project_id]) + release_waits(
            Figures(row.earned, row.released, row.retained),
            row.explanation,
            currency=row.project.currency,
            expected=expected_of(row.deal, row.project),
        )
        row.waits = [
            Told(
                wait,
                row.project.currency,
                explain_wait(wait, words),
                explain_mover(wait.whose, words),
                overdue=wait.expected_on is not None and wait.expected_on < today,
            )
            for wait in waits
        ]
    return found


def _positions(rows: Sequence[Accrual]) -> dict[_Key, list[Position]]:
    found: dict[_Key, list[Position]] = defaultdict(list)
    if rows:
        values = {
            "projects": list({row.project_id for row in rows}),
            "deals": list({row.deal_id for row in rows}),
            "payees": list({row.payee_id for row in rows}),
        }
        with connection.cursor() as cursor:
            cursor.execute(_POSITIONS, values)
            for payee, deal, referral, kind, place, batch, lacks_invoice, amount in cursor.fetchall():
                found[payee, deal, referral, kind].append(Position(Place(place), amount, batch, lacks_invoice))
    return found


def _tills(rows: Sequence[Accrual]) -> dict[_PayeeProject, Till]:
    """Return, for each payee and project of the lines, what decides about the next draft."""
    if not rows:
        return {}
    payees = Payee.objects.select_related("agency", "broker__agency").in_bulk({row.payee_id for row in rows})
    free = _free(payees)
    projects = {row.project_id: row.project for row in rows}
    projects |= Project.objects.in_bulk({project for _payee, project in free} - projects.keys())
    companies = PayingCompany.objects.in_bulk({project.company_id for project in projects.values()})
    holds, now = holds_in_force(), clock.now()
    sums: dict[tuple[UUID, UUID, str], Decimal] = defaultdict(Decimal)
    for (payee_id, project_id), amount in free.items():
        project = projects[project_id]
        if amount <= 0 or hold_of(payees[payee_id], project, holds) is None:
            sums[payee_id, project.company_id, project.currency] += amount
    tills = {}
    for payee_id, project_id in {(row.payee_id, row.project_id) for row in rows}:
        project = projects[project_id]
        company = companies[project.company_id]
        hold = hold_of(payees[payee_id], project, holds)
        tills[payee_id, project_id] = Till(
            free=sums[payee_id, company.pk, project.currency],
            minimum=company.minimum_amount,
            payout_on=clock.local_date(next_due(company, now).pays_at, company.zone),
            hold="" if hold is None else str(hold),
            by_hand=hold is not None and hold.by_hand,
        )
    return tills


def _free(payees: Iterable[UUID]) -> dict[_PayeeProject, Decimal]:
    """Return what of payees' payables no live line has taken, by project."""
    taken = Exists(PayoutEntry.objects.filter(entry=OuterRef("pk"), live=True))
    entries = LedgerEntry.objects.filter(~taken, payee__in=list(payees), account=Account.PAYABLE, settles=False)
    sums = entries.order_by().values_list("payee_id", "project_id").annotate(amount=Sum("amount"))
    return {(payee, project): amount for payee, project, amount in sums}


def why_nothing(referral: Referral, deal: Deal) -> str:
    """Return, as a sentence, why a won referral has no commission line; '' where a plan covers its deal.

    The next run writes the lines of a deal that a plan covers.
    """
    project = deal.project
    on = clock.local_date(deal.subscribed_at, project.zone)
    series = approved_series(project, agency=referral.agency_id)
    why = why_no_row(series, agency_id=str(referral.agency_id), referred=True, subscribed_on=on)
    return "" if why is None else render_no_row(why, ReaderWords(), on=on)
