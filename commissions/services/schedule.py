"""The monthly draft: one per paying company, currency and month, whatever becomes of the process that makes it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q

from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import NotAllowed
from commissions import locks
from commissions.engine.paydays import Payday, PaydayRule, calendar, latest_payday, next_payday
from commissions.models import ScheduledPayout
from commissions.services.payouts import draft_batch
from projects.models import Holiday, PayingCompany, Project

log = structlog.get_logger(__name__)


def last_due(company: PayingCompany, now: datetime) -> datetime:
    """Return the company's latest payout instant at or before `now`, by its own calendar."""
    return latest_payday(payday_rule(company), now).pays_at


def next_due(company: PayingCompany, now: datetime) -> Payday:
    """Return the company's first payout after `now`."""
    return next_payday(payday_rule(company), now)


def payday_rule(company: PayingCompany) -> PaydayRule:
    """Return when the company pays, with its calendar."""
    days: list[Any] = []
    if company.working_days_only:
        listed = Holiday.objects.filter(Q(company=company) | Q(company__isnull=True))
        days = [(one.day, one.works, one.company_id is not None) for one in listed]
    return PaydayRule(
        zone=company.zone,
        day=company.payout_day,
        at=company.payout_time,
        cutoff_day=company.cutoff_day,
        working_days_only=company.working_days_only,
        calendar=calendar(days),
    )


def schedule_payouts() -> dict[str, int]:
    """Draft what is due for every company and currency, each in its own transaction.

    Runs any number of times, also at once: a month is drafted once, and what a killed run left is done by the next.
    Shape:  {"drafted", "nothing_payable", "failed"}.
    Writes: ScheduledPayout, and as `draft_batch`.
    """
    counts = {"drafted": 0, "nothing_payable": 0, "failed": 0}
    pairs = Project.objects.order_by("company_id", "currency").values_list("company_id", "currency").distinct()
    for company_id, currency in list(pairs):
        try:
            done = schedule_payout(company_id=company_id, currency=currency)
        except Exception:
            log.exception("payout_scheduling_failed", company_id=str(company_id), currency=currency)
            counts["failed"] += 1
            continue
        if done is not None:
            counts["drafted" if done.batch_id else "nothing_payable"] += 1
    return counts


@transactional
def schedule_payout(*, company_id: UUID, currency: str) -> ScheduledPayout | None:
    """Draft a company's batch of the month if it is due and not drafted yet; None where it is.

    Locks:  the company.
    Writes: ScheduledPayout, also where nothing is payable; as `draft_batch`.
    """
    company = locks.lock_company(company_id)
    now = clock.now()
    due = latest_payday(payday_rule(company), now)
    month, cutoff_at = due.month, due.cutoff_at
    if ScheduledPayout.objects.filter(company=company, currency=currency, month=month).exists():
        return None
    batch: Any = None
    try:
        with transaction.atomic():
            batch = draft_batch(actor=None, company=company, currency=currency, cutoff_at=cutoff_at)
    except NotAllowed as refusal:
        if refusal.code != "nothing_payable":
            raise
    return ScheduledPayout.objects.create(
        company=company, currency=currency, month=month, cutoff_at=cutoff_at, drafted_at=now, batch=batch
    )
