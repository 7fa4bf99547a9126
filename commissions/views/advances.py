"""Advances and their limits: what is outstanding, what waits, asking and deciding."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from channels_platform.accounts.permissions import Can
from channels_platform.http.once import sent
from channels_platform.http.screens import needs
from commissions.advances import limits_over, outstanding_over, room_of, rooms_within_limits, with_settled
from commissions.forms import AdvanceForm, AdvanceLimitForm, DecisionForm
from commissions.selectors import visible_advance_limits, visible_advances, visible_companies
from commissions.services.advance_limits import ask_advance_limit, decide_advance_limit
from commissions.services.advances import ask_advance, decide_advance
from commissions.states import RequestState
from commissions.views.adjustments import asked_requests, may_decide
from commissions.views.common import attempt, show, status_of
from projects.selectors import visible_projects


@require_safe
@needs(Can.SEE_MONEY)
def advances(request: HttpRequest) -> HttpResponse:
    """What is outstanding, the limits in force, what waits for a decision, and every advance."""
    context = asked_requests(request, visible_advances(request.user))
    projects = visible_projects(request.user)
    if context["asked"]["project"]:
        projects = projects.filter(code=context["asked"]["project"])
    outstanding = outstanding_over(projects)
    sums: dict[str, Any] = {}
    for one in outstanding:
        sums[one.project.currency] = sums.get(one.project.currency, 0) + one.outstanding
    context |= {
        "rows": with_settled(context["page"].items),
        "outstanding": outstanding,
        "sums": sorted(sums.items()),
        "limits": limits_over(projects),
        "limits_asked": visible_advance_limits(request.user).filter(state=RequestState.ASKED).order_by("asked_at"),
    }
    return show(request, "finance/advances.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.PREPARE_PAYOUT)
def advance_new(request: HttpRequest) -> HttpResponse:
    """Ask for an advance of an agency that has a limit."""
    rooms = rooms_within_limits(visible_projects(request.user))
    form = AdvanceForm(sent(request), rooms=rooms)

    def work() -> str:
        room = form.cleaned_data["room"]
        made = ask_advance(
            actor=request.user,
            agency=room.agency,
            project=room.project,
            amount=form.cleaned_data["amount"],
            reason=form.cleaned_data["reason"],
        )
        messages.success(request, _("%(number)s waits for another person's approval.") % {"number": made.number})
        return reverse("finance:advance", args=[made.pk])

    if (answer := attempt(request, form, work)) is not None:
        return answer
    return show(request, "finance/advance_new.html", {"form": form, "rooms": rooms}, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_MONEY)
def advance(request: HttpRequest, advance_id: UUID) -> HttpResponse:
    """One advance: who asked and why, what it would leave of the limit, and the decision."""
    found = get_object_or_404(visible_advances(request.user).select_related("project__company"), pk=advance_id)
    form = DecisionForm(sent(request))

    def work() -> str:
        approve = form.cleaned_data["decision"] == "approve"
        decide_advance(actor=request.user, advance=found, approve=approve, answer=form.cleaned_data["answer"])
        messages.success(request, _("The advance is approved.") if approve else _("The advance is declined."))
        return reverse("finance:advance", args=[found.pk])

    if (answer := attempt(request, form, work)) is not None:
        return answer
    agency: Any = found.payee.agency
    context = {
        "found": found,
        "form": form,
        "net": found.amount - found.fee,
        "left": with_settled([found])[0][1],
        "room": room_of(agency, found.project),
        **may_decide(request, found),
    }
    return show(request, "finance/advance.html", context, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.PREPARE_PAYOUT)
def advance_limit_new(request: HttpRequest) -> HttpResponse:
    """Ask for a limit of an agency; another person decides."""
    projects = list(visible_projects(request.user).select_related("company").order_by("name"))
    companies = list(visible_companies(request.user).order_by("name"))
    form = AdvanceLimitForm(sent(request), projects=projects, companies=companies)

    def work() -> str:
        ask_advance_limit(actor=request.user, **form.entered)
        messages.success(request, _("The limit waits for another person's approval."))
        return reverse("finance:advances")

    if (answer := attempt(request, form, work)) is not None:
        return answer
    return show(request, "finance/advance_limit_new.html", {"form": form}, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_MONEY)
def advance_limit(request: HttpRequest, limit_id: UUID) -> HttpResponse:
    """One limit: who asked and why, and the decision."""
    found = get_object_or_404(visible_advance_limits(request.user), pk=limit_id)
    form = DecisionForm(sent(request))

    def work() -> str:
        approve = form.cleaned_data["decision"] == "approve"
        decide_advance_limit(actor=request.user, limit=found, approve=approve, answer=form.cleaned_data["answer"])
        messages.success(request, _("The limit is approved.") if approve else _("The limit is declined."))
        return reverse("finance:advances")

    if (answer := attempt(request, form, work)) is not None:
        return answer
    context = {"found": found, "form": form, **may_decide(request, found)}
    return show(request, "finance/advance_limit.html", context, status=status_of(form))
