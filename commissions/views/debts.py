"""What payees owe back: repaid, or written off by two people."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from channels_platform.accounts.permissions import Can
from channels_platform.http.amounts import in_currency
from channels_platform.http.once import OnceForm, sent
from channels_platform.http.screens import needs
from channels_platform.presentation import formats
from commissions.balance_sheets import owed_back_by
from commissions.forms import DecisionForm, RepaymentForm, WriteOffForm
from commissions.selectors import visible_repayments, visible_write_offs
from commissions.services.debts import ask_write_off, decide_write_off, owed_back, record_repayment
from commissions.states import RequestState
from commissions.views.balances import payee_and_project
from commissions.views.common import attempt, show, slice_at, status_of
from projects.selectors import visible_projects

LATEST = 20


@require_safe
@needs(Can.SEE_MONEY)
def debts(request: HttpRequest) -> HttpResponse:
    """Who owes back, what waits for a decision, and what was settled lately."""
    owed = owed_back_by(visible_projects(request.user))
    sums: dict[str, Any] = {}
    for one in owed:
        sums[one.project.currency] = sums.get(one.project.currency, 0) + one.amount
    people = ("payee__agency", "payee__broker__user", "payee__broker__agency")
    write_offs = visible_write_offs(request.user).select_related(*people)
    context = {
        "page": slice_at(owed, request.GET.get("cursor", "")),
        "count": len(owed),
        "sums": sorted(sums.items()),
        "asked": write_offs.filter(state=RequestState.ASKED).order_by("asked_at"),
        "decided": write_offs.exclude(state=RequestState.ASKED).order_by("-decided_at")[:LATEST],
        "repayments": visible_repayments(request.user).select_related(*people).order_by("-recorded_at")[:LATEST],
    }
    return show(request, "finance/debts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.RECORD_PAYMENT)
def repayment_new(request: HttpRequest, payee_id: UUID, project_id: UUID) -> HttpResponse:
    """Record what a payee paid back."""
    payee, project = payee_and_project(request, payee_id, project_id)
    owed = owed_back(payee_id=payee.pk, project_id=project.pk)
    form = in_currency(RepaymentForm(sent(request)), project.currency)

    def work() -> str:
        repayment = record_repayment(actor=request.user, payee=payee, project=project, **_entered(form))
        figure = f"{formats.money(repayment.amount, project.currency)} {project.currency}"
        messages.success(request, _("Repayment of %(amount)s is recorded.") % {"amount": figure})
        return reverse("finance:balance", args=[payee.pk, project.pk])

    return _settle(request, form, work, payee=payee, project=project, owed=owed, way="repayment")


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.PREPARE_PAYOUT)
def write_off_new(request: HttpRequest, payee_id: UUID, project_id: UUID) -> HttpResponse:
    """Ask that something owed back be given up."""
    payee, project = payee_and_project(request, payee_id, project_id)
    owed = owed_back(payee_id=payee.pk, project_id=project.pk)
    form = in_currency(WriteOffForm(sent(request)), project.currency)

    def work() -> str:
        ask_write_off(actor=request.user, payee=payee, project=project, **_entered(form))
        messages.success(request, _("The write-off waits for another person's approval."))
        return reverse("finance:debts")

    return _settle(request, form, work, payee=payee, project=project, owed=owed, way="write_off")


def _entered(form: OnceForm) -> dict[str, Any]:
    return {name: value for name, value in form.cleaned_data.items() if name != "once"}


def _settle(request: HttpRequest, form: OnceForm, work: Any, **context: Any) -> HttpResponse:
    payee, project = context["payee"], context["project"]
    if request.method != "POST" and context["owed"] <= 0:
        messages.info(request, _("Nothing is owed back here."))
        return HttpResponseRedirect(reverse("finance:balance", args=[payee.pk, project.pk]))
    if (answer := attempt(request, form, work)) is not None:
        return answer
    return show(request, "finance/debt_new.html", {"form": form, **context}, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_MONEY)
def write_off(request: HttpRequest, write_off_id: UUID) -> HttpResponse:
    """One write-off: who asked and why; another person decides."""
    found = get_object_or_404(visible_write_offs(request.user).select_related("project__company"), pk=write_off_id)
    form = DecisionForm(sent(request))

    def work() -> str:
        approve, answer = form.cleaned_data["decision"] == "approve", form.cleaned_data["answer"]
        decide_write_off(actor=request.user, write_off=found, approve=approve, answer=answer)
        messages.success(request, _("The write-off is approved.") if approve else _("The write-off is declined."))
        return reverse("finance:debts")

    if (answer := attempt(request, form, work)) is not None:
        return answer
    context = {
        "found": found,
        "form": form,
        "owed": owed_back(payee_id=found.payee_id, project_id=found.project_id),
        "may_decide": request.user.can(Can.APPROVE_PAYOUT) and found.state == RequestState.ASKED,
        "own": found.asked_by_id == request.user.pk,
    }
    return show(request, "finance/write_off.html", context, status=status_of(form))
