"""Payout batches: the list, a draft from a cut-off, a batch with its lines and the deals behind each."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from brokers.selectors import account_in_force
from channels_platform.accounts.permissions import Can
from channels_platform.audit.models import Event
from channels_platform.audit.selectors import events_of
from channels_platform.files.answers import file_answer
from channels_platform.http.once import OnceForm, sent
from channels_platform.http.screens import needs, page_by_cursor
from channels_platform.lib import clock
from channels_platform.lib.names import clean_text
from commissions.batch_facts import changed_since_approval, left_out_of
from commissions.batch_sheets import (
    deals_behind,
    held_at,
    held_of,
    lines_of,
    payable_at,
    takes_invoice,
    totals_of,
    with_states,
)
from commissions.contested import contested_at
from commissions.forms import DraftForm
from commissions.invoice_sheets import papers_of, visible_invoices
from commissions.models import PayoutBatch
from commissions.portal_forms import InvoiceForm
from commissions.selectors import visible_batches, visible_companies
from commissions.services.approvals import Because, approvals_needed
from commissions.services.bank_results import has_results
from commissions.services.invoices import attach_invoice
from commissions.services.payouts import draft_batch
from commissions.services.schedule import next_due
from commissions.states import BatchState, LineState
from commissions.views.batch_steps import steps_for
from commissions.views.common import attempt, show, slice_at, status_of
from projects.models import Project

MOST_PREVIEWED = 100
MOST_COMPANIES = 10


@require_safe
@needs(Can.SEE_MONEY)
def batches(request: HttpRequest) -> HttpResponse:
    """Batches by state, newest first, with their sums."""
    companies = visible_companies(request.user)
    asked = {name: clean_text(request.GET.get(name, "")) for name in ("state", "company", "q")}
    rows = visible_batches(request.user)
    if asked["company"]:
        rows = rows.filter(company__code=asked["company"])
    if asked["q"]:
        rows = rows.filter(number__icontains=asked["q"])
    counts = dict(rows.order_by().values_list("state").annotate(Count("pk")))
    tabs = [("", _("All"), sum(counts.values()))]
    tabs += [(state.value, state.label, counts.get(state.value, 0)) for state in PayoutBatch.State]
    if asked["state"] in PayoutBatch.State.values:
        rows = rows.filter(state=asked["state"])
    rows = rows.annotate(given=Count("approvals", filter=Q(approvals__voided_at__isnull=True)))
    page = page_by_cursor(rows, by="-prepared_at", cursor=request.GET.get("cursor", ""))
    sums = totals_of(page.items)
    for batch in page.items:
        batch.totals = sums[batch.pk]
    now = clock.now()
    context = {
        "page": page,
        "tabs": tabs,
        "asked": asked,
        "companies": companies,
        "coming": [(company, next_due(company, now)) for company in companies.order_by("code")[:MOST_COMPANIES]],
    }
    return show(request, "finance/batches.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.PREPARE_PAYOUT)
def batch_new(request: HttpRequest) -> HttpResponse:
    """Choose company, currency and cut-off; see what a draft would take; draft it."""
    companies = visible_companies(request.user).order_by("code")
    asked = sent(request) if request.method == "POST" else request.GET if "company" in request.GET else None
    only = companies[0].code if asked is None and len(companies) == 1 else None
    form = DraftForm(asked, companies=companies, initial={"company": only})

    def draft() -> str:
        entered = form.cleaned_data
        batch = draft_batch(
            actor=request.user, company=entered["company"], currency=entered["currency"], cutoff_at=entered["cutoff"]
        )
        messages.success(request, _("Batch %(number)s is drafted.") % {"number": batch.number})
        return reverse("finance:batch", args=[batch.pk])

    if (answer := attempt(request, form, draft)) is not None:
        return answer
    currencies = Project.objects.filter(company__in=companies).order_by("currency").values_list("currency", flat=True)
    context = {
        "form": form,
        "once": OnceForm(sent(request)),
        "currencies": currencies.distinct(),
        **_preview(form),
    }
    return show(request, "finance/batch_new.html", context, status=status_of(form) if request.method == "POST" else 200)


def _preview(form: DraftForm) -> dict[str, Any]:
    """What the draft would take at the cut-off, fixed to the instant so that exactly this is drafted."""
    if not form.is_bound or not form.is_valid():
        return {}
    company, currency = form.cleaned_data["company"], form.cleaned_data["currency"]
    now = clock.now()
    cutoff_at = form.cleaned_data["cutoff"] or now
    if cutoff_at > now:
        form.add_error("cutoff", _("This time is in the future."))
        return {}
    found = payable_at(company=company, currency=currency, cutoff_at=cutoff_at)
    taken, carried = [one for one in found if one.taken], [one for one in found if not one.taken]
    return {
        "previewed": True,
        "company": company,
        "currency": currency,
        "cutoff_at": cutoff_at,
        "cutoff_text": cutoff_at.astimezone(company.zone).strftime("%Y-%m-%dT%H:%M:%S.%f"),
        "taken": taken[:MOST_PREVIEWED],
        "taken_count": len(taken),
        "taken_sum": sum(one.gross for one in taken),
        "carried": carried[:MOST_PREVIEWED],
        "carried_count": len(carried),
        "held": held_at(company=company, currency=currency, cutoff_at=cutoff_at),
        "contested": contested_at(company=company, currency=currency, cutoff_at=cutoff_at),
    }


@require_safe
@needs(Can.SEE_MONEY)
def batch(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """One batch: where it stands, what can be done by whom, and its lines."""
    found = get_object_or_404(visible_batches(request.user), pk=batch_id)
    totals, left_out = totals_of([found])[found.pk], left_out_of(found)
    asked = {name: clean_text(request.GET.get(name, "")) for name in ("show", "q")}
    page = slice_at(lines_of(found, show=asked["show"], text=asked["q"]), request.GET.get("cursor", ""))
    states = dict(found.lines.order_by().values_list("state").annotate(Count("pk")))
    holds = held_of(found)
    shows = [
        ("needs_invoice", _("Needs an invoice"), totals.lacking),
        ("paid", _("Paid"), states.get(LineState.PAID, 0)),
        ("unknown", _("Bank can't say yet"), states.get(LineState.UNKNOWN, 0)),
        ("failed", _("Failed"), states.get(LineState.FAILED, 0)),
        ("returned", _("Returned"), states.get(LineState.RETURNED, 0)),
    ]
    context = {
        "batch": found,
        "zone": found.company.timezone,
        "totals": totals,
        "left_out": left_out,
        "left_as_held": totals.left - len(left_out),
        "open_lines": states.get(LineState.OPEN, 0),
        "page": page,
        "lines": with_states(page.items),
        "asked": asked,
        "recorded": "recorded" in request.GET,
        "shows": [show for show in shows if show[2]],
        "steps": _progress(found),
        "holds": holds,
        "actions": steps_for(request.user, found, lacking=totals.lacking, holds=holds),
        "returned": _sent_back(found),
        "bank_files": found.bank_files.select_related("made_by", "unsent__said_by")[:5],
        "bank_file": found.state in (BatchState.APPROVED, BatchState.PAID),
        "bank_results": has_results(found),
        "reissues": found.reissues.order_by("prepared_at"),
        **_approvals(found),
    }
    return show(request, "finance/batch.html", context)


_VOIDED = {
    Because.LINE_CHANGED: gettext_lazy("void since a line changed:"),
    Because.RETURNED: gettext_lazy("void since the batch was returned:"),
    Because.VOIDED: gettext_lazy("void since the batch was given up:"),
}


def _approvals(batch: PayoutBatch) -> dict[str, Any]:
    """Who approved it, who did and it counts no more, and what changed since."""
    found: list[Any] = list(batch.approvals.select_related("approver").order_by("given_at", "pk"))
    for one in found:
        one.voided_words = _VOIDED.get(one.voided_because, "")
    given = [one for one in found if one.voided_at is None]
    waiting = batch.state in (BatchState.SUBMITTED, BatchState.APPROVED)
    return {
        "approvals": found,
        "given": len(given),
        "would_need": approvals_needed(batch) if batch.state == BatchState.DRAFT else None,
        "changed": changed_since_approval(batch) if given and waiting else [],
    }


def _sent_back(batch: PayoutBatch) -> Event | None:
    """Return the latest return or voiding, with its reason, while it explains the state."""
    if batch.state not in (BatchState.DRAFT, BatchState.VOID):
        return None
    return events_of(batch).filter(action=f"batch.{batch.state}").select_related("actor").order_by("-id").first()


def _progress(batch: PayoutBatch) -> list[tuple[str, bool, bool]]:
    order = [BatchState.DRAFT, BatchState.SUBMITTED, BatchState.APPROVED, BatchState.PAID]
    if batch.state not in order:
        return []
    place = order.index(BatchState(batch.state))
    labels = [PayoutBatch.State(state).label for state in order]
    return [(str(label), place >= at, place == at) for at, label in enumerate(labels)]


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_MONEY)
def line(request: HttpRequest, batch_id: UUID, line_id: UUID) -> HttpResponse:
    """One line: the deals behind it with their reasons, its invoice; asked by htmx, only the deals."""
    found = get_object_or_404(visible_batches(request.user), pk=batch_id)
    line: Any = with_states([get_object_or_404(lines_of(found), pk=line_id)])[0]
    rows, count = deals_behind(line)
    context = {"batch": found, "zone": found.company.timezone, "line": line, "rows": rows, "count": count}
    if request.headers.get("HX-Request"):
        return show(request, "finance/_behind.html", context)
    context["credit_notes"] = line.invoice.credit_notes.all() if line.invoice else ()
    context["account"] = account_in_force(line.payee.agency or line.payee.broker)
    context["leaves_out"] = (
        found.state == BatchState.DRAFT and line.state == LineState.OPEN and request.user.can(Can.PREPARE_PAYOUT)
    )
    context["answers"] = found.state in ("approved", "paid") and line.state in ("open", "unknown", "paid")
    form = None
    if takes_invoice(line) and request.user.can(Can.PREPARE_PAYOUT):
        form = InvoiceForm(sent(request), request.FILES or None, line=line)

        def attach() -> str:
            attach_invoice(actor=request.user, line=line, **form.paper())
            messages.success(request, _("The invoice is attached."))
            return reverse("finance:batch", args=[found.pk])

        if (answer := attempt(request, form, attach)) is not None:
            return answer
    elif request.method == "POST":
        messages.warning(request, _("This line takes no invoice from you."))
    context["form"] = form
    status = status_of(form) if form is not None else 409 if request.method == "POST" else 200
    return show(request, "finance/line.html", context, status=status)


@require_safe
@needs(Can.SEE_MONEY)
def invoice_file(request: HttpRequest, batch_id: UUID, line_id: UUID, file_id: UUID) -> HttpResponseBase:
    """The file of a line's invoice, or of a credit note against it."""
    batch = get_object_or_404(visible_batches(request.user), pk=batch_id)
    found = get_object_or_404(visible_invoices(request.user), line=line_id, line__batch=batch)
    return file_answer(get_object_or_404(papers_of(found), pk=file_id))
