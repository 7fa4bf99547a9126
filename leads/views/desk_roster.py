"""The duty roster at the desk: a week, day under day."""

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from channels_platform.accounts.permissions import Can
from channels_platform.adminkit.refusals import words_for
from channels_platform.http.screens import needs
from channels_platform.lib import clock
from channels_platform.lib.errors import Refused
from leads.models import DutyShift
from leads.selectors import consultants_of
from leads.services.roster import copy_last_week, set_roster
from leads.views.desk import desk_project
from projects.models import Project


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.CONFIRM_VISIT, Can.SUBSCRIBE_DEAL)
def roster(request: HttpRequest) -> HttpResponse:
    """A week's duty; reception and marketing change a day at a time, or take over last week."""
    project, projects = desk_project(request)
    if project is None:
        return render(request, "desk/no_project.html")
    today = clock.local_date(clock.now(), project.zone)
    asked = _day(request.GET.get("week", "")) or today
    monday = asked - timedelta(days=asked.weekday())
    may_edit = request.user.can(Can.CONFIRM_VISIT) or request.user.can(Can.EDIT_PROJECTS)
    if request.method == "POST":
        if not may_edit:
            raise PermissionDenied
        _change(request, project, monday)
        return redirect(f"{reverse('desk:roster')}?project={project.code}&week={monday.isoformat()}")
    people = list(consultants_of(Project.objects.filter(pk=project.pk)))
    days = _days(project, monday, people)
    context = {
        "project": project,
        "projects": projects,
        "monday": monday,
        "today": today,
        "before": (monday - timedelta(days=7)).isoformat(),
        "after": (monday + timedelta(days=7)).isoformat(),
        "people": people,
        "days": days,
        "shifts": DutyShift.Shift.choices,
        "may_edit": may_edit,
    }
    return render(request, "desk/roster.html", context)


def _day(text: str) -> date | None:
    try:
        found = parse_date(text)
    except ValueError:
        return None
    # The calendar's ends have no week before or after them.
    return found if found is not None and 1900 < found.year < 2200 else None


def _days(project: Project, monday: date, people: list[Any]) -> list[dict[str, Any]]:
    rows = DutyShift.objects.filter(project=project, day__gte=monday, day__lt=monday + timedelta(days=7))
    kept = {(row.day, row.consultant_id): row for row in rows}
    return [
        {
            "day": day,
            "rows": [(one, kept.get((day, one.pk))) for one in people],
            "on": [(one, kept[day, one.pk]) for one in people if (day, one.pk) in kept],
        }
        for day in (monday + timedelta(days=ahead) for ahead in range(7))
    ]


def _change(request: HttpRequest, project: Project, monday: date) -> None:
    try:
        if "copy" in request.POST:
            copied = copy_last_week(actor=request.user, project=project, monday=monday)
            words = ngettext("%(n)s shift copied from last week.", "%(n)s shifts copied from last week.", copied)
            messages.success(request, words % {"n": copied})
            return
        day = _day(request.POST.get("day", ""))
        if day is None:
            messages.error(request, _("Choose a day of the roster."))
            return
        on_site = consultants_of(Project.objects.filter(pk=project.pk))
        shifts = {one.pk: request.POST.get(f"shift-{one.pk}", "") for one in on_site}
        set_roster(actor=request.user, project=project, day=day, shifts=shifts)
        messages.success(request, _("The roster is kept."))
    except Refused as refused:
        messages.error(request, words_for(refused.code, refused.detail))
