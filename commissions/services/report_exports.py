"""Handing a report out as a file: small ones at once, large ones as a job that its starter fetches again."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.urls import reverse
from django.utils.timezone import get_current_timezone
from django.utils.translation import get_language, gettext_lazy, override

from channels_platform.accounts.permissions import Can, may
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.files.content import XLSX
from channels_platform.jobs.kinds import name_kind
from channels_platform.jobs.models import Job
from channels_platform.jobs.services import create_job, job_at_work, report_progress
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid
from channels_platform.notices.services import tell
from commissions.models import ReportView
from commissions.reports.asked import query_of, read_asked, scope_of
from commissions.reports.catalogue import REPORTS
from commissions.reports.files import report_csv, write_report
from commissions.reports.reading import totals
from commissions.reports.types import Asked, Scope
from commissions.services.exporting import AT_ONCE, ExportedFile, ExportForm

KIND = "report-export"
FORMS = (ExportForm.XLSX, ExportForm.CSV)
_TASK = "commissions.tasks.write_report_export"
_PIECE = 256 * 1024
_ALL = "all"


def _is_readable(job: Job, starter: Any) -> bool:
    """Whether all that the file holds is still within what its starter may read."""
    if not may(starter, Can.SEE_MONEY):
        return False
    scope = scope_of(starter)
    if scope.projects is None:
        return True
    held, mine = job.arguments["scope"], _kept(scope)
    return held != _ALL and all(set(held[name]) <= set(mine[name]) for name in mine)


def title_of(job: Job) -> str:
    """Return what the report of a job is called; its name, where there is none such any more."""
    known = REPORTS.get(job.arguments["report"])
    return str(known.title) if known else job.arguments["report"]


def _about(job: Job) -> str:
    """Which report, by which view, as what."""
    parts = (title_of(job), job.arguments["name"], job.arguments["form"].upper())
    return " · ".join(part for part in parts if part)


name_kind(KIND, gettext_lazy("Report"), readable=_is_readable, about=_about)


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows a report has."""

    rows: int

    @property
    def is_large(self) -> bool:
        return self.rows > AT_ONCE


def size_of(asked: Asked) -> Size:
    return Size(sum(total.rows for total in totals(asked)))


@transactional
def export_report(*, actor: Any, asked: Asked, form: ExportForm, rows: int) -> ExportedFile:
    """Return the report as a file in the language active now; its content is read as the pieces are drawn.

    Raises: Forbidden; Invalid `bad_filter` where a filter could not be read.
    Writes: audit event `report.exported`.
    """
    _check(actor, asked, form)
    _note(actor, asked, form, rows=rows)
    language = get_language()
    if form is ExportForm.XLSX:
        return ExportedFile(_name(asked, form), XLSX.media_type, _workbook(asked, actor, language))
    pieces = (piece.encode() for piece in _speaking(report_csv(asked), language))
    return ExportedFile(_name(asked, form), "text/csv; charset=utf-8", pieces)


@transactional
def start_report_export(
    *, actor: Any, asked: Asked, form: ExportForm, rows: int, view: ReportView | None = None, scheduled: bool = False
) -> Job:
    """Have a worker write the file, in the language active now; its starter finds it among the own exports.

    `scheduled`: the starter is told when it is there.
    Raises: as `export_report`.
    Writes: Job, OutboxMessage, audit event `report.exported`.
    """
    _check(actor, asked, form)
    _note(actor, asked, form, rows=rows)
    arguments = {
        "report": asked.report.name,
        "query": query_of(asked),
        "form": str(form),
        "language": get_language(),
        "view": str(view.pk) if view is not None else "",
        "name": view.name if view is not None else "",
        "scheduled": scheduled,
        "scope": _kept(asked.scope),
    }
    return create_job(kind=KIND, task=_TASK, starter=actor, arguments=arguments, total=rows)


def write_report_export(*, job_id: UUID) -> None:
    """Write the file a job asks for, within what its starter may read now, in the memory of a few rows.

    Raises: Settled as `job_at_work`; so ends a job whose starter may not see money any more.
    Writes: Job with its file and progress; a notice, where a schedule asked for it.
    """
    with job_at_work(job_id) as job:
        starter, given = job.starter, job.arguments
        require(starter, Can.SEE_MONEY)
        asked = read_asked(
            REPORTS[given["report"]],
            starter,
            dict(parse_qsl(given["query"])),
            today=clock.local_date(job.created_at, get_current_timezone()),
        )
        form = ExportForm(given["form"])
        job.arguments = given | {"scope": _kept(asked.scope)}
        progress = partial(_report, job)
        with TemporaryFile() as target, override(given["language"] or settings.LANGUAGE_CODE):
            if form is ExportForm.XLSX:
                write_report(asked, starter, target, progress=progress)
            else:
                done = 0
                for piece in report_csv(asked):
                    target.write(piece.encode())
                    progress(done := done + piece.count("\r\n"))
            target.seek(0)
            job.result_file.save(_name(asked, form), File(target), save=False)
        job.done = job.total
        if given["scheduled"]:
            _tell(job)


def _tell(job: Job) -> None:
    view = ReportView.objects.filter(pk=job.arguments["view"]).first()
    if view is not None:
        path = reverse("jobs:detail", args=[job.pk])
        tell(kind="report.ready", recipients=[job.starter], target=view, path=path, once=str(job.pk))


def _report(job: Job, done: int) -> None:
    report_progress(job, done=min(done, job.total))


def _kept(scope: Scope) -> Any:
    if scope.projects is None:
        return _ALL
    return {"projects": [str(one) for one in scope.projects], "companies": [str(one) for one in scope.companies or ()]}


def _workbook(asked: Asked, actor: Any, language: str | None) -> Iterator[bytes]:
    with TemporaryFile() as target:
        with override(language):
            write_report(asked, actor, target)
        target.seek(0)
        while piece := target.read(_PIECE):
            yield piece


def _speaking(pieces: Iterator[str], language: str | None) -> Iterator[str]:
    """Make each piece under `language`: pieces are drawn while the answer is sent, when the request's is over."""
    while True:
        with override(language):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


def _check(actor: Any, asked: Asked, form: ExportForm) -> None:
    require(actor, Can.SEE_MONEY)
    if form not in FORMS:
        raise Invalid("no form of a report", code="invalid", field="form")
    if asked.faults:
        raise Invalid("a filter could not be read", code="bad_filter", field=next(iter(asked.faults)))


def _note(actor: Any, asked: Asked, form: ExportForm, *, rows: int) -> None:
    after = {"report": asked.report.name, "query": query_of(asked), "form": str(form), "rows": rows}
    record("report.exported", actor=actor, after=after)


def _name(asked: Asked, form: ExportForm) -> str:
    return f"{asked.report.name}-{clock.local_date(clock.now(), get_current_timezone()):%Y%m%d}.{form}"
