"""The portal's monthly statements: read, confirm, contest lines with text and files, take as PDF or workbook."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from channels_platform.accounts.permissions import Can, may
from channels_platform.files.answers import file_answer
from channels_platform.http.downloads import send_file
from channels_platform.http.once import OnceForm, sent
from channels_platform.http.screens import needs, page_by_cursor
from channels_platform.lib import clock
from commissions.models import ObjectionFile, Statement
from commissions.portal_forms import ObjectionForm
from commissions.services.statement_files import StatementForm, export_month
from commissions.services.statements import confirm_statement, contest_lines
from commissions.statement_sheets import lines_of, visible_statements, with_states
from commissions.states import StatementState
from commissions.views.common import attempt, slice_at, status_of


def _statement(request: HttpRequest, statement_id: UUID) -> Any:
    found = get_object_or_404(visible_statements(request.user), pk=statement_id)
    return with_states([found], clock.now())[0]


def _answerable(request: HttpRequest, statement: Statement) -> bool:
    """Whether lines may still be contested."""
    in_time = clock.now() < statement.closing_of.answer_by
    return may(request.user, Can.ANSWER_STATEMENT) and in_time and statement.state != StatementState.CONFIRMED


@require_GET
@needs(Can.SEE_OWN_MONEY)
def months(request: HttpRequest) -> HttpResponse:
    """Monthly statements of the own payees, newest first."""
    page = page_by_cursor(visible_statements(request.user), by="-issued_at", cursor=request.GET.get("cursor", ""))
    context = {"page": page, "statements": with_states(page.items, clock.now())}
    return render(request, "portal/months.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_OWN_MONEY)
def month(request: HttpRequest, statement_id: UUID) -> HttpResponse:
    """One month: from opening to closing, the lines behind it; sent, it is confirmed."""
    found = _statement(request, statement_id)
    form = OnceForm(sent(request))

    def work() -> str:
        confirm_statement(actor=request.user, statement=found)
        messages.success(request, _("The statement is confirmed."))
        return reverse("portal:month", args=[found.pk])

    if (answer := attempt(request, form, work)) is not None:
        return answer
    answerable = _answerable(request, found)
    context = {
        "statement": found,
        "closed": found.closing_of,
        "page": slice_at(lines_of(found), request.GET.get("cursor", "")),
        "contested": list(lines_of(found).filter(objection__isnull=False)),
        "form": form,
        "may_contest": answerable,
        "may_confirm": answerable and found.state != StatementState.CONTESTED,
    }
    return render(request, "portal/month.html", context, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.ANSWER_STATEMENT)
def month_contest(request: HttpRequest, statement_id: UUID, line_id: UUID) -> HttpResponse:
    """Contest one line, with text and files."""
    found = _statement(request, statement_id)
    line = get_object_or_404(lines_of(found), pk=line_id)
    form = ObjectionForm(sent(request), request.FILES or None)

    def work() -> str:
        contest_lines(
            actor=request.user,
            statement=found,
            lines=[line.pk],
            text=form.cleaned_data["text"],
            files=form.cleaned_data["files"],
        )
        messages.success(request, _("Contested. What is unpaid of this line waits until finance has answered."))
        return reverse("portal:month", args=[found.pk])

    if (answer := attempt(request, form, work)) is not None:
        return answer
    context = {
        "statement": found,
        "line": line,
        "form": form,
        "may_contest": _answerable(request, found) and not hasattr(line, "objection"),
        "draft": f"contest-line-{line.pk}",
    }
    return render(request, "portal/month_contest.html", context, status=status_of(form))


@require_GET
@needs(Can.SEE_OWN_MONEY)
def month_file(request: HttpRequest, statement_id: UUID, form: str) -> HttpResponseBase:
    """The statement as PDF or workbook."""
    exported = export_month(actor=request.user, statement=_statement(request, statement_id), form=StatementForm(form))
    content = b"".join(exported.pieces)
    return send_file(content, exported.name, content_type=exported.content_type, shown=form == StatementForm.PDF)


@require_GET
@needs(Can.SEE_OWN_MONEY)
def month_evidence(request: HttpRequest, statement_id: UUID, file_id: UUID) -> HttpResponseBase:
    """A file that was handed in with an objection to the statement."""
    found = _statement(request, statement_id)
    files = ObjectionFile.objects.filter(objection__line__statement=found, attachment=file_id)
    return file_answer(get_object_or_404(files.select_related("attachment")[:1]).attachment)
