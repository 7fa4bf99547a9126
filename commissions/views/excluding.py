"""Leaving a payee's line out of a draft."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from channels_platform.accounts.permissions import Can
from channels_platform.http.once import sent
from channels_platform.http.screens import needs
from commissions.forms import ReasonForm
from commissions.selectors import visible_batches
from commissions.services.exclusions import leave_out_line
from commissions.states import BatchState, LineState
from commissions.views.common import attempt, show, status_of


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.PREPARE_PAYOUT)
def line_leave_out(request: HttpRequest, batch_id: UUID, line_id: UUID) -> HttpResponse:
    """Ask why a line leaves its draft; the next one takes it again."""
    batch = get_object_or_404(visible_batches(request.user), pk=batch_id)
    lines = batch.lines.select_related("batch", "payee__agency", "payee__broker__user")
    line = get_object_or_404(lines, pk=line_id)
    overview = reverse("finance:batch", args=[batch.pk])
    back = overview if line.left_at else reverse("finance:line", args=[batch.pk, line.pk])
    form = ReasonForm(sent(request))

    def work() -> str:
        leave_out_line(actor=request.user, line=line, reason=form.cleaned_data["reason"])
        messages.success(request, _("%(payee)s is left out of this batch.") % {"payee": line.payee})
        return overview

    if (answer := attempt(request, form, work)) is not None:
        return answer
    possible = batch.state == BatchState.DRAFT and line.state == LineState.OPEN
    context = {"batch": batch, "line": line, "form": form, "back": back, "possible": possible}
    return show(request, "finance/line_leave_out.html", context, status=status_of(form))
