"""Leaving one payee's line out of a draft; for longer than one batch there are holds."""

from typing import Any

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib.errors import NotAllowed
from channels_platform.lib.names import needed_reason
from commissions import locks
from commissions.batch_facts import LEFT_OUT
from commissions.models import PayoutLine
from commissions.services.giving_up import refuse_said_paid
from commissions.services.settlement import let_leave
from commissions.services.withholding import withhold_taxes
from commissions.states import BatchState, LineState


@transactional
def leave_out_line(*, actor: Any, line: PayoutLine, reason: str) -> PayoutLine:
    """Take a line out of a draft: what it took is payable again, and in the next draft unless that leaves it out too.

    Raises: Forbidden; Invalid `reason_required`; NotAllowed unless the batch is a draft and the line in it, or
            `last_line` where none would be left, `results_waiting` where the bank says that it is paid.
    Locks:  the company, the batch.
    Writes: PayoutLine, PayoutEntry, Invoice, audit event `batch.line_left_out`.
    """
    require(actor, Can.PREPARE_PAYOUT)
    reason = needed_reason(reason)
    batch = locks.lock_batch(line.batch_id)
    stored = batch.lines.get(pk=line.pk)
    if batch.state != BatchState.DRAFT or stored.state != LineState.OPEN:
        raise NotAllowed("only a draft's line is left out", state=batch.state)
    refuse_said_paid(batch, line=stored)
    if not batch.lines.filter(state=LineState.OPEN).exclude(pk=stored.pk).exists():
        raise NotAllowed("no line would be left: void the batch", code="last_line")
    let_leave(batch, [stored.pk])
    withhold_taxes(batch)
    after = {"line": str(stored.pk), "payee": str(stored.payee_id), "gross": str(stored.gross)}
    record(LEFT_OUT, actor=actor, target=batch, after=after, reason=reason)
    stored.refresh_from_db()
    return stored
