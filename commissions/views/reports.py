"""Reports: the list, a report with its filters and totals, its files, and those one had made before."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from babel.dates import format_date
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from channels_platform.accounts.permissions import Can
from channels_platform.http.downloads import send_file
from channels_platform.http.screens import needs, page_by_cursor
from channels_platform.jobs.models import Job
from channels_platform.jobs.selectors import get_job
from channels_platform.lib.errors import Refused
from channels_platform.presentation import formats
from commissions.models import ReportSchedule
from commissions.report_forms import when_words
from commissions.reports.asked import chips, query_of, read_asked, widgets
from commissions.reports.catalogue import REPORTS
from commissions.reports.dims import month_words
from commissions.reports.reading import Total, rows_at, totals, value_of
from commissions.reports.types import Asked, Field, Kind, Report
from commissions.services.exporting import ExportForm
from commissions.services.report_exports import KIND, export_report, size_of, start_report_export, title_of
from commissions.services.report_views import visible_views
from commissions.views.common import PAGE, in_words, show, slice_at


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure or word of a row, and where it is taken apart."""

    label: Any
    text: str
    numeric: bool = False
    below_zero: bool = False
    unbroken: bool = False
    url: str = ""


def report_named(name: str) -> Report:
    """Return a report by the name in its address; 404 for another."""
    if name not in REPORTS:
        raise Http404
    return REPORTS[name]


@require_safe
@needs(Can.SEE_MONEY)
def reports(request: HttpRequest) -> HttpResponse:
    """What there is to read, and what oneself and others keep."""
    views = list(visible_views(request.user))
    own = {one.view_id: one for one in ReportSchedule.objects.filter(person=request.user)}
    for view in views:
        view.title = REPORTS[view.report].title
        view.url = f"{reverse('finance:report', args=[view.report])}?{view.query}"
        view.schedule = own.get(view.pk)
        if view.schedule is not None:
            view.schedule.day_words = when_words(view.schedule)
    return show(request, "finance/reports.html", {"reports": REPORTS.values(), "views": views})


@require_safe
@needs(Can.SEE_MONEY)
def report(request: HttpRequest, name: str) -> HttpResponse:
    """One report, narrowed by what the address says, with totals of all its rows."""
    asked = read_asked(report_named(name), request.user, request.GET.dict())
    fields = asked.report.fields(asked)
    sums = [] if asked.faults else totals(asked)
    rows = [] if asked.faults else _Rows(asked, sum(total.rows for total in sums))
    page = slice_at(rows, request.GET.get("cursor", ""))  # type: ignore[arg-type]
    context = {
        "report": asked.report,
        "asked": asked,
        "widgets": widgets(asked, request.user),
        "chips": chips(asked, request.user),
        "query": query_of(asked),
        "fields": fields,
        "totals": [_total(total, fields) for total in sums],
        "tables": _tables(page.items, fields, asked),
        "page": page,
        "count": sum(total.rows for total in sums),
        "narrowed": bool(asked.words),
    }
    return show(request, "finance/report.html", context, status=422 if asked.faults else 200)


class _Rows:
    """A report's rows, read as they are sliced."""

    def __init__(self, asked: Asked, count: int) -> None:
        self.asked, self.count = asked, count

    def __getitem__(self, part: slice) -> list[Any]:
        start = part.start or 0
        return rows_at(self.asked, start, part.stop - start) if start < self.count else []


def _tables(rows: list[Any], fields: tuple[Field, ...], asked: Asked) -> list[tuple[str, list[list[Cell]]]]:
    found = groupby(rows, key=lambda row: row["currency"])
    return [(currency, [[_cell(one, row, asked) for one in fields] for row in part]) for currency, part in found]


def _cell(field: Field, row: Any, asked: Asked) -> Cell:
    value = value_of(field, row)
    url = field.link(row, asked) if field.link is not None and value not in (None, "") else ""
    numeric = field.kind in (Kind.MONEY, Kind.COUNT, Kind.RATE)
    below = field.kind is Kind.MONEY and value is not None and value < 0
    unbroken = field.code or field.kind in (Kind.DAY, Kind.MONTH)
    return Cell(field.heading, _text(field, value, row["currency"]), numeric, below, unbroken, url)


def _text(field: Field, value: Any, currency: str) -> str:
    if value is None or value == "":
        return "–"
    if field.kind is Kind.MONEY:
        return formats.money(value, currency)
    if field.kind is Kind.RATE:
        return formats.percent(round(value, 4))
    if field.kind is Kind.COUNT:
        return f"{value:,}"
    if field.kind is Kind.DAY:
        return format_date(value, "y年M月d日" if formats.is_chinese() else "d MMM y", locale=formats.locale())
    if field.kind is Kind.MONTH:
        return month_words(value)
    return field.words(value) if field.words is not None else str(value)


def _total(total: Total, fields: tuple[Field, ...]) -> dict[str, Any]:
    figures = [
        (field.heading, _text(field, value, total.currency), total.currency if field.kind is Kind.MONEY else "")
        for field in fields
        if (value := total.of(field)) is not None
    ]
    return {"currency": total.currency, "rows": total.rows, "figures": figures}


@require_POST
@needs(Can.SEE_MONEY)
def report_export(request: HttpRequest, name: str, form: str) -> HttpResponseBase:
    """Send the file of what the address asks for, or go to the page of the job that writes it."""
    asked = read_asked(report_named(name), request.user, request.GET.dict())
    back = f"{reverse('finance:report', args=[name])}?{query_of(asked)}"
    try:
        if asked.faults:
            return HttpResponseRedirect(back)
        size = size_of(asked)
        wanted = {"actor": request.user, "asked": asked, "form": ExportForm(form), "rows": size.rows}
        if size.is_large:
            return HttpResponseRedirect(reverse("jobs:detail", args=[start_report_export(**wanted).pk]))
        exported = export_report(**wanted)
    except Refused as refused:
        messages.error(request, in_words(refused))
        return HttpResponseRedirect(back)
    return send_file(exported.pieces, exported.name, content_type=exported.content_type)


@require_safe
@needs(Can.SEE_MONEY)
def report_exports(request: HttpRequest) -> HttpResponse:
    """The files one had made, by hand or by a schedule, to be fetched again."""
    rows = Job.objects.filter(starter=request.user, kind=KIND)
    page = page_by_cursor(rows, by="-created_at", cursor=request.GET.get("cursor", ""), size=PAGE)
    for job in page.items:
        known = REPORTS.get(job.arguments["report"])
        job.title = title_of(job)
        job.named = job.arguments["name"]
        job.readable = get_job(viewer=request.user, job_id=job.pk) is not None
        job.asked_url = f"{reverse('finance:report', args=[known.name])}?{job.arguments['query']}" if known else ""
    return show(request, "finance/report_exports.html", {"page": page, "heading": _("My exports")})
