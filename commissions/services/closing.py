"""Closing a month (月结): nothing is posted in it any more, and each payee's statement of it is issued."""

from datetime import date
from typing import Any
from uuid import UUID

from django.urls import reverse

from brokers.selectors import managers_of
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.jobs.services import enqueue
from channels_platform.lib import clock
from channels_platform.lib.errors import NotAllowed
from channels_platform.notices.services import tell
from commissions import locks
from commissions.models import ClosedMonth, Statement
from commissions.months import closable_months, is_over, latest_closed, span_of
from commissions.services.issuing import issue_statements
from commissions.services.schedule import next_due
from projects.models import PayingCompany, Project

_TELL = "commissions.tasks.tell_of_statements"


@transactional
def close_month(*, actor: Any, company: PayingCompany, month: date) -> ClosedMonth:
    """Close a company's month and issue its statements; closed already, it is returned as it is.

    All or nothing: a closing that is killed leaves the month open. Statements are to be answered before the company's
    next payout.
    Raises: Forbidden; NotAllowed `month_not_over`, or `out_of_order` unless it follows the latest closed month.
    Locks:  the runs of the company's projects, the company; the database waits for postings under way.
    Writes: ClosedMonth, Statement, StatementLine, OutboxMessage, audit event `month.closed`.
    """
    require_person(actor, Can.CLOSE_MONTH)
    month = month.replace(day=1)
    projects = Project.objects.filter(company=company).order_by("pk").values_list("pk", flat=True)
    for project_id in list(projects):
        locks.lock_run(project_id)
    company = locks.lock_company(company.pk)
    known = ClosedMonth.objects.filter(company=company, month=month).first()
    if known is not None:
        return known
    now = clock.now()
    if not is_over(company, month, now):
        raise NotAllowed("the month is not over", code="month_not_over")
    starts_at, ends_at = span_of(company, month)
    if month not in closable_months(company, now):
        raise NotAllowed("months close one after the other", code="out_of_order")
    # where the one before it ended, whatever the company's calendar was then
    before = latest_closed(company)
    closed = ClosedMonth.objects.create(
        company=company,
        month=month,
        starts_at=before.ends_at if before else starts_at,
        ends_at=ends_at,
        answer_by=next_due(company, now).pays_at,
        issuer=_details(company),
        closed_by=actor,
        closed_at=now,
    )
    issued = issue_statements(closed)
    record("month.closed", actor=actor, target=closed, after={"month": f"{month:%Y-%m}", "statements": issued})
    enqueue(_TELL, closed_id=str(closed.pk))
    return closed


def tell_of_statements(*, closed_id: UUID) -> int:
    """Tell the payees of a closed month that their statements are issued, each person once; return how many were told.

    Writes: Notice, Delivery.
    """
    told = 0
    issued = Statement.objects.filter(closing_of=closed_id).select_related(
        "closing_of__company", "payee__agency", "payee__broker__user"
    )
    for statement in issued.order_by("number"):
        closed = statement.closing_of
        told += tell(
            kind="statement.issued",
            recipients=people_of(statement),
            target=statement,
            facts={"month": f"{closed.month:%Y-%m}", "company": closed.company.name},
            path=reverse("portal:month", args=[statement.pk]),
            once=str(statement.pk),
            due_at=closed.answer_by,
        )
    return told


def people_of(statement: Statement) -> list[Any]:
    """Return who answers for a statement's payee: the agency's managers, or the broker in person."""
    payee = statement.payee
    return list(managers_of(payee.agency)) if payee.agency else [payee.broker.user]  # type: ignore[union-attr]


def _details(company: PayingCompany) -> dict[str, str]:
    return {name: str(getattr(company, name)) for name in ("name", "address", "tax_number", "phone", "timezone")}
