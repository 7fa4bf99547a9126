"""Looking after clients at the desk: today's list, the pool, follow-ups, and handing over."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels_platform.accounts.permissions import Can
from channels_platform.adminkit.refusals import add_refusal, words_for
from channels_platform.http.once import sent, submit_once
from channels_platform.http.screens import needs
from channels_platform.lib import clock
from channels_platform.lib.errors import NotAllowed, Refused
from leads.care import open_clients, overdue_clients, own_clients, pool_of_project
from leads.forms.care import FollowUpForm, LeaveForm
from leads.models import Consultant, Referral
from leads.selectors import consultants_of
from leads.services.care import follow_up, take_client
from leads.services.consultants import plan_handover, share_out_clients
from leads.views.desk import desk_project, visible_referral
from projects.models import Project
from projects.selectors import visible_projects

SHOWN = 100


@require_GET
@needs(Can.SUBSCRIBE_DEAL)
def care(request: HttpRequest) -> HttpResponse:
    """Whom to be in touch with: a consultant's own, or the site's by consultant for those who manage it."""
    project, projects = desk_project(request)
    if project is None:
        return render(request, "desk/no_project.html")
    now = clock.now()
    today = clock.local_date(now, project.zone)
    manages = request.user.can(Can.EDIT_PROJECTS)
    rows = overdue_clients(project, now) if manages else own_clients(request.user, project, now)
    clients = list(rows.prefetch_related("phones")[:SHOWN])
    pool = pool_of_project(project, now)
    context: dict[str, Any] = {
        "project": project,
        "projects": projects,
        "today": today,
        "manages": manages,
        "overdue": [one for one in clients if _due(one) and _due(one) < today],
        "due": [one for one in clients if _due(one) == today],
        "later": [one for one in clients if not _due(one) or _due(one) > today],
        "overdue_count": rows.count() if manages else 0,
        "pool_count": pool.count(),
        "pool": list(pool.prefetch_related("phones")[:SHOWN]),
        "may_take": request.user.can(Can.TAKE_CLIENT)
        and Consultant.objects.filter(user=request.user, project=project).exists(),
        "people": _people(project, now) if manages else [],
    }
    return render(request, "desk/care.html", context)


def _due(referral: Referral) -> Any:
    kept = getattr(referral, "care", None)
    return kept.due_on if kept else None


def _people(project: Any, now: Any) -> list[Consultant]:
    """The site's consultants with how many open and overdue clients each has."""
    people = list(consultants_of(Project.objects.filter(pk=project.pk)))
    opened = _counts(open_clients(project, now))
    late = _counts(overdue_clients(project, now))
    for one in people:
        one.opened, one.late = opened.get(one.pk, 0), late.get(one.pk, 0)  # type: ignore[attr-defined]
    return people


def _counts(rows: Any) -> dict[Any, int]:
    counts: dict[Any, int] = {}
    for pk in rows.values_list("consultant_id", flat=True):
        counts[pk] = counts.get(pk, 0) + 1
    return counts


@require_POST
@needs(Can.TAKE_CLIENT)
def take(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    """Take a client out of the pool; who comes second is told so."""
    on_site = Referral.objects.filter(project__consultants__user=request.user)
    found = get_object_or_404(on_site.filter(project__in=visible_projects(request.user).order_by()), pk=referral_id)
    try:
        take_client(actor=request.user, referral=found)
    except NotAllowed as refused:
        messages.warning(request, words_for(refused.code, refused.detail))
        return redirect(f"{reverse('desk:care')}?project={found.project.code}")
    messages.success(request, _("The client is yours now. Be in touch today."))
    return redirect("desk:referral", found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SUBSCRIBE_DEAL)
def contact(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    """Write down a contact with a client: what was said, how promising, when next."""
    found = visible_referral(request, referral_id)
    kept = getattr(found, "care", None)
    form = FollowUpForm(sent(request), initial={"grade": kept.grade if kept else ""})

    def keep() -> str:
        follow_up(
            actor=request.user,
            referral=found,
            **{name: form.cleaned_data[name] for name in ("note", "grade", "next_on")},
        )
        messages.success(request, _("Follow-up kept."))
        return f"{reverse('desk:care')}?project={found.project.code}"

    if request.method == "POST" and form.is_valid():
        try:
            return submit_once(request, form, keep)
        except Refused as refused:
            add_refusal(form, refused)
    context = {"referral": found, "form": form, "past": list(found.follow_ups.select_related("by")[:20])}
    return render(request, "desk/follow_up.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.EDIT_PROJECTS)
def leave(request: HttpRequest, consultant_id: UUID) -> HttpResponse:
    """Hand over all clients of one who leaves: first who would get how many, then in one act."""
    leaving = get_object_or_404(_reached(request), pk=consultant_id)
    form = LeaveForm(sent(request), leaving=leaving)
    plan = None

    def hand_over() -> str:
        moved = share_out_clients(
            actor=request.user,
            leaving=leaving,
            receivers=list(form.cleaned_data["receivers"]),
            reason=form.cleaned_data["reason"],
        )
        words = ngettext("%(n)s client was handed over.", "%(n)s clients were handed over.", moved)
        messages.success(request, words % {"n": moved})
        return f"{reverse('desk:care')}?project={leaving.project.code}"

    if request.method == "POST" and form.is_valid():
        if "confirm" in request.POST:
            try:
                return submit_once(request, form, hand_over)
            except Refused as refused:
                add_refusal(form, refused)
        plan = [
            (one, len(ids))
            for one, ids in plan_handover(leaving=leaving, receivers=list(form.cleaned_data["receivers"]))
        ]
    context = {
        "leaving": leaving,
        "project": leaving.project,
        "form": form,
        "plan": plan,
        "total": sum(len(ids) for _one, ids in plan_handover(leaving=leaving, receivers=[leaving])),
    }
    return render(request, "desk/leave.html", context, status=422 if form.errors else 200)


def _reached(request: HttpRequest) -> Any:
    """Those of the person's projects, also whose account is closed already."""
    return Consultant.objects.filter(project__in=visible_projects(request.user).order_by()).select_related(
        "user", "project"
    )
