"""Batches and lists as files: small batches at once, large ones by a job."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import get_current_timezone
from django.views.decorators.http import require_POST

from channels_platform.accounts.permissions import Can
from channels_platform.http.downloads import send_file
from channels_platform.http.screens import needs
from channels_platform.lib import clock
from channels_platform.lib.errors import Refused
from commissions.exports import lists
from commissions.selectors import visible_batches
from commissions.services.exporting import ExportForm, export_batch, is_large, start_export
from commissions.services.list_exports import note_list_export
from commissions.views.balances import asked_balances
from commissions.views.common import in_words
from commissions.views.payments import asked_payments


@require_POST
@needs(Can.SEE_MONEY)
def batch_export(request: HttpRequest, batch_id: UUID, form: str) -> HttpResponseBase:
    """Send the file, or go to the page of the job that writes it; accounts at banks only to those who pay."""
    if form == ExportForm.BANK and not any(request.user.can(act) for act in (Can.PREPARE_PAYOUT, Can.APPROVE_PAYOUT)):
        raise PermissionDenied
    batch = get_object_or_404(visible_batches(request.user), pk=batch_id)
    try:
        if is_large(batch):
            job = start_export(actor=request.user, batch=batch, form=ExportForm(form))
            return HttpResponseRedirect(reverse("jobs:detail", args=[job.pk]))
        exported = export_batch(actor=request.user, batch=batch, form=ExportForm(form))
    except Refused as refused:
        messages.error(request, in_words(refused))
        return HttpResponseRedirect(reverse("finance:batch", args=[batch.pk]))
    return send_file(exported.pieces, exported.name, content_type=exported.content_type)


@require_POST
@needs(Can.SEE_MONEY)
def balances_csv(request: HttpRequest) -> HttpResponseBase:
    """The balances that the address's filters show, all pages of them."""
    found = asked_balances(request).found
    note_list_export(actor=request.user, name="balances", rows=len(found))
    return send_file(lists.balances_csv(found), _dated("balances"))


@require_POST
@needs(Can.SEE_MONEY)
def payments_csv(request: HttpRequest) -> HttpResponseBase:
    """The payments that the address's filters show, all pages of them."""
    found = asked_payments(request).rows.order_by("-recorded_at", "-pk")
    note_list_export(actor=request.user, name="payments", rows=found.count())
    return send_file(lists.payments_csv(found), _dated("payments"))


def _dated(name: str) -> str:
    return f"{name}-{clock.local_date(clock.now(), get_current_timezone()):%Y%m%d}.csv"
