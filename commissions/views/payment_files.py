"""Files of payments: how sources read, a file looked at row by row and taken over, rows that wait for a person."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from channels_platform.accounts.permissions import Can
from channels_platform.http.once import OnceForm, sent
from channels_platform.http.screens import needs
from channels_platform.http.sheet_forms import FAULTS
from channels_platform.lib.errors import Refused
from channels_platform.lib.names import clean_text
from commissions.payment_file_forms import PaymentFileForm, PaymentSourceForm, WaitingRowForm
from commissions.views.common import attempt, in_words, show, slice_at, status_of
from leads.models import PaymentFile
from leads.payment_selectors import (
    judge_rows,
    suggestions_for,
    visible_files,
    visible_rows,
    visible_sources,
    waiting_rows,
)
from leads.payment_words import FAULT_WORDS, REASON_WORDS
from leads.payment_words import in_words as fault_in_words
from leads.selectors import visible_deals
from leads.services.payment_files import assign_row, read_file, set_row_aside, start_taking
from leads.services.payment_sources import keep_source
from projects.selectors import visible_projects

_ORDER = ("new", "recorded", "same", "waiting", "assigned", "aside", "fault")
_WORDS = {
    **FAULTS,
    "no_headings": gettext_lazy("No column of days was found. Say in a source under which heading it stands."),
    "no_rows": gettext_lazy("No rows stand below the headings."),
    "too_many_rows": gettext_lazy("At most 20,000 rows."),
    "wrong_encoding": gettext_lazy("The file is not in the source's encoding."),
    "heading_twice": gettext_lazy("One heading was named for two things."),
    "word_twice": gettext_lazy("One word was named for two kinds of money."),
    "source_known": gettext_lazy("The project has a source of this name."),
    "settled_already": gettext_lazy("Somebody settled this row already."),
    "no_amount": gettext_lazy("It has no amount, or 0."),
}


def _said(refused: Refused) -> Any:
    return _WORDS.get(refused.code) or FAULT_WORDS.get(refused.code) or in_words(refused)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.RECORD_PAYMENT)
def payment_imports(request: HttpRequest) -> HttpResponse:
    """Send a file of payments; it is only read here. The sources, and the files read before."""
    projects = list(visible_projects(request.user).order_by("name"))
    sources = list(visible_sources(request.user))
    form = PaymentFileForm(sent(request), request.FILES or None, projects=projects, sources=sources)

    def work() -> str:
        project, source = form.chosen()
        file = form.cleaned_data["file"]
        file.seek(0)
        kept = read_file(actor=request.user, project=project, source=source, name=file.name, data=file.read())
        return reverse("finance:payment_import", args=[kept.pk])

    if (answer := attempt(request, form, work, said=_said)) is not None:
        return answer
    context = {
        "form": form,
        "projects": projects,
        "sources": sources,
        "page": slice_at(visible_files(request.user), request.GET.get("cursor", ""), size=20),
        "waiting": waiting_rows(request.user)[:100].count(),
    }
    return show(request, "finance/payment_imports.html", context, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_MONEY)
def payment_import(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """What a file says, row by row, and what becomes of each; taken over by a worker when a person says so."""
    if request.method == "POST" and not request.user.can(Can.RECORD_PAYMENT):
        raise PermissionDenied
    file = get_object_or_404(visible_files(request.user), pk=file_id)
    form = OnceForm(sent(request))

    def work() -> str:
        return reverse("jobs:detail", args=[start_taking(actor=request.user, file=file).pk])

    if (answer := attempt(request, form, work, said=_said)) is not None:
        return answer
    rows = _rows(file)
    asked = request.GET.get("show", "")
    shown = [row for row in rows if not asked or row["becomes"] == asked]
    context = {
        "file": file,
        "zone": file.project.timezone,
        "page": slice_at(shown, request.GET.get("cursor", ""), size=100),
        "counts": [(name, number) for name in _ORDER if (number := sum(row["becomes"] == name for row in rows))],
        "asked": asked,
        "new": sum(row["becomes"] == "new" for row in rows),
        "total": sum((row["amount"] for row in rows if row["becomes"] == "new"), 0),
        "form": form,
        "own_job": file.job is not None and file.job.starter_id == request.user.pk,
    }
    return show(request, "finance/payment_import.html", context, status=status_of(form))


def _rows(file: PaymentFile) -> list[dict[str, Any]]:
    """Return the rows with what became of them, or would now."""
    judged = {row.pk: one for row, one in judge_rows(file)}
    deals = {one.deal for one in judged.values() if one.deal}
    numbers = {str(pk): number for pk, number in _deal_numbers(file, deals)}
    told = []
    for row in file.rows.select_related("payment__deal").order_by("number"):
        found = judged.get(row.pk)
        told.append({
            "row": row,
            "becomes": found.becomes if found else row.state,
            "fault": fault_in_words(found.reason if found else row.fault),
            "amount": found.amount if found and found.amount else row.payment.amount if row.payment else row.amount,
            "deal": numbers.get(found.deal, "") if found else row.payment.deal.number if row.payment else "",
        })  # fmt: skip
    return told


def _deal_numbers(file: PaymentFile, deals: set[str]) -> Any:
    return file.project.deals.filter(pk__in=deals).order_by().values_list("pk", "number")


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.RECORD_PAYMENT)
def payment_source(request: HttpRequest, source_id: UUID | None = None) -> HttpResponse:
    """Say how the files of a source read."""
    source = get_object_or_404(visible_sources(request.user), pk=source_id) if source_id else None
    projects = list(visible_projects(request.user).order_by("name"))
    form = PaymentSourceForm(sent(request), projects=projects, source=source)

    def work() -> str:
        code = form.cleaned_data.get("project")
        project = source.project if source else next(one for one in projects if one.code == code)
        keep_source(actor=request.user, project=project, source=source, **form.reading())
        messages.success(request, _("Kept. The next files of it are read so."))
        return reverse("finance:payment_imports")

    if (answer := attempt(request, form, work, said=_said)) is not None:
        return answer
    context = {"form": form, "source": source}
    return show(request, "finance/payment_source.html", context, status=status_of(form))


@require_safe
@needs(Can.SEE_MONEY)
def waiting_payments(request: HttpRequest) -> HttpResponse:
    """The rows of files that wait for somebody to say which deal they are of, the oldest first."""
    rows = waiting_rows(request.user).order_by("id")
    projects = list(visible_projects(request.user).order_by("name"))
    asked = clean_text(request.GET.get("project", ""))
    if asked:
        rows = rows.filter(project__code=asked)
    context = {"page": slice_at(rows, request.GET.get("cursor", "")), "projects": projects, "asked": asked}
    return show(request, "finance/waiting_payments.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_MONEY)
def waiting_payment(request: HttpRequest, row_id: UUID) -> HttpResponse:
    """One row that waits, with the deals it might be of: recorded for one of them, or set aside; once."""
    if request.method == "POST" and not request.user.can(Can.RECORD_PAYMENT):
        raise PermissionDenied
    row = get_object_or_404(visible_rows(request.user), pk=row_id)
    deals = visible_deals(request.user).filter(project=row.project_id)
    form = WaitingRowForm(sent(request), deals=deals)

    def work() -> str:
        if "aside" in request.POST:
            set_row_aside(actor=request.user, row=row, reason=form.cleaned_data["reason"])
            messages.success(request, _("Set aside."))
        elif form.found is not None:
            assign_row(actor=request.user, row=row, deal=form.found)
            messages.success(request, _("Recorded for %(deal)s.") % {"deal": form.found.number})
        return reverse("finance:waiting_payments")

    if (answer := attempt(request, form, work, said=_said)) is not None:
        return answer
    waits = row.state == "waiting"
    found = suggestions_for(row) if waits else []
    context = {
        "row": row,
        "waits": waits,
        "fault": fault_in_words(row.fault),
        "suggestions": [(deal, [REASON_WORDS[name] for name in one.reasons]) for deal, one in found],
        "form": form,
    }
    return show(request, "finance/waiting_payment.html", context, status=status_of(form))
