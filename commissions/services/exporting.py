"""Handing a batch out as a file: small ones at once, large ones as a job with progress; each leaves an event."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from io import BytesIO
from tempfile import TemporaryFile
from typing import Any
from uuid import UUID

from django.core.files import File
from django.utils.translation import get_language, gettext_lazy, override

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.files.content import PDF, XLSX
from channels_platform.jobs.kinds import name_kind
from channels_platform.jobs.models import Job
from channels_platform.jobs.services import create_job, job_at_work, report_progress
from channels_platform.lib.errors import Forbidden
from commissions.exports.tables import deals_csv
from commissions.exports.workbook import write_workbook
from commissions.models import PayoutBatch, PayoutEntry, PayoutLine, UnsentBankFile
from commissions.selectors import visible_batches, visible_lines
from commissions.services.bank_files import check_bank_file, write_bank_file

AT_ONCE = 5_000
_PAYING = (Can.PREPARE_PAYOUT, Can.APPROVE_PAYOUT)
_PIECE = 256 * 1024
_KIND, _TASK = "batch-export", "commissions.tasks.write_export"


class ExportForm(StrEnum):
    XLSX = "xlsx"
    CSV = "csv"
    BANK = "bank"


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file to send: its name, its type, and its content in pieces."""

    name: str
    content_type: str
    pieces: Iterator[bytes]


_CSV_TYPE = "text/csv; charset=utf-8"
_BANK_TYPE = "text/csv"


def _is_readable(job: Job, starter: Any) -> bool:
    """Who may no longer see the batch reads its file no more, nor its bank file who pays no more.

    A bank file that was called back is nobody's: it may have been while the job was at work.
    """
    if not visible_batches(starter).filter(pk=job.arguments["batch"]).exists():
        return False
    if job.arguments["form"] != ExportForm.BANK:
        return True
    called_back = UnsentBankFile.objects.filter(file=job.arguments.get("bank_file"))
    return any(starter.can(act) for act in _PAYING) and not called_back.exists()


name_kind(_KIND, gettext_lazy("Payout batch as a file"), readable=_is_readable)


def is_large(batch: PayoutBatch) -> bool:
    """Whether the batch is to be exported as a job."""
    return _size(batch) > AT_ONCE


@transactional
def export_batch(*, actor: Any, batch: PayoutBatch, form: ExportForm) -> ExportedFile:
    """Return the batch as a file in the language active now; but for the bank's, content is read as pieces are drawn.

    Raises: Forbidden; for a bank file as `write_bank_file`.
    Writes: audit event `batch.exported`; BankFile for the bank's.
    """
    _check(actor, batch, form)
    _note(actor, batch, form)
    name = _name(batch, form)
    if form is ExportForm.XLSX:
        return ExportedFile(name, XLSX.media_type, _workbook_pieces(batch, get_language()))
    if form is ExportForm.BANK:
        target = BytesIO()
        write_bank_file(actor=actor, batch=batch, target=target)
        return ExportedFile(name, _BANK_TYPE, iter([target.getvalue()]))
    return ExportedFile(name, _CSV_TYPE, (piece.encode() for piece in deals_csv(batch)))


@transactional
def start_export(*, actor: Any, batch: PayoutBatch, form: ExportForm) -> Job:
    """Have a worker write the file, in the language active now; its starter finds it on the job.

    Raises: as `export_batch`.
    Writes: Job, OutboxMessage, audit event `batch.exported`.
    """
    _check(actor, batch, form)
    _note(actor, batch, form)
    arguments = {"batch": str(batch.pk), "form": str(form), "language": get_language()}
    return create_job(kind=_KIND, task=_TASK, starter=actor, arguments=arguments, total=_size(batch))


@transactional
def export_statement(*, actor: Any, line: PayoutLine) -> ExportedFile:
    """Return a line's statement as PDF in the language active now: for finance, and for its own payee.

    Raises: Forbidden.
    Writes: audit event `statement.exported`.
    """
    require(actor, Can.SEE_MONEY, Can.SEE_OWN_MONEY)
    if not visible_lines(actor).filter(pk=line.pk).exists():
        raise Forbidden("the line is not yours")
    record("statement.exported", actor=actor, target=line.batch, after={"line": str(line.pk)})
    from commissions.exports.statement import statement_pdf  # its library is large: most processes write no PDF

    return ExportedFile(f"{line.batch.number}.pdf", PDF.media_type, iter([statement_pdf(line)]))


def write_export(*, job_id: UUID) -> None:
    """Write the file a job asks for, in the memory of a few rows.

    Writes: Job with its file and progress.
    Raises: Settled as `job_at_work`; so ends a job whose starter may not read it any more.
    """
    with job_at_work(job_id) as job:
        if job.starter is not None and not _is_readable(job, job.starter):
            raise Forbidden("its starter may not read it any more")
        batch = PayoutBatch.objects.select_related("company").get(pk=job.arguments["batch"])
        form = ExportForm(job.arguments["form"])
        with TemporaryFile() as target, override(job.arguments["language"]):
            if form is ExportForm.XLSX:
                write_workbook(batch, target, progress=partial(_report, job))
            elif form is ExportForm.BANK:
                made = write_bank_file(actor=job.starter, batch=batch, target=target)
                job.arguments |= {"bank_file": str(made.pk)}
            else:
                for piece in deals_csv(batch):
                    target.write(piece.encode())
            target.seek(0)
            job.result_file.save(_name(batch, form), File(target), save=False)
        job.done = job.total


def _report(job: Job, done: int) -> None:
    report_progress(job, done=min(done, job.total))


def _workbook_pieces(batch: PayoutBatch, language: str | None) -> Iterator[bytes]:
    with TemporaryFile() as target:
        with override(language):
            write_workbook(batch, target)
        target.seek(0)
        while piece := target.read(_PIECE):
            yield piece


def _check(actor: Any, batch: PayoutBatch, form: ExportForm) -> None:
    require(actor, Can.SEE_MONEY)
    if form is ExportForm.BANK:
        # it holds people's accounts
        require(actor, *_PAYING)
        check_bank_file(batch)


def _note(actor: Any, batch: PayoutBatch, form: ExportForm) -> None:
    record("batch.exported", actor=actor, target=batch, after={"form": str(form)})


def _size(batch: PayoutBatch) -> int:
    return PayoutEntry.objects.filter(line__batch=batch).count()


def _name(batch: PayoutBatch, form: ExportForm) -> str:
    if form is ExportForm.BANK:
        return f"{batch.number}-bank.csv"
    return f"{batch.number}.{form}"
