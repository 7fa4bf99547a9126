"""The portal's invoices: those handed in, lines that lack one, credit notes for what was paid back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from channels_platform.accounts.permissions import Can
from channels_platform.files.answers import file_answer
from channels_platform.http.once import sent
from channels_platform.http.screens import needs, page_by_cursor
from commissions.invoice_sheets import papers_of, visible_invoices, with_credit
from commissions.portal_forms import CreditNoteForm
from commissions.selectors import lacking_invoices, visible_lines
from commissions.services.invoices import record_credit_note
from commissions.views.common import attempt, status_of


@require_GET
@needs(Can.INVOICE_LINE)
def invoices(request: HttpRequest) -> HttpResponse:
    """The own agency's lines that wait for an invoice, then its invoices with their credit notes, newest first."""
    page = page_by_cursor(visible_invoices(request.user), by="-received_at", cursor=request.GET.get("cursor", ""))
    context = {
        "page": page,
        "invoices": with_credit(page.items),
        "lacking": lacking_invoices(visible_lines(request.user)).order_by("batch__prepared_at", "pk")[:100],
    }
    return render(request, "portal/invoices.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.INVOICE_LINE)
def credit_note(request: HttpRequest, invoice_id: UUID) -> HttpResponse:
    """Hand in a credit note against one invoice."""
    found: Any = with_credit([get_object_or_404(visible_invoices(request.user), pk=invoice_id)])[0]
    form = CreditNoteForm(sent(request), request.FILES or None, invoice=found)

    def work() -> str:
        record_credit_note(actor=request.user, invoice=found, **form.paper())
        messages.success(request, _("The credit note is recorded."))
        return reverse("portal:invoices")

    if (answer := attempt(request, form, work)) is not None:
        return answer
    return render(request, "portal/credit_note.html", {"invoice": found, "form": form}, status=status_of(form))


@require_GET
@needs(Can.INVOICE_LINE)
def invoice_file(request: HttpRequest, invoice_id: UUID, file_id: UUID) -> HttpResponseBase:
    """The file of an invoice, or of a credit note against it."""
    found = get_object_or_404(visible_invoices(request.user), pk=invoice_id)
    return file_answer(get_object_or_404(papers_of(found), pk=file_id))
