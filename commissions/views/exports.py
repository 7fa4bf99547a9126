"""A batch as a file: small ones at once, large ones by a job."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST

from channels_platform.accounts.permissions import Can
from channels_platform.http.screens import needs
from channels_platform.lib.errors import Refused
from commissions.selectors import visible_batches
from commissions.services.exporting import ExportForm, export_batch, is_large, start_export
from commissions.views.common import in_words


@require_POST
@needs(Can.SEE_MONEY)
def batch_export(request: HttpRequest, batch_id: UUID, form: str) -> HttpResponse | StreamingHttpResponse:
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
    answer = StreamingHttpResponse(exported.pieces, content_type=exported.content_type)
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=exported.name)
    return answer
