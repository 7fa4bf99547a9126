"""My ranking: in my agency and in a project, month by month."""

import re
from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import get_current_timezone
from django.views.decorators.http import require_GET

from channels_platform.accounts.permissions import Can, Role
from channels_platform.http.screens import needs
from channels_platform.lib import clock
from leads.ranking import DEALS, VISITS, Standing, around_me, rank_in_agency, rank_in_project, ranked_projects
from leads.views.portal_kept import own_broker

_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")
_MONTHS_BACK = 12
_MOST = 100


@require_GET
@needs(Can.FILE_REFERRAL)
def ranking(request: HttpRequest) -> HttpResponse:
    """Own place and the neighbours' figures; the agency's manager sees the whole agency."""
    broker = own_broker(request)
    months = _months()
    month = _month(request.GET.get("month", ""), months)
    by = DEALS if request.GET.get("by") == DEALS else VISITS
    projects = list(ranked_projects(broker.agency))
    project = next((one for one in projects if one.code == request.GET.get("in")), None)
    if project is None:
        standings = rank_in_agency(broker=broker, month=month, by=by)
    else:
        standings = rank_in_project(broker=broker, project=project, month=month, by=by)
    return render(
        request,
        "portal/ranking.html",
        {
            "mine": next(one for one in standings if one.mine),
            "of": len(standings),
            "shown": _shown(request, standings, whole=project is None),
            "months": months,
            "month": month,
            "by": by,
            "projects": projects,
            "project": project,
        },
    )


def _shown(request: HttpRequest, standings: list[Standing], *, whole: bool) -> list[Standing]:
    manages = getattr(request.user, "role", "") == Role.AGENCY_ADMIN
    return standings[:_MOST] if whole and manages else around_me(standings)


def _months() -> list[date]:
    months = [clock.local_date(clock.now(), get_current_timezone()).replace(day=1)]
    while len(months) < _MONTHS_BACK:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months


def _month(asked: str, months: list[date]) -> date:
    said = _MONTH.fullmatch(asked)
    month = date(int(said[1]), int(said[2]), 1) if said else months[0]
    return month if month in months else months[0]
