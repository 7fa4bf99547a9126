"""What stands in the way of returning or giving up a batch: what the bank did with it, or may be about to do."""

from typing import Any

from channels_platform.audit.services import record
from channels_platform.jobs.services import forget_files
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, NotAllowed
from channels_platform.lib.names import clean_text
from channels_platform.lib.redaction import redact
from commissions.bank_readings import said_paid
from commissions.batch_facts import files_out
from commissions.models import PayoutBatch, PayoutLine, UnsentBankFile
from commissions.states import BEGUN


def refuse_begun(batch: PayoutBatch) -> None:
    """Refuse where the bank has dealt with a line of the batch.

    Raises: NotAllowed `payment_begun`, or as `refuse_said_paid`.
    """
    if batch.lines.filter(state__in=BEGUN).exists():
        raise NotAllowed("the bank has already dealt with some of its lines", code="payment_begun")
    refuse_said_paid(batch)


def refuse_said_paid(batch: PayoutBatch, *, line: PayoutLine | None = None) -> None:
    """Refuse where a file of the bank that was read says that some of the batch, or the line, is paid.

    Raises: NotAllowed `results_waiting`.
    """
    said = said_paid(batch)
    if said if line is None else line.pk in said:
        raise NotAllowed("a result file says that some of it is paid", code="results_waiting")


def call_back_files(batch: PayoutBatch, *, actor: Any, not_sent: str) -> None:
    """Keep a person's word that the bank files made of a batch do not pay it; without that it cannot be let go.

    `not_sent`: how it is known that they were not sent, or that the bank refused all of them; blank: nobody says so.
    Raises: Forbidden; NotAllowed `file_may_be_sent`.
    Locks:  the caller holds the batch.
    Writes: UnsentBankFile, Job (its file goes), audit event `batch.files_not_sent`.
    """
    files = list(files_out(batch))
    if not files:
        return
    reason = redact(clean_text(not_sent))
    if not reason:
        raise NotAllowed("a bank file of it may be at the bank", code="file_may_be_sent")
    if actor is None:
        raise Forbidden("this needs a person")
    now = clock.now()
    UnsentBankFile.objects.bulk_create(
        UnsentBankFile(file=file, reason=reason, said_by=actor, said_at=now) for file in files
    )
    # none of them is handed out any more
    forget_files(kind="batch-export", batch=str(batch.pk), form="bank")
    after = {"files": [file.sha256 for file in files]}
    record("batch.files_not_sent", actor=actor, target=batch, after=after, reason=reason)
