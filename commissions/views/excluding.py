"""Leaving a payee's line out of a draft, and which were left out."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from channels_platform.accounts.permissions import Can
from channels_platform.audit.models import Event
from channels_platform.http.once import sent
from channels_platform.http.screens import needs
from commissions.batch_sheets import lines_of
from commissions.forms import ReasonForm
from commissions.models import Payee, PayoutBatch
from commissions.selectors import visible_batches
from commissions.services.exclusions import LEFT_OUT, leave_out_line
from commissions.states import BatchState
from commissions.views.common import attempt, show, status_of


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Whose line was left out of a batch, and why."""

    payee: Payee
    gross: Decimal
    reason: str
    by: Any
    at: datetime


def left_out_of(batch: PayoutBatch) -> list[LeftOut]:
    """Return what was left out of a batch by hand, in order."""
    told = Event.objects.filter(
        target_kind=PayoutBatch._meta.label_lower, target_id=str(batch.pk), action=LEFT_OUT
    ).select_related("actor")
    events = list(told.order_by("id"))
    ids = {event.after["payee"] for event in events}
    payees = Payee.objects.select_related("agency", "broker__user", "broker__agency").in_bulk(ids)
    by_id = {str(pk): payee for pk, payee in payees.items()}
    return [
        LeftOut(by_id[event.after["payee"]], Decimal(event.after["gross"]), event.reason, event.actor, event.at)
        for event in events
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.PREPARE_PAYOUT)
def line_leave_out(request: HttpRequest, batch_id: UUID, line_id: UUID) -> HttpResponse:
    """Ask why a line leaves its draft; the next one takes it again."""
    batch = get_object_or_404(visible_batches(request.user), pk=batch_id)
    line = get_object_or_404(lines_of(batch), pk=line_id)
    back = reverse("finance:line", args=[batch.pk, line.pk])
    form = ReasonForm(sent(request))

    def work() -> str:
        leave_out_line(actor=request.user, line=line, reason=form.cleaned_data["reason"])
        messages.success(request, _("%(payee)s is left out of this batch.") % {"payee": line.payee})
        return reverse("finance:batch", args=[batch.pk])

    if (answer := attempt(request, form, work)) is not None:
        return answer
    context = {"batch": batch, "line": line, "form": form, "back": back, "possible": batch.state == BatchState.DRAFT}
    return show(request, "finance/line_leave_out.html", context, status=status_of(form))
