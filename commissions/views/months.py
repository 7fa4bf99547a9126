"""Months that close: which are closed, closing the next, their statements, and answering what is contested."""

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from channels_platform.accounts.permissions import Can
from channels_platform.files.answers import file_answer
from channels_platform.http.downloads import send_file
from channels_platform.http.once import OnceForm, sent
from channels_platform.http.screens import needs, page_by_cursor
from channels_platform.lib import clock
from channels_platform.lib.names import clean_text
from commissions.forms import AnswerForm
from commissions.models import Objection, ObjectionFile
from commissions.months import closable_months, span_of
from commissions.selectors import visible_companies
from commissions.services.closing import close_month
from commissions.services.schedule import next_due
from commissions.services.statement_files import StatementForm, export_month
from commissions.services.statements import answer_objection
from commissions.statement_sheets import (
    lines_of,
    narrowed,
    totals_of,
    visible_months,
    visible_statements,
    with_counts,
    with_states,
)
from commissions.states import ObjectionState
from commissions.views.common import attempt, show, slice_at, status_of
from projects.models import PayingCompany


@require_safe
@needs(Can.SEE_MONEY)
def months(request: HttpRequest) -> HttpResponse:
    """Which months may be closed now, and those that are, newest first."""
    now = clock.now()
    companies = visible_companies(request.user).order_by("code")
    asked = clean_text(request.GET.get("company", ""))
    rows = visible_months(request.user)
    if asked:
        rows = rows.filter(company__code=asked)
    page = page_by_cursor(rows, by="-ends_at", cursor=request.GET.get("cursor", ""))
    context = {
        "page": page,
        "months": with_counts(page.items, now),
        "companies": companies,
        "asked": asked,
        "due": [(one, months[-1]) for one in companies if (months := closable_months(one, now))],
        "may_close": request.user.can(Can.CLOSE_MONTH),
    }
    return show(request, "finance/months.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.CLOSE_MONTH)
def month_close(request: HttpRequest, company: str) -> HttpResponse:
    """Say what closing means, and close the month."""
    now = clock.now()
    found: PayingCompany = get_object_or_404(visible_companies(request.user), code=company)
    closable = closable_months(found, now)
    form = OnceForm(sent(request))
    asked = _asked_month(request.POST.get("month") or request.GET.get("month", ""))
    month = asked if asked in closable else closable[-1] if closable else None

    def work() -> str:
        closed = close_month(actor=request.user, company=found, month=asked or month or now.date())
        messages.success(request, _("The month is closed and its statements are issued."))
        return reverse("finance:month", args=[closed.pk])

    if (answer := attempt(request, form, work)) is not None:
        return answer
    context = {
        "company": found,
        "closable": closable,
        "month": month,
        "span": span_of(found, month) if month else None,
        "answer_by": next_due(found, now).pays_at,
        "form": form,
    }
    return show(request, "finance/month_close.html", context, status=status_of(form))


def _asked_month(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


@require_safe
@needs(Can.SEE_MONEY)
def month(request: HttpRequest, month_id: UUID) -> HttpResponse:
    """A closed month: its sums, and its statements by how they stand."""
    now = clock.now()
    found: Any = with_counts([get_object_or_404(visible_months(request.user), pk=month_id)], now)[0]
    asked = {name: request.GET.get(name, "") for name in ("state", "q")}
    rows = narrowed(found.statements.order_by("number"), state=asked["state"], text=asked["q"], now=now)
    rows = rows.select_related("closing_of", "payee__agency", "payee__broker__agency")
    page = slice_at(rows, request.GET.get("cursor", ""))
    context = {
        "closed": found,
        "totals": totals_of(found),
        "page": page,
        "statements": with_states(page.items, now),
        "asked": asked,
        "states": ("issued", "contested", "answered", "confirmed", "accepted"),
        "may_answer": request.user.can(Can.PREPARE_PAYOUT),
    }
    return show(request, "finance/month.html", context)


@require_safe
@needs(Can.SEE_MONEY)
def statement(request: HttpRequest, statement_id: UUID) -> HttpResponse:
    """One payee's month, with what is contested of it."""
    found = get_object_or_404(visible_statements(request.user), pk=statement_id)
    lines = lines_of(found)
    context = {
        "statement": with_states([found], clock.now())[0],
        "closed": found.closing_of,
        "page": slice_at(lines, request.GET.get("cursor", "")),
        "contested": list(lines.filter(objection__isnull=False).order_by("objection__state", "place")),
        "downloads": [
            (reverse("finance:statement_pdf", args=[found.pk]), _("PDF"), "file-earmark-pdf"),
            (reverse("finance:statement_xlsx", args=[found.pk]), _("Excel workbook"), "file-earmark-spreadsheet"),
        ],
        "may_answer": request.user.can(Can.PREPARE_PAYOUT),
    }
    return show(request, "finance/statement.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.PREPARE_PAYOUT)
def objection(request: HttpRequest, statement_id: UUID, line_id: UUID) -> HttpResponse:
    """Answer a contested line: it stands, or was corrected."""
    found = get_object_or_404(visible_statements(request.user), pk=statement_id)
    line = get_object_or_404(lines_of(found).filter(objection__isnull=False), pk=line_id)
    contested: Objection = line.objection
    form = AnswerForm(sent(request))

    def work() -> str:
        corrected = form.cleaned_data["outcome"] == ObjectionState.CORRECTED
        answer_objection(
            actor=request.user, objection=contested, corrected=corrected, answer=form.cleaned_data["answer"]
        )
        messages.success(request, _("Answered. The payee is told, and what waited of the line is free again."))
        return reverse("finance:statement", args=[found.pk])

    if (answer := attempt(request, form, work)) is not None:
        return answer
    context = {"statement": found, "closed": found.closing_of, "line": line, "objection": contested, "form": form}
    return show(request, "finance/objection.html", context, status=status_of(form))


@require_safe
@needs(Can.SEE_MONEY)
def objection_file(request: HttpRequest, statement_id: UUID, file_id: UUID) -> HttpResponseBase:
    """A file that the payee handed in with an objection."""
    found = get_object_or_404(visible_statements(request.user), pk=statement_id)
    files = ObjectionFile.objects.filter(objection__line__statement=found, attachment=file_id)
    return file_answer(get_object_or_404(files.select_related("attachment")[:1]).attachment)


@require_POST
@needs(Can.SEE_MONEY)
def statement_file(request: HttpRequest, statement_id: UUID, form: str) -> HttpResponseBase:
    """The statement as PDF or workbook."""
    found = get_object_or_404(visible_statements(request.user), pk=statement_id)
    exported = export_month(actor=request.user, statement=found, form=StatementForm(form))
    return send_file(b"".join(exported.pieces), exported.name, content_type=exported.content_type)
