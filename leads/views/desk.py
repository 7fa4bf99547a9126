"""The desk: who is expected today, who came, and finding a client."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods

from channels_platform.accounts.permissions import Can
from channels_platform.http.screens import needs
from channels_platform.lib import clock, phones
from channels_platform.lib.errors import Invalid
from leads.history import history, way
from leads.listing import seal, unseal, with_deadline
from leads.messages import standing
from leads.models import Referral, Visit
from leads.selectors import find_for_reception, reason_shown, visible_referrals
from leads.slips import BadSlip, read_slip
from leads.states import LIVE, ReferralState
from projects.models import Project
from projects.selectors import visible_projects
from projects.wording import policy_in_words

LATE = timedelta(minutes=60)


def desk_project(request: HttpRequest) -> tuple[Project | None, list[Project]]:
    """Return the project chosen in the address (else the first), and all the person may choose.

    Raises: Http404 for a project that is not theirs.
    """
    projects = list(visible_projects(request.user).exclude(status="closed").order_by("name"))
    code = request.GET.get("project", "")
    if not code:
        return (projects[0] if projects else None), projects
    for project in projects:
        if project.code == code:
            return project, projects
    raise Http404


def visible_referral(request: HttpRequest, referral_id: UUID) -> Referral:
    rows = with_deadline(visible_referrals(request.user)).prefetch_related("phones")
    return get_object_or_404(rows, pk=referral_id)


@require_GET
@needs(Can.CONFIRM_VISIT, Can.SUBSCRIBE_DEAL)
def today(request: HttpRequest) -> HttpResponse:
    """Expected arrivals by hour, arrived, missed: of one project, on its local date."""
    project, projects = desk_project(request)
    if project is None:
        return render(request, "desk/no_project.html")
    now = clock.now()
    day = clock.local_date(now, project.zone)
    arrived = _arrived(request, project, day)
    expected = _expected(request, project, day, {visit.referral_id for visit in arrived})
    missed = [one for one in expected if one.expected_arrival < now - LATE]
    coming = [one for one in expected if one.expected_arrival >= now - LATE]
    return render(
        request,
        "desk/today.html",
        {
            "project": project,
            "projects": projects,
            "hours": _by_hour(coming, project),
            "coming": len(coming),
            "missed": missed,
            "arrived": arrived,
            "now": now,
            "clients": _open_clients(request, project, now) if not request.user.can(Can.CONFIRM_VISIT) else None,
            "may_subscribe": request.user.can(Can.SUBSCRIBE_DEAL),
            "may_confirm": request.user.can(Can.CONFIRM_VISIT),
        },
    )


def _expected(request: HttpRequest, project: Project, day: Any, came: set[UUID]) -> list[Referral]:
    begin = datetime.combine(day, time.min, tzinfo=project.zone)
    end = datetime.combine(day + timedelta(days=1), time.min, tzinfo=project.zone)
    now = clock.now()
    rows = visible_referrals(request.user).filter(
        project=project, state__in=list(LIVE), expected_arrival__gte=begin, expected_arrival__lt=end
    )
    found = rows.prefetch_related("phones").order_by("expected_arrival", "pk")
    return [one for one in found if one.pk not in came and one.state_at(now) in LIVE]


def _arrived(request: HttpRequest, project: Project, day: Any) -> list[Visit]:
    visits = Visit.objects.filter(project=project, local_on=day, confirmed=True)
    visits = visits.filter(referral__in=visible_referrals(request.user).order_by())
    rows = visits.select_related("referral__agency", "referral__project", "consultant__user")
    return list(rows.prefetch_related("referral__phones").order_by("-arrived_at", "-pk"))


def _open_clients(request: HttpRequest, project: Project, now: datetime) -> list[Referral]:
    """A consultant's own: those who came, what ends first at the top."""
    rows = with_deadline(visible_referrals(request.user)).filter(project=project, state=ReferralState.VISITED)
    found = rows.prefetch_related("phones").order_by("deadline", "pk")[:50]
    return [one for one in found if one.state_at(now) in LIVE]


def _by_hour(referrals: Iterable[Referral], project: Project) -> list[tuple[str, list[Referral]]]:
    def hour(one: Referral) -> str:
        return f"{one.expected_arrival.astimezone(project.zone):%H:00}"  # type: ignore[union-attr]

    return [(label, list(group)) for label, group in groupby(referrals, key=hour)]


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.CONFIRM_VISIT)
def find(request: HttpRequest) -> HttpResponse:
    """Find a client by number, phone or last four digits; one hit opens at once."""
    project, projects = desk_project(request)
    if project is None:
        return render(request, "desk/no_project.html")
    if request.method == "POST":
        asked = {"project": project.code, "q": seal(request.POST.get("q", ""))}
        return redirect(f"{reverse('desk:find')}?{urlencode(asked)}")
    text = unseal(request.GET.get("q", ""))
    rows = list(
        find_for_reception(user=request.user, project=project, text=text)
        .prefetch_related("phones")
        .order_by("-filed_at", "-pk")[:50]
    )
    if len(rows) == 1 and text:
        return redirect("desk:referral", rows[0].pk)
    now = clock.now()
    for row in rows:
        row.now_state = row.state_at(now)  # type: ignore[attr-defined]
    rows.sort(key=lambda row: row.now_state not in LIVE)  # type: ignore[attr-defined]
    context = {"project": project, "projects": projects, "rows": rows, "shown": _shown(text), "asked": bool(text)}
    return render(request, "desk/find.html", context)


def _shown(text: str) -> str:
    try:
        return phones.mask(phones.parse_phone(text))
    except Invalid:
        return text


@require_GET
@needs(Can.CONFIRM_VISIT, Can.SUBSCRIBE_DEAL)
def slip(request: HttpRequest, token: str) -> HttpResponse:
    """Where a slip's QR code leads: to the referral, for those who may see it."""
    try:
        found = visible_referral(request, read_slip(token))
    except BadSlip as damaged:
        raise Http404 from damaged
    return redirect("desk:referral", found.pk)


@require_GET
@needs(Can.CONFIRM_VISIT, Can.SUBSCRIBE_DEAL)
def referral(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    """A client at the desk: who, whose, what holds, and the next step."""
    found = visible_referral(request, referral_id)
    now = clock.now()
    state = found.state_at(now)
    today_on = clock.local_date(now, found.project.zone)
    visit = found.visits.filter(local_on=today_on, confirmed=True).first()
    return render(
        request,
        "desk/referral.html",
        {
            "referral": found,
            "state": state,
            "live": state in LIVE,
            "deadline": found.deadline if state in LIVE else None,  # type: ignore[attr-defined]
            "message": standing(found, request.user),
            "reason": reason_shown(found, request.user),
            "visit": visit,
            "steps": way(found, state),
            "history": history(found, for_agency=False),
            "rules": policy_in_words(found.policy),
            "may_confirm": request.user.can(Can.CONFIRM_VISIT)
            and state is not ReferralState.REJECTED
            and visit is None,
            "may_assign": request.user.can(Can.CONFIRM_VISIT) and state in LIVE,
            "may_subscribe": request.user.can(Can.SUBSCRIBE_DEAL) and state in LIVE,
        },
    )
