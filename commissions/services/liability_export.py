"""What is unpaid as a file: a short one at once, a long one by a job; each leaves an event."""

from collections.abc import Iterator
from functools import partial
from tempfile import TemporaryFile
from typing import Any
from uuid import UUID

from django.core.files import File
from django.utils.timezone import get_current_timezone
from django.utils.translation import get_language, gettext_lazy, override

from brokers.models import Agency
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.files.content import XLSX
from channels_platform.jobs.kinds import name_kind
from channels_platform.jobs.models import Job
from channels_platform.jobs.services import create_job, job_at_work, report_progress
from channels_platform.lib import clock
from commissions.exports.liability import write_liability
from commissions.liability import Asked, waiting_lines
from commissions.services.exporting import AT_ONCE, ExportedFile
from projects.models import Project
from projects.selectors import visible_projects

_PIECE = 256 * 1024
_KIND, _TASK = "liability-export", "commissions.tasks.write_liability"


def _is_readable(job: Any, starter: Any) -> bool:
    """Who may no longer see one of its projects reads the file no more."""
    asked = job.arguments["projects"]
    return starter.can(Can.SEE_MONEY) and visible_projects(starter).filter(pk__in=asked).count() == len(asked)


name_kind(_KIND, gettext_lazy("Unpaid commission as a file"), readable=_is_readable)


def is_large(asked: Asked) -> bool:
    """Whether the file is to be written by a job."""
    return waiting_lines(asked)[AT_ONCE : AT_ONCE + 1].exists()


@transactional
def export_liability(*, actor: Any, asked: Asked) -> ExportedFile:
    """Return what is unpaid as a workbook in the language active now; it is read as the pieces are drawn.

    The projects are those that the caller may see.
    Raises: Forbidden.
    Writes: audit event `liability.exported`.
    """
    require(actor, Can.SEE_MONEY)
    _note(actor, asked)
    return ExportedFile(_name(asked), XLSX.media_type, _pieces(asked, get_language()))


@transactional
def start_liability_export(*, actor: Any, asked: Asked) -> Job:
    """Have a worker write the file, in the language active now; its starter finds it on the job.

    Raises: as `export_liability`.
    Writes: Job, OutboxMessage, audit event `liability.exported`.
    """
    require(actor, Can.SEE_MONEY)
    _note(actor, asked)
    arguments = {
        "currency": asked.currency,
        "projects": [str(one.pk) for one in asked.projects],
        "agency": str(asked.agency.pk) if asked.agency else None,
        "language": get_language(),
    }
    total = waiting_lines(asked).count()
    return create_job(kind=_KIND, task=_TASK, starter=actor, arguments=arguments, total=total)


def write_export(*, job_id: UUID) -> None:
    """Write the file a job asks for.

    Writes: Job with its file and progress.
    Raises: Settled as `job_at_work`.
    """
    with job_at_work(job_id) as job:
        given = job.arguments
        asked = Asked(
            given["currency"],
            tuple(Project.objects.select_related("company").filter(pk__in=given["projects"])),
            Agency.objects.get(pk=given["agency"]) if given["agency"] else None,
        )
        with TemporaryFile() as target, override(given["language"]):
            write_liability(asked, target, progress=partial(_report, job))
            target.seek(0)
            job.result_file.save(_name(asked), File(target), save=False)
        job.done = job.total


def _report(job: Job, done: int) -> None:
    report_progress(job, done=min(done, job.total))


def _note(actor: Any, asked: Asked) -> None:
    facts = {"currency": asked.currency, "projects": [one.code for one in asked.projects]}
    record("liability.exported", actor=actor, after=facts | ({"agency": asked.agency.code} if asked.agency else {}))


def _pieces(asked: Asked, language: str | None) -> Iterator[bytes]:
    with TemporaryFile() as target:
        with override(language):
            write_liability(asked, target)
        target.seek(0)
        while piece := target.read(_PIECE):
            yield piece


def _name(asked: Asked) -> str:
    return f"liability-{asked.currency}-{clock.local_date(clock.now(), get_current_timezone()):%Y%m%d}.xlsx"
