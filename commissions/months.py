"""A company's months: when they begin and end, and which may be closed."""

from datetime import date, datetime, timedelta

from django.db.models import Min

from channels_platform.lib import clock, spans
from commissions.models import ClosedMonth, LedgerTransaction
from projects.models import PayingCompany


def month_after(month: date) -> date:
    """Return the first day of the month after a month's first day."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def span_of(company: PayingCompany, month: date) -> tuple[datetime, datetime]:
    """Return a month of the company's calendar as instants, half-open."""
    return spans.day_span(month, month_after(month) - timedelta(days=1), company.zone)


def is_over(company: PayingCompany, month: date, now: datetime) -> bool:
    return month < clock.local_date(now, company.zone).replace(day=1)


def latest_closed(company: PayingCompany) -> ClosedMonth | None:
    return ClosedMonth.objects.filter(company=company).order_by("-month").first()


def closable_months(company: PayingCompany, now: datetime) -> list[date]:
    """Return the months that may be closed now: the one after the latest, or, for a first, any since the first posting.

    What was before the first closed month stands in its statements as opening.
    """
    latest = latest_closed(company)
    if latest is not None:
        following = month_after(latest.month)
        return [following] if is_over(company, following, now) else []
    first = LedgerTransaction.objects.filter(project__company=company).aggregate(Min("posted_at"))["posted_at__min"]
    if first is None:
        return []
    found, month = [], clock.local_date(first, company.zone).replace(day=1)
    while is_over(company, month, now):
        found.append(month)
        month = month_after(month)
    return found
