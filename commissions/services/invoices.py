"""Agencies' invoices for their payout lines."""

from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import constraint_of, transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Duplicate, Forbidden, Invalid, NotAllowed
from commissions import locks
from commissions.models import Invoice, PayoutBatch, PayoutLine
from commissions.services.approvals import Because, void_approvals
from commissions.states import BatchState, LineState


@transactional
def attach_invoice(*, actor: Any, line: PayoutLine, number: str, amount: Decimal, vat_rate: Decimal | str) -> Invoice:
    """Put an agency's invoice to its line, in place of an earlier one, until the batch is approved.

    That is a change to the line: approvals given before are void.
    Raises: Forbidden; NotAllowed for an individual's line or one no longer open; Invalid `required`, `invoice_amount`,
            `out_of_range`; Duplicate `invoice_known`.
    Locks:  the company, the batch.
    Writes: Invoice, BatchApproval, audit event `invoice.attached`.
    """
    require(actor, Can.INVOICE_LINE, Can.PREPARE_PAYOUT)
    batch = locks.lock_batch(line.batch_id)
    stored = PayoutLine.objects.select_related("payee").get(pk=line.pk)
    agency_id = stored.payee.agency_id
    if agency_id is None:
        raise NotAllowed("an individual's line takes no invoice", code="no_invoice_needed")
    if actor is not None and actor.is_agency_side and actor.broker.agency_id != agency_id:
        raise Forbidden("the line is another agency's")
    if batch.state not in (BatchState.DRAFT, BatchState.SUBMITTED) or stored.state != LineState.OPEN:
        raise NotAllowed("the line takes no invoice any more")
    number = number.strip()
    if not number or len(number) > 60:
        raise Invalid("an invoice has a number", code="required", field="number")
    if amount != stored.gross:
        raise Invalid("the amount is not the line's", code="invoice_amount", field="amount", expected=str(stored.gross))
    rate = Decimal(vat_rate)
    if not 0 <= rate < 1:
        raise Invalid("a rate is from 0 to below 1", code="out_of_range", field="vat_rate")
    void_approvals(batch, actor=actor, because=Because.LINE_CHANGED)
    stored.invoices.filter(live=True).update(live=False)
    invoice = Invoice(
        line=stored,
        agency_id=agency_id,
        number=number,
        amount=amount,
        vat_rate=rate,
        received_at=clock.now(),
        received_from=actor,
    )
    try:
        with transaction.atomic():
            invoice.save(force_insert=True)
    except IntegrityError as error:
        if constraint_of(error) != "invoice_number_of_issuer":
            raise
        raise Duplicate("the invoice is attached to another line", code="invoice_known", field="number") from error
    after = {"line": str(stored.pk), "number": number, "amount": str(amount), "vat_rate": str(rate)}
    record("invoice.attached", actor=actor, target=batch, agency=agency_id, after=after)
    return invoice


def carry_invoices(lines: QuerySet[PayoutLine], batch: PayoutBatch) -> None:
    """Put the invoices that failed lines had to the same payees' lines of a new draft, where the amount is the same.

    Locks:  the caller holds the company.
    Writes: Invoice.
    """
    had = Invoice.objects.filter(line__in=lines).select_related("line").order_by("received_at")
    latest = {invoice.line.payee_id: invoice for invoice in had}
    # one that was put to another line meanwhile stays there
    Invoice.objects.bulk_create(
        [
            Invoice(
                line=line,
                agency_id=was.agency_id,
                number=was.number,
                amount=was.amount,
                vat_rate=was.vat_rate,
                received_at=was.received_at,
                received_from_id=was.received_from_id,
            )
            for line in batch.lines.all()
            if (was := latest.get(line.payee_id)) is not None and was.amount == line.gross
        ],
        ignore_conflicts=True,
    )
