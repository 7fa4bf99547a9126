"""Two-sided reconciliation on the pages of both sides: sent by the agency, looked at and signed by both."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from brokers.selectors import agency_of
from channels_platform.accounts.permissions import Can
from channels_platform.files.content import XLSX
from channels_platform.http.downloads import send_file
from channels_platform.http.once import sent
from channels_platform.http.screens import needs, page_by_cursor
from channels_platform.lib.errors import Refused
from commissions.engine.matching import NOTHING_TO_SETTLE, Reason
from commissions.forms import SeenForm
from commissions.models import Reconciliation
from commissions.reconciliation_forms import LedgerForm
from commissions.reconciling import (
    counts_of,
    left_out_of,
    places_of,
    reading_of,
    totals_of,
    visible_reconciliations,
)
from commissions.services.reconciliation_files import export_reconciliation
from commissions.services.reconciliations import compare_again, send_ledger, sign_reconciliation
from commissions.views.common import attempt, in_words, show, slice_at, status_of
from projects.selectors import latest_today

_MOST_LISTED = 20
_SHEET_WORDS = {
    "sheet_type": gettext_lazy("This is neither an XLSX workbook nor a CSV file."),
    "sheet_broken": gettext_lazy("This file cannot be read. Save it again and send it anew."),
    "no_headings": gettext_lazy(
        "No row has headings for an amount and for a deal, unit or client. Say below what yours are called."
    ),
    "no_rows": gettext_lazy("There are no rows below the headings."),
    "too_many_rows": gettext_lazy("At most 5,000 rows at a time."),
    "file_empty": gettext_lazy("This file is empty."),
    "file_too_large": gettext_lazy("This file is too large; the most is 2 MB."),
}


def _said(refused: Refused) -> Any:
    if refused.code == "row_unread":
        return _("Row %(row)s: “%(what)s” can't be read as an amount. Nothing was kept.") % refused.facts
    return _SHEET_WORDS.get(refused.code) or in_words(refused)


def _shell(request: HttpRequest) -> dict[str, str]:
    """Return where the person's own pages of this are."""
    side = "portal" if request.resolver_match and request.resolver_match.namespace == "portal" else "finance"
    return {"side": side, "shell": f"{side}/base.html"}


def _answer(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    shell = _shell(request)
    context |= shell
    if shell["side"] == "portal":
        return render(request, template, context, status=status)
    return show(request, template, context, status=status)


def _list(request: HttpRequest) -> HttpResponse:
    rows = visible_reconciliations(request.user)
    page = page_by_cursor(rows, by="-sent_at", cursor=request.GET.get("cursor", ""))
    return _answer(request, "reconciling/list.html", {"page": page, "found": page.items})


def _one(request: HttpRequest, reconciliation_id: UUID) -> HttpResponse:
    found = get_object_or_404(visible_reconciliations(request.user), pk=reconciliation_id)
    shell = _shell(request)
    form = SeenForm(sent(request), initial={"seen": found.digest})
    back = reverse(f"{shell['side']}:reconciliation", args=[found.pk])

    def work() -> str:
        if "again" in request.POST:
            compare_again(actor=request.user, reconciliation=found)
            messages.success(request, _("Compared with what the developer has now."))
        else:
            sign_reconciliation(actor=request.user, reconciliation=found, seen=form.cleaned_data["seen"])
            messages.success(request, _("Signed."))
        return back

    if (answer := attempt(request, form, work)) is not None:
        return answer
    asked = request.GET.get("reason", "")
    rows = found.rows.order_by("place")
    counts = counts_of(found)
    if asked == "differs":
        rows = rows.exclude(reason__in=NOTHING_TO_SETTLE)
    elif asked in {code for code, _label, _count in counts}:
        rows = rows.filter(reason=asked)
    context = {
        "one": found,
        "page": slice_at(rows, request.GET.get("cursor", "")),
        "asked": asked,
        "counts": counts,
        "totals": totals_of(found),
        "left_out": _listed(left_out_of(found)),
        "left_out_count": found.counts.get(Reason.LEFT_OUT, 0),
        "form": form,
        "may_compare": _may_act(request, shell["side"]) and not found.is_signed and not found.replaced_at,
        "may_sign": _may_act(request, shell["side"]) and _is_unsigned(found, shell["side"]),
    }
    return _answer(request, "reconciling/one.html", context, status_of(form))


def _listed(rows: Sequence[int]) -> str:
    """Return the numbers of rows as words, the first of them where there are many."""
    said = ", ".join(map(str, rows[:_MOST_LISTED]))
    return f"{said} …" if len(rows) > _MOST_LISTED else said


def _may_act(request: HttpRequest, side: str) -> bool:
    return request.user.can(Can.RECONCILE_OWN if side == "portal" else Can.RECONCILE)


def _is_unsigned(found: Reconciliation, side: str) -> bool:
    signed = found.agency_signed_at if side == "portal" else found.finance_signed_at
    return signed is None and found.replaced_at is None


def _file(request: HttpRequest, reconciliation_id: UUID) -> HttpResponseBase:
    found = get_object_or_404(visible_reconciliations(request.user), pk=reconciliation_id)
    content = export_reconciliation(actor=request.user, reconciliation=found)
    return send_file(content, f"{found.number}.xlsx", content_type=XLSX.media_type)


@require_safe
@needs(Can.RECONCILE_OWN)
def own_reconciliations(request: HttpRequest) -> HttpResponse:
    """What the own agency had compared, newest first."""
    return _list(request)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.RECONCILE_OWN)
def own_reconciliation(request: HttpRequest, reconciliation_id: UUID) -> HttpResponse:
    """One result: row by row, signed for the agency here."""
    return _one(request, reconciliation_id)


@require_safe
@needs(Can.RECONCILE_OWN)
def own_reconciliation_xlsx(request: HttpRequest, reconciliation_id: UUID) -> HttpResponseBase:
    """The result as a workbook."""
    return _file(request, reconciliation_id)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.RECONCILE_OWN)
def reconciliation_new(request: HttpRequest) -> HttpResponse:
    """Send the own ledger of a span; it is compared at once."""
    agency: Any = agency_of(request.user)
    places = places_of(agency) if agency else []
    last = latest_today().replace(day=1) - timedelta(days=1)
    form = LedgerForm(
        sent(request), request.FILES or None, places=places, headings=reading_of(agency) if agency else {},
        initial={"from_on": last.replace(day=1), "to_on": last},
    )  # fmt: skip

    def work() -> str:
        made = send_ledger(actor=request.user, **form.sent_ledger())
        messages.success(request, _("Compared. Look at the differences, then sign."))
        if made.undated:
            said = _("The dates of these rows can't be read for sure, so they were compared without them: %(rows)s.")
            messages.warning(request, said % {"rows": _listed(made.undated)})
        return reverse("portal:reconciliation", args=[made.pk])

    if (answer := attempt(request, form, work, said=_said)) is not None:
        return answer
    context = {"form": form, "places": places, "told": bool(form.errors) or any(reading_of(agency).values())}
    return _answer(request, "reconciling/new.html", context, status_of(form))


@require_safe
@needs(Can.SEE_MONEY)
def reconciliations(request: HttpRequest) -> HttpResponse:
    """What agencies had compared, newest first."""
    return _list(request)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_MONEY)
def reconciliation(request: HttpRequest, reconciliation_id: UUID) -> HttpResponse:
    """One result: row by row, signed for the company here."""
    return _one(request, reconciliation_id)


@require_safe
@needs(Can.SEE_MONEY)
def reconciliation_xlsx(request: HttpRequest, reconciliation_id: UUID) -> HttpResponseBase:
    """The result as a workbook."""
    return _file(request, reconciliation_id)
