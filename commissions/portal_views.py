"""The portal's pages of money: what is earned and why, statements, invoices."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import prefetch_related_objects
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
from commissions.holds import held_lines
from commissions.models import PayoutLine
from commissions.own_money import own_lines, own_purses, own_statements
from commissions.portal_forms import InvoiceForm
from commissions.selectors import line_entries
from commissions.services.exporting import export_statement
from commissions.services.invoices import attach_invoice
from commissions.standings import prizes_of
from commissions.statement_sheets import visible_statements, with_states
from commissions.states import BatchState, LineState
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
        "statements": _with_invoices(latest.items),
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
    return render(request, "portal/statements.html", {"page": page, "lines": _with_invoices(page.items)})


def _with_invoices(lines: Any) -> list[PayoutLine]:
    """Give each line its invoice in force, what holds it, and the state people read."""
    found = list(lines)
    prefetch_related_objects(found, "invoices")
    holds = held_lines(line.pk for line in found)
    for line in found:
        line.hold = holds.get(line.pk)
        line.invoice = next((one for one in line.invoices.all() if one.live), None)
        line.shown_state = _shown_state(line)
    return found


def _shown_state(line: Any) -> str:
    if line.state != LineState.OPEN:
        return str(line.state)
    if line.hold is not None:
        return "held"
    if not line.payee.is_individual and line.invoice is None and _takes_invoice(line):
        return "needs_invoice"
    return "ready" if line.batch.state == BatchState.APPROVED else "pending"


def _takes_invoice(line: PayoutLine) -> bool:
    open_batch = line.batch.state in (BatchState.DRAFT, BatchState.SUBMITTED)
    return open_batch and line.state == LineState.OPEN and not line.payee.is_individual


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_OWN_MONEY)
def statement(request: HttpRequest, line_id: UUID) -> HttpResponse:
    """One line: the deals behind it, and the agency's invoice."""
    line: Any = get_object_or_404(own_statements(request.user), pk=line_id)
    _with_invoices([line])
    form = None
    if _takes_invoice(line) and may(request.user, Can.INVOICE_LINE):
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
