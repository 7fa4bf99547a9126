"""The desk: who is expected today, who came, and finding a client."""

import hashlib
from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag, urlencode
from django.views.decorators.http import require_GET, require_http_methods

from channels_platform.accounts.permissions import Can
from channels_platform.http.screens import needs
from channels_platform.lib import clock, phones
from channels_platform.lib.errors import Invalid
from leads.assigned import why_assigned
from leads.board import board_of, code_matched_today, told_today
from leads.explanations import explanations_of
from leads.history import history, way
from leads.listing import seal, unseal, with_deadline
from leads.messages import standing
from leads.models import Referral
from leads.selectors import find_for_reception, full_phone, reason_shown, visible_referrals
from leads.side_by_side import side_by_side
from leads.slips import BadSlip, read_slip
from leads.states import LIVE, ReferralState
from projects.models import Project
from projects.selectors import visible_projects
from projects.states import PhoneMode
from projects.wording import policy_in_words


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
    board = board_of(user=request.user, project=project, now=now)
    return render(
        request,
        "desk/today.html",
        {
            "project": project,
            "projects": projects,
            "board": board,
            "now": now,
            "clients": _open_clients(request, project, now) if not request.user.can(Can.CONFIRM_VISIT) else None,
            "may_subscribe": request.user.can(Can.SUBSCRIBE_DEAL),
            "may_confirm": request.user.can(Can.CONFIRM_VISIT),
        },
    )


def _open_clients(request: HttpRequest, project: Project, now: datetime) -> list[Referral]:
    """A consultant's own: those who came, what ends first at the top."""
    rows = with_deadline(visible_referrals(request.user)).filter(project=project, state=ReferralState.VISITED)
    found = rows.prefetch_related("phones").order_by("deadline", "pk")[:50]
    return [one for one in found if one.state_at(now) in LIVE]


@require_GET
@needs(Can.CONFIRM_VISIT, Can.SUBSCRIBE_DEAL)
def board(request: HttpRequest) -> HttpResponse:
    """The day alone, for a page that stays open: nothing (304) where it is as the page has it."""
    project, _projects = desk_project(request)
    if project is None:
        raise Http404
    shown = board_of(user=request.user, project=project, now=clock.now())
    context = {"board": shown, "project": project, "may_confirm": request.user.can(Can.CONFIRM_VISIT)}
    response = render(request, "desk/_board.html", context)
    etag = quote_etag(hashlib.blake2b(response.content, digest_size=12).hexdigest())
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return get_conditional_response(request, etag=etag, response=response) or response


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
        return redirect(_opened(rows[0], text))
    now = clock.now()
    for row in rows:
        row.now_state = row.state_at(now)  # type: ignore[attr-defined]
    rows.sort(key=lambda row: row.now_state not in LIVE)  # type: ignore[attr-defined]
    number = full_phone(text)
    live = [row for row in rows if row.now_state in LIVE]  # type: ignore[attr-defined]
    sides = side_by_side(live, number, now) if number and len(live) > 1 else []
    beside = {side.referral.pk for side in sides}
    context = {
        "project": project,
        "projects": projects,
        "rows": [row for row in rows if row.pk not in beside],
        "sides": sides,
        "carried": urlencode({"q": seal(text)}),
        "shown": _shown(text),
        "asked": bool(text),
    }
    return render(request, "desk/find.html", context)


def _opened(found: Referral, text: str) -> str:
    """The client's page; a full number goes along, sealed, so that nobody types it twice."""
    address = reverse("desk:referral", args=[found.pk])
    return f"{address}?{urlencode({'q': seal(text)})}" if full_phone(text) and has_masks(found) else address


def has_masks(found: Referral) -> bool:
    """Whether reception enters the full numbers: in masked mode, at the first visit."""
    return found.policy.phone_mode == PhoneMode.MASKED and found.first_visited_at is None


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
            "may_paper": request.user.can(Can.CONFIRM_VISIT),
            "told": told_today(found, now),
            "code_matched": code_matched_today(found, now),
            "carried": urlencode({"q": request.GET["q"]}) if request.GET.get("q") else "",
            "steps": way(found, state),
            "history": history(found, for_agency=False),
            "rules": policy_in_words(found.policy),
            "explanations": explanations_of(found, request.user),
            "may_confirm": request.user.can(Can.CONFIRM_VISIT)
            and state is not ReferralState.REJECTED
            and visit is None,
            "offer_natural": request.user.can(Can.RECORD_NATURAL_VISIT) and not (state in LIVE or state == "won"),
            "may_assign": request.user.can(Can.CONFIRM_VISIT) and state in LIVE,
            "may_subscribe": request.user.can(Can.SUBSCRIBE_DEAL) and state in LIVE,
            "may_follow_up": request.user.can(Can.SUBSCRIBE_DEAL) and state == ReferralState.VISITED,
            "assigned_why": _why_assigned(found),
        },
    )


def _why_assigned(referral: Referral) -> str:
    """Why the latest arrival went to the consultant the client has now; '' where that changed since."""
    latest = referral.visits.filter(confirmed=True).first()
    return why_assigned(latest) if latest and latest.consultant_id == referral.consultant_id else ""
