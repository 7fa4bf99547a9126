"""Keeping a reading of a report, giving it up, and having its file made by a schedule."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from channels_platform.accounts.permissions import Can
from channels_platform.http.once import OnceForm, sent
from channels_platform.http.screens import needs
from commissions.models import ReportSchedule, ReportView
from commissions.report_forms import KeepViewForm, ScheduleForm
from commissions.reports.asked import query_of, read_asked
from commissions.reports.catalogue import REPORTS
from commissions.services.report_views import end_schedule, keep_view, remove_view, schedule_view, visible_views
from commissions.views.common import attempt, show, status_of
from commissions.views.reports import report_named


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_MONEY)
def report_keep(request: HttpRequest, name: str) -> HttpResponse:
    """Keep what the address asks for under a name."""
    asked = read_asked(report_named(name), request.user, request.GET.dict())
    back = f"{reverse('finance:report', args=[name])}?{query_of(asked)}"
    form = KeepViewForm(sent(request))

    def work() -> str:
        entered = form.cleaned_data
        view = keep_view(actor=request.user, asked=asked, name=entered["name"], shared=entered["shared"])
        messages.success(request, _("The view “%(name)s” is kept.") % {"name": view.name})
        return reverse("finance:reports")

    if (answer := attempt(request, form, work)) is not None:
        return answer
    context = {"report": asked.report, "form": form, "back": back}
    return show(request, "finance/report_keep.html", context, status=status_of(form))


def _view_of(request: HttpRequest, view_id: UUID, *, own: bool = False) -> ReportView:
    views = visible_views(request.user)
    return get_object_or_404(views.filter(owner=request.user) if own else views, pk=view_id)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_MONEY)
def report_view_remove(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """Ask, and give a view of one's own up."""
    view = _view_of(request, view_id, own=True)
    form = OnceForm(sent(request))

    def work() -> str:
        remove_view(actor=request.user, view=view)
        messages.success(request, _("The view is removed."))
        return reverse("finance:reports")

    if (answer := attempt(request, form, work)) is not None:
        return answer
    others = view.schedules.exclude(person=request.user).count()
    context = {"view": view, "form": form, "others": others}
    return show(request, "finance/report_view_remove.html", context, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_MONEY)
def report_schedule(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """Say when a view's file is to be made for oneself, or end that."""
    view = _view_of(request, view_id)
    current = ReportSchedule.objects.filter(view=view, person=request.user).first()
    if request.method == "POST" and "end" in request.POST:
        if current is not None:
            end_schedule(actor=request.user, schedule=current)
            messages.success(request, _("The schedule is ended. What it made stays among your exports."))
        return HttpResponseRedirect(reverse("finance:reports"))
    form = ScheduleForm(sent(request), initial=_initial(current))

    def work() -> str:
        entered = {name: form.cleaned_data[name] for name in ("every", "day", "at", "form")}
        schedule_view(actor=request.user, view=view, **entered)
        messages.success(request, _("“%(name)s” will be made for you; a link is sent each time.") % {"name": view.name})
        return reverse("finance:reports")

    if (answer := attempt(request, form, work)) is not None:
        return answer
    context = {"view": view, "title": REPORTS[view.report].title, "form": form, "current": current}
    return show(request, "finance/report_schedule.html", context, status=status_of(form))


def _initial(current: ReportSchedule | None) -> dict[str, Any]:
    if current is None:
        return {"when": "month:1", "at": "08:00", "form": "xlsx"}
    return {"when": f"{current.every}:{current.day}", "at": current.at, "form": current.form}
