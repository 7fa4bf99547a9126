"""Adjustments by hand: the list, asking for one on a payee's balance, deciding it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from channels_platform.accounts.permissions import Can
from channels_platform.files.answers import file_answer
from channels_platform.http.amounts import in_currency
from channels_platform.http.once import sent
from channels_platform.http.screens import needs, page_by_cursor
from channels_platform.lib.names import clean_text
from channels_platform.presentation import formats
from commissions.forms import AdjustmentForm, DecisionForm
from commissions.models import Adjustment
from commissions.selectors import visible_adjustments
from commissions.services.adjustments import ask_adjustment, decide_adjustment
from commissions.services.debts import owed_back
from commissions.states import RequestState
from commissions.views.balances import payee_and_project
from commissions.views.common import attempt, show, status_of
from projects.selectors import visible_projects


def asked_requests(request: HttpRequest, rows: QuerySet[Any]) -> dict[str, Any]:
    """Return requests narrowed by the address's project and state, with the counts of each state."""
    words = {name: clean_text(request.GET.get(name, "")) for name in ("project", "state")}
    projects = list(visible_projects(request.user).order_by("name"))
    if words["project"]:
        rows = rows.filter(project__code=words["project"])
    counts = dict(rows.order_by().values_list("state").annotate(Count("pk")))
    tabs = [("", _("All"), sum(counts.values()))]
    tabs += [(state.value, state.label, counts.get(state.value, 0)) for state in Adjustment.State]
    if words["state"] in Adjustment.State.values:
        rows = rows.filter(state=words["state"])
    page = page_by_cursor(rows, by="-asked_at", cursor=request.GET.get("cursor", ""))
    return {"page": page, "tabs": tabs, "asked": words, "projects": projects}


def may_decide(request: HttpRequest, found: Any) -> dict[str, Any]:
    """Return whether the person may decide a request, and whether it is their own."""
    return {
        "may_decide": request.user.can(Can.APPROVE_PAYOUT) and found.state == RequestState.ASKED,
        "own": found.asked_by_id == request.user.pk,
    }


@require_safe
@needs(Can.SEE_MONEY)
def adjustments(request: HttpRequest) -> HttpResponse:
    """All adjustments, newest first, by state and project."""
    return show(request, "finance/adjustments.html", asked_requests(request, visible_adjustments(request.user)))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.PREPARE_PAYOUT)
def adjustment_new(request: HttpRequest, payee_id: UUID, project_id: UUID) -> HttpResponse:
    """Ask for an adjustment of what a payee has in a project."""
    payee, project = payee_and_project(request, payee_id, project_id)
    form = in_currency(AdjustmentForm(sent(request), request.FILES or None), project.currency)

    def work() -> str:
        made = ask_adjustment(
            actor=request.user,
            payee=payee,
            project=project,
            amount=form.signed_amount,
            reason=form.cleaned_data["reason"],
            attachment=form.cleaned_data["attachment"],
        )
        messages.success(request, _("%(number)s waits for another person's approval.") % {"number": made.number})
        return reverse("finance:adjustment", args=[made.pk])

    if (answer := attempt(request, form, work)) is not None:
        return answer
    context = {
        "form": form,
        "payee": payee,
        "project": project,
        "owed": owed_back(payee_id=payee.pk, project_id=project.pk),
    }
    return show(request, "finance/adjustment_new.html", context, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_MONEY)
def adjustment(request: HttpRequest, adjustment_id: UUID) -> HttpResponse:
    """One adjustment: who asked and why, its paper, and the decision."""
    rows = visible_adjustments(request.user).select_related("project__company")
    found = get_object_or_404(rows, pk=adjustment_id)
    form = DecisionForm(sent(request))

    def work() -> str:
        approve = form.cleaned_data["decision"] == "approve"
        answer = form.cleaned_data["answer"]
        decide_adjustment(actor=request.user, adjustment=found, approve=approve, answer=answer)
        figure = f"{formats.money(found.amount, found.project.currency)} {found.project.currency}"
        said = _("The adjustment of %(amount)s is approved.") if approve else _("The adjustment is declined.")
        messages.success(request, said % {"amount": figure})
        return reverse("finance:adjustment", args=[found.pk])

    if (answer := attempt(request, form, work)) is not None:
        return answer
    context = {"found": found, "form": form, **may_decide(request, found)}
    return show(request, "finance/adjustment.html", context, status=status_of(form))


@require_safe
@never_cache
@needs(Can.SEE_MONEY)
def adjustment_file(request: HttpRequest, adjustment_id: UUID) -> HttpResponseBase:
    """The paper of an adjustment."""
    found = get_object_or_404(visible_adjustments(request.user), pk=adjustment_id)
    if found.attachment is None:
        raise Http404
    return file_answer(found.attachment)
