"""The portal's first pages: where one stands, my clients, filing a client."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from brokers.models import Broker
from brokers.selectors import individual_of
from channels_platform.accounts.permissions import Can
from channels_platform.http.once import sent, submit_once
from channels_platform.http.screens import needs
from channels_platform.lib import clock
from channels_platform.lib.errors import Refused
from channels_platform.notices.selectors import unread_of
from channels_platform.sms import may_send
from leads.forms.portal import FileForm
from leads.listing import TABS, count_by_tab, in_tab, projects_to_file, with_deadline
from leads.messages import filing_outcome
from leads.models import Referral
from leads.selectors import filing_in_the_way, visible_referrals
from leads.services.disputes.raising import contest_until
from leads.states import LIVE, ReferralState
from leads.views.portal_kept import file_entered, file_kept, own_broker
from projects.models import Policy, Project
from projects.states import PhoneMode
from projects.wording import policy_in_words

DRAFT = "file-referral"


def mine_of(request: HttpRequest) -> Any:
    """Return the referrals a person of the agency side sees, with what lists show of them."""
    return visible_referrals(request.user).prefetch_related("phones")


@require_GET
@needs(Can.FILE_REFERRAL)
def home(request: HttpRequest) -> HttpResponse:
    """What runs out first, how many clients stand where, and the way to the next filing."""
    broker, now = own_broker(request), clock.now()
    if not broker.is_active:
        return wait(request)
    mine = with_deadline(mine_of(request))
    running = in_tab(mine, "running", now).order_by("deadline", "pk")[:5]
    latest = in_tab(mine, "all", now).order_by("-filed_at", "-pk")[:5]
    return render(
        request,
        "portal/home.html",
        {
            "broker": broker,
            "counts": count_by_tab(mine, now),
            "notices": unread_of(request.user)[:3],
            "running": judged(running, now),
            "latest": judged(latest, now),
            "tabs": TABS,
        },
    )


def wait(request: HttpRequest) -> HttpResponse:
    """Where somebody who signed up alone and is not confirmed stands."""
    individual = individual_of(request.user)
    if individual is None:
        raise PermissionDenied
    return render(request, "portal/waiting.html", {"individual": individual, "may_send": may_send()})


def judged(rows: Any, now: Any) -> list[Referral]:
    """Give each referral the state that holds, and its deadline only while it is live."""
    referrals = list(rows)
    for referral in referrals:
        referral.now_state = referral.state_at(now)  # type: ignore[attr-defined]
        if referral.now_state not in LIVE:  # type: ignore[attr-defined]
            referral.deadline = None  # type: ignore[attr-defined]
    return referrals


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@needs(Can.FILE_REFERRAL)
def file_client(request: HttpRequest) -> HttpResponse:
    """One short form; the outcome follows at once, and once."""
    if request.method == "POST" and not request.accepts("text/html"):
        return file_kept(request)
    broker = own_broker(request)
    if not broker.is_active:
        return wait(request)
    projects = projects_to_file(broker.agency, clock.now())
    initial = {"project": projects[0]} if len(projects) == 1 else {"project": request.GET.get("project", "")}
    form = FileForm(sent(request), projects=projects, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            return submit_once(request, form, lambda: file_entered(request, broker, form))
        except Refused as refused:
            form.add_error(None, str(refused.detail))
    return show_form(request, broker, projects, form)


def show_form(
    request: HttpRequest, broker: Broker, projects: Any, form: FileForm, said: dict[str, Any] | None = None
) -> HttpResponse:
    """Show the form with the rules of each project; `said` is what was read out of a chat message."""
    hints = [_hint(project, project.newest[0]) for project in _with_policy(projects)]
    chosen = form["project"].value()
    return render(
        request,
        "portal/file.html",
        {
            "form": form,
            "hints": hints,
            "chosen": str(getattr(chosen, "pk", chosen)),
            "draft": DRAFT,
            "broker": broker,
            "said": said,
        },
        status=422 if form.errors else 200,
    )


def _hint(project: Project, policy: Policy) -> tuple[Project, bool, list[str]]:
    """What the form tells of a project: whether it takes masks, and its rules in words."""
    return project, policy.phone_mode == PhoneMode.MASKED, policy_in_words(policy)


def _with_policy(projects: Any) -> Any:
    newest = Policy.objects.order_by("project_id", "-version").distinct("project_id")
    return projects.prefetch_related(Prefetch("policies", queryset=newest, to_attr="newest"))


@require_GET
@needs(Can.FILE_REFERRAL)
def filed(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    """The answer to a filing: outcome, reason, what to do."""
    referral = get_object_or_404(mine_of(request), pk=referral_id)
    rejected, now = referral.state == ReferralState.REJECTED, clock.now()
    return render(
        request,
        "portal/filed.html",
        {
            "referral": referral,
            "message": filing_outcome(referral, request.user),
            "rejected": rejected,
            "earlier": filing_in_the_way(referral, now),
            "may_contest": rejected and now < contest_until(referral, None),
            "draft": DRAFT,
        },
    )
