"""Scheduled reports: a file for each period once, whatever becomes of the process; a link is sent, never the data."""

from datetime import date, datetime, timedelta
from uuid import UUID

import structlog
from django.utils.timezone import get_current_timezone
from django.utils.translation import override

from channels_platform.accounts.permissions import Can, may
from channels_platform.db import transactional
from channels_platform.lib import clock
from commissions.models import ReportDelivery, ReportSchedule
from commissions.reports.spans import month_after
from commissions.services.exporting import ExportForm
from commissions.services.report_exports import size_of, start_report_export
from commissions.services.report_views import asked_by, visible_views

log = structlog.get_logger(__name__)


def last_due(schedule: ReportSchedule, now: datetime) -> datetime:
    """Return the schedule's latest instant at or before `now`, by the server's calendar."""
    zone = get_current_timezone()
    today = clock.local_date(now, zone)
    if schedule.every == ReportSchedule.Every.WEEK:
        day = today - timedelta(days=(today.weekday() - schedule.day) % 7)
        before = day - timedelta(days=7)
    else:
        day = today.replace(day=schedule.day)
        before = month_after(today.replace(day=1), -1).replace(day=schedule.day)
    due = datetime.combine(day, schedule.at, tzinfo=zone)
    return due if due <= now else datetime.combine(before, schedule.at, tzinfo=zone)


def make_scheduled_reports() -> dict[str, int]:
    """Start the file of every schedule that is due, each in its own transaction.

    Runs any number of times, also at once: a period is dealt with once, and what a killed run left is done by the next.
    Shape:  {"started", "not_allowed", "failed"}.
    Writes: as `make_scheduled_report`.
    """
    counts = {"started": 0, "not_allowed": 0, "failed": 0}
    now = clock.now()
    for schedule in ReportSchedule.objects.select_related("view"):
        if _period(schedule, now) is None:
            continue
        try:
            made = make_scheduled_report(schedule_id=schedule.pk)
        except Exception:
            log.exception("scheduled_report_failed", schedule_id=str(schedule.pk))
            counts["failed"] += 1
            continue
        if made is not None:
            counts["started" if made.job_id else "not_allowed"] += 1
    return counts


@transactional
def make_scheduled_report(*, schedule_id: UUID) -> ReportDelivery | None:
    """Start the file of a schedule's period if it is due and not dealt with; None where it is, or the schedule ended.

    For one who may not see the view's money any more there is none, and the period is dealt with.
    Locks:  the schedule.
    Writes: ReportDelivery, and as `start_report_export`.
    """
    found = ReportSchedule.objects.select_for_update(of=("self",)).select_related("view", "person")
    schedule = found.filter(pk=schedule_id).first()
    now = clock.now()
    period = _period(schedule, now) if schedule is not None else None
    if schedule is None or period is None:
        return None
    person, view, job = schedule.person, schedule.view, None
    if may(person, Can.SEE_MONEY) and visible_views(person).filter(pk=view.pk).exists():
        asked = asked_by(view, person)
        with override(schedule.language or person.written_to_in or None):
            job = start_report_export(
                actor=person,
                asked=asked,
                form=ExportForm(schedule.form),
                rows=size_of(asked).rows,
                view=view,
                scheduled=True,
            )
    return ReportDelivery.objects.create(schedule=schedule, period=period, job=job, made_at=now)


def _period(schedule: ReportSchedule, now: datetime) -> date | None:
    """Return the day of the period that is due and not dealt with: none from before the schedule was set up."""
    due = last_due(schedule, now)
    if due <= schedule.created_at:
        return None
    period = clock.local_date(due, get_current_timezone())
    return None if schedule.deliveries.filter(period=period).exists() else period
