"""Agencies' invoices for their payout lines."""

from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import constraint_of, transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Duplicate, Forbidden, Invalid, NotAllowed
from commissions import locks
from commissions.models import Invoice, PayoutLine
from commissions.states import BatchState, LineState


@transactional
def attach_invoice(*, actor: Any, line: PayoutLine, number: str, amount: Decimal, vat_rate: Decimal | str) -> Invoice:
    """Put an agency's invoice to its line, in place of an earlier one, until the batch is approved.

    Raises: Forbidden; NotAllowed for an individual's line or one no longer open; Invalid `required`, `invoice_amount`,
            `out_of_range`; Duplicate `invoice_known`.
    Locks:  the company, the batch.
    Writes: Invoice, audit event `invoice.attached`.
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
