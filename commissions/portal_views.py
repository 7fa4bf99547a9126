"""The portal's pages of money: what is earned and why, statements, invoices."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from brokers.models import Broker
from brokers.selectors import broker_of, grade_term
from channels_platform.accounts.permissions import Can, may
from channels_platform.http.downloads import send_file
from channels_platform.http.once import sent
from channels_platform.http.screens import needs, page_by_cursor
from channels_platform.lib import clock
from commissions.advances import Room, own_rooms
from commissions.batch_sheets import takes_invoice
from commissions.own_money import own_lines, own_purses, own_statements, with_shown_states
from commissions.portal_forms import InvoiceForm
from commissions.selectors import line_entries
from commissions.services.exporting import export_statement
from commissions.services.invoices import attach_invoice
from commissions.standings import prizes_of
from commissions.statement_sheets import visible_statements, with_states
from commissions.views.common import attempt, slice_at, status_of
from commissions.waiting import with_waits
from projects.selectors import latest_today


@require_GET
@needs(Can.SEE_OWN_MONEY)
def money(request: HttpRequest) -> HttpResponse:
    """Own balances, and the lines behind them with their reasons."""
    page = page_by_cursor(own_lines(request.user), by="-subscribed_at", cursor=request.GET.get("cursor", ""))
    latest = page_by_cursor(own_statements(request.user), by="-prepared_at", cursor="", size=5)
    broker = broker_of(request.user)
    context = {
        "purses": own_purses(request.user),
        "page": page,
        "lines": with_waits(page.items),
        "statements": with_shown_states(latest.items),
        "months": with_states(visible_statements(request.user).order_by("-issued_at", "-pk")[:3], clock.now()),
        "grade": grade_term(broker.agency, latest_today()) if broker else None,
        "invoicing": may(request.user, Can.INVOICE_LINE),
        "prizes": prizes_of(broker, most=10) if broker else (),
        "advances": _advances(request.user, broker),
    }
    return render(request, "portal/money.html", context)


def _advances(user: Any, broker: Broker | None) -> list[Room]:
    """Return where the agency has something advanced, or may have, for who may ask for it."""
    if broker is None or not may(user, Can.ASK_ADVANCE):
        return []
    return [room for room in own_rooms(broker.agency) if room.outstanding or room.most]


@require_GET
@needs(Can.SEE_OWN_MONEY)
def statements(request: HttpRequest) -> HttpResponse:
    """Statement lines of the own payees, newest batch first."""
    lines = own_statements(request.user)
    page = page_by_cursor(lines, by="-prepared_at", cursor=request.GET.get("cursor", ""))
    return render(request, "portal/statements.html", {"page": page, "lines": with_shown_states(page.items)})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_OWN_MONEY)
def statement(request: HttpRequest, line_id: UUID) -> HttpResponse:
    """One line: the deals behind it, and the agency's invoice."""
    line: Any = get_object_or_404(own_statements(request.user), pk=line_id)
    with_shown_states([line])
    form = None
    if takes_invoice(line) and may(request.user, Can.INVOICE_LINE):
        form = InvoiceForm(sent(request), request.FILES or None, line=line)

        def attach() -> str:
            attach_invoice(actor=request.user, line=line, **form.paper())
            messages.success(request, _("The invoice is attached."))
            return reverse("portal:statement", args=[line.pk])

        if (answer := attempt(request, form, attach)) is not None:
            return answer
    entries = line_entries(line).select_related("deal__unit")
    context = {"line": line, "page": slice_at(entries, request.GET.get("cursor", "")), "form": form}
    return render(request, "portal/statement.html", context, status=status_of(form))


@require_GET
@needs(Can.SEE_OWN_MONEY)
def statement_file(request: HttpRequest, line_id: UUID) -> HttpResponseBase:
    """The line's statement as PDF."""
    line = get_object_or_404(own_statements(request.user), pk=line_id)
    file = export_statement(actor=request.user, line=line)
    return send_file(b"".join(file.pieces), file.name, content_type=file.content_type, shown=True)
