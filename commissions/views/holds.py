"""Holds by hand: who is kept from being paid, since when and why; set on a balance, lifted by another person."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from channels_platform.accounts.permissions import Can
from channels_platform.http.once import sent
from channels_platform.http.screens import needs, page_by_cursor
from channels_platform.lib import clock
from channels_platform.lib.names import clean_text
from commissions.forms import HoldForm, ReasonForm
from commissions.holds import hand_holds_in_force
from commissions.models import PayeeHold
from commissions.selectors import visible_holds
from commissions.services.payee_holds import lift_payee_hold, set_hold
from commissions.views.balances import payee_and_project
from commissions.views.common import attempt, show, status_of


def _of_state(holds: QuerySet[PayeeHold], state: str, now: datetime) -> QuerySet[PayeeHold]:
    if state == "in_force":
        return holds.filter(pk__in=hand_holds_in_force(now).order_by().values("pk"))
    if state == "coming":
        return holds.filter(lifted_at__isnull=True, from_at__gt=now)
    return holds.filter(Q(lifted_at__isnull=False) | Q(until_at__lte=now))


@require_safe
@needs(Can.SEE_MONEY)
def holds(request: HttpRequest) -> HttpResponse:
    """Holds in force, to come, and over."""
    now = clock.now()
    asked = {name: clean_text(request.GET.get(name, "")) for name in ("state", "q")}
    asked["state"] = asked["state"] if asked["state"] in ("coming", "over") else "in_force"
    rows = visible_holds(request.user)
    if text := asked["q"]:
        rows = rows.filter(
            Q(payee__agency__name__icontains=text)
            | Q(payee__agency__code__iexact=text)
            | Q(payee__broker__user__name__icontains=text)
        )
    labels = (("in_force", _("In force")), ("coming", _("To come")), ("over", _("Over")))
    tabs = [(name, label, _of_state(rows, name, now).count()) for name, label in labels]
    page = page_by_cursor(_of_state(rows, asked["state"], now), by="-set_at", cursor=request.GET.get("cursor", ""))
    for hold in page.items:
        hold.shown_state = hold.state_at(now)
    return show(request, "finance/holds.html", {"page": page, "tabs": tabs, "asked": asked})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.PREPARE_PAYOUT, Can.APPROVE_PAYOUT)
def hold_new(request: HttpRequest, payee_id: UUID, project_id: UUID) -> HttpResponse:
    """Keep a payee's money from being paid, here or in all projects."""
    payee, project = payee_and_project(request, payee_id, project_id)
    form = HoldForm(sent(request), zone=project.zone)

    def work() -> str:
        where = None if form.cleaned_data["everywhere"] else project
        hold = set_hold(
            actor=request.user, payee=payee, project=where, reason=form.cleaned_data["reason"], **form.span()
        )
        messages.success(request, _("%(payee)s is held.") % {"payee": payee})
        return reverse("finance:hold", args=[hold.pk])

    if (answer := attempt(request, form, work)) is not None:
        return answer
    context = {"payee": payee, "project": project, "form": form}
    return show(request, "finance/hold_new.html", context, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_MONEY)
def hold(request: HttpRequest, hold_id: UUID) -> HttpResponse:
    """One hold: who set it, for how long and why; another person may lift it."""
    found: Any = get_object_or_404(visible_holds(request.user), pk=hold_id)
    state = found.state_at(clock.now())
    form = ReasonForm(sent(request))

    def work() -> str:
        lift_payee_hold(actor=request.user, hold=found, reason=form.cleaned_data["reason"])
        messages.success(request, _("The hold is lifted."))
        return reverse("finance:hold", args=[found.pk])

    if (answer := attempt(request, form, work)) is not None:
        return answer
    may = request.user.can(Can.PREPARE_PAYOUT) or request.user.can(Can.APPROVE_PAYOUT)
    context = {
        "hold": found,
        "state": state,
        "form": form,
        "may_lift": may and state in ("in_force", "coming"),
        "own": found.set_by_id == request.user.pk,
    }
    return show(request, "finance/hold.html", context, status=status_of(form))
