"""Keeping readings of reports under a name, and having files of them made by a schedule."""

from datetime import time
from typing import Any
from urllib.parse import parse_qsl

from django.db.models import Q, QuerySet
from django.utils.translation import get_language

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid
from channels_platform.lib.names import clean_text
from commissions.models import ReportSchedule, ReportView
from commissions.reports.asked import query_of, read_asked
from commissions.reports.catalogue import REPORTS
from commissions.reports.types import Asked

_LONGEST_NAME, _LONGEST_QUERY = 60, 1000
_DAYS = {ReportSchedule.Every.WEEK: range(7), ReportSchedule.Every.MONTH: range(1, 29)}


def visible_views(user: Any) -> QuerySet[ReportView]:
    """Return the views a person opens: their own, and those that others share."""
    views = ReportView.objects.filter(report__in=REPORTS).select_related("owner")
    if getattr(user, "is_agency_side", False) or not user.can(Can.SEE_MONEY):
        return views.none()
    return views.filter(Q(owner=user) | Q(shared=True))


def asked_by(view: ReportView, user: Any) -> Asked:
    """Return a view's report as this person reads it."""
    return read_asked(REPORTS[view.report], user, dict(parse_qsl(view.query)))


@transactional
def keep_view(*, actor: Any, asked: Asked, name: str, shared: bool = False) -> ReportView:
    """Keep a reading of a report under a name of one's own.

    Raises: Forbidden; Invalid `name_required`, `name_taken`, `too_long`, `bad_filter`.
    Writes: ReportView, audit event `report_view.kept`.
    """
    require_person(actor, Can.SEE_MONEY)
    if asked.faults:
        raise Invalid("a filter could not be read", code="bad_filter")
    name, query = clean_text(name), query_of(asked)
    if not name or len(name) > _LONGEST_NAME:
        raise Invalid("a name of up to 60 characters is needed", code="name_required", field="name")
    if len(query) > _LONGEST_QUERY:
        raise Invalid("the filters are too long", code="too_long", field="name")
    view = ReportView(
        owner=actor, report=asked.report.name, name=name, query=query, shared=shared, created_at=clock.now()
    )
    # the constraint on the name decides, also between two tabs of one person
    if not ReportView.objects.bulk_create([view], ignore_conflicts=True) or not _is_there(view):
        raise Invalid("you have a view of this name", code="name_taken", field="name")
    after = {"report": view.report, "query": query, "shared": shared}
    record("report_view.kept", actor=actor, target=view, after=after)
    return view


@transactional
def remove_view(*, actor: Any, view: ReportView) -> None:
    """Give a view of one's own up, and with it the schedules that others or oneself made of it.

    Raises: Forbidden, also for somebody else's.
    Writes: ReportView, ReportSchedule and ReportDelivery (deleted), audit event `report_view.removed`.
    """
    require_person(actor, Can.SEE_MONEY)
    if view.owner_id != actor.pk:
        raise Forbidden("the view is somebody else's")
    record("report_view.removed", actor=actor, target=view, before={"report": view.report, "query": view.query})
    view.delete()


@transactional
def schedule_view(*, actor: Any, view: ReportView, every: str, day: int, at: time, form: str) -> ReportSchedule:
    """Have a file of a view made for oneself each week or month, in the language active now; a second time changes it.

    Raises: Forbidden, also for a view that is not shared with the actor; Invalid `invalid` by field.
    Writes: ReportSchedule, audit event `report_schedule.set`.
    """
    require_person(actor, Can.SEE_MONEY)
    if not visible_views(actor).filter(pk=view.pk).exists():
        raise Forbidden("the view is somebody else's")
    if every not in ReportSchedule.Every.values:
        raise Invalid("each week or each month", code="invalid", field="every")
    if day not in _DAYS[ReportSchedule.Every(every)]:
        raise Invalid("no day of that", code="out_of_range", field="day")
    if form not in ReportSchedule.Form.values:
        raise Invalid("no form of a report", code="invalid", field="form")
    fields = {"every": every, "day": day, "at": at, "form": form, "language": get_language() or ""}
    schedule, _made = ReportSchedule.objects.update_or_create(
        view=view, person=actor, defaults=fields | {"created_at": clock.now()}
    )
    after = {"every": every, "day": day, "at": f"{at:%H:%M}", "form": form}
    record("report_schedule.set", actor=actor, target=view, after=after)
    return schedule


@transactional
def end_schedule(*, actor: Any, schedule: ReportSchedule) -> None:
    """End a schedule of one's own; what it made stays.

    Raises: Forbidden, also for somebody else's.
    Writes: ReportSchedule and ReportDelivery (deleted), audit event `report_schedule.ended`.
    """
    require_person(actor, Can.SEE_MONEY)
    if schedule.person_id != actor.pk:
        raise Forbidden("the schedule is somebody else's")
    record("report_schedule.ended", actor=actor, target=schedule.view)
    schedule.delete()


def _is_there(view: ReportView) -> bool:
    return ReportView.objects.filter(pk=view.pk).exists()
