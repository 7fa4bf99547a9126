"""Agencies' invoices for their payout lines, and the credit notes against them for what was paid back."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from unicodedata import normalize
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.db.models.functions import Upper

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import refused_by, transactional
from channels_platform.files.services import keep_file
from channels_platform.lib import clock
from channels_platform.lib.errors import Duplicate, Forbidden, Invalid, NotAllowed
from channels_platform.lib.money import format_amount, to_minor
from channels_platform.lib.names import clean_text
from commissions import locks
from commissions.invoice_sheets import creditable
from commissions.models import CreditNote, Invoice, PayoutBatch, PayoutLine
from commissions.services.approvals import Because, void_approvals
from commissions.states import BatchState, LineState

LONGEST_NUMBER = 60
# a slip of the hand: no paper of these sales is older
_FIRST = date(2000, 1, 1)
# an invoice may be dated by another zone's calendar
_AHEAD = timedelta(days=1)


@transactional
def attach_invoice(
    *,
    actor: Any,
    line: PayoutLine,
    number: str,
    amount: Decimal,
    vat_rate: Decimal | str,
    issued_on: date | None = None,
    attachment: UploadedFile | None = None,
) -> Invoice:
    """Put an agency's invoice to its line, in place of an earlier one, until the batch is approved.

    That is a change to the line: approvals given before are void.
    Raises: Forbidden; NotAllowed for an individual's line or one no longer open; Invalid `required`, `invoice_amount`
            with what was `expected` and the `difference`, `out_of_range`, `in_the_future`, and as `keep_file`;
            Duplicate `invoice_known`.
    Locks:  the company, the batch, the issuer's papers.
    Writes: Invoice, Attachment, BatchApproval, audit event `invoice.attached`.
    """
    require(actor, Can.INVOICE_LINE, Can.PREPARE_PAYOUT)
    batch = locks.lock_batch(line.batch_id)
    stored = PayoutLine.objects.select_related("payee").get(pk=line.pk)
    agency_id = stored.payee.agency_id
    if agency_id is None:
        raise NotAllowed("an individual's line takes no invoice", code="no_invoice_needed")
    _refuse_stranger(actor, agency_id)
    if batch.state not in (BatchState.DRAFT, BatchState.SUBMITTED) or stored.state != LineState.OPEN:
        raise NotAllowed("the line takes no invoice any more")
    number = _needed_number(number)
    if amount != stored.gross:
        raise _amount_differs(amount, stored.gross, batch.currency, "the amount is not the line's", "invoice_amount")
    rate = Decimal(vat_rate)
    if not 0 <= rate < 1:
        raise Invalid("a rate is from 0 to below 1", code="out_of_range", field="vat_rate")
    if issued_on is not None:
        _refuse_odd_day(issued_on)
    _refuse_known(number, agency_id, Invoice.objects.filter(live=True).exclude(line=stored))
    kept = keep_file(actor=actor, upload=attachment, field="attachment") if attachment is not None else None
    void_approvals(batch, actor=actor, because=Because.LINE_CHANGED)
    stored.invoices.filter(live=True).update(live=False)
    invoice = Invoice(
        line=stored,
        agency_id=agency_id,
        number=number,
        amount=amount,
        vat_rate=rate,
        issued_on=issued_on,
        attachment=kept,
        received_at=clock.now(),
        received_from=actor,
    )
    _save(invoice, "invoice_number_of_issuer", "the invoice is attached to another line", "invoice_known")
    after = {"line": str(stored.pk), "number": number, "amount": str(amount), "vat_rate": str(rate)}
    after |= {"issued_on": issued_on.isoformat()} if issued_on else {}
    after |= {"file": str(kept.pk)} if kept else {}
    record("invoice.attached", actor=actor, target=batch, agency=agency_id, after=after)
    return invoice


@transactional
def record_credit_note(
    *,
    actor: Any,
    invoice: Invoice,
    number: str,
    amount: Decimal,
    issued_on: date,
    attachment: UploadedFile | None = None,
) -> CreditNote:
    """Record an agency's negative invoice against an earlier one, for what was paid back of the line it paid.

    Raises: Forbidden; NotAllowed `not_paid` unless the invoice's line is paid, `nothing_repaid`; Invalid
            `required`, `not_positive`, `invalid_amount`, `in_the_future`, `before_invoice`, `over_repaid` with
            what was `expected` and the `difference`, and as `keep_file`; Duplicate `invoice_known`.
    Locks:  the company, the batch, the issuer's papers.
    Writes: CreditNote, Attachment, audit event `credit_note.recorded`.
    """
    if actor is None:
        raise Forbidden("this needs a person")
    require(actor, Can.INVOICE_LINE, Can.PREPARE_PAYOUT)
    _refuse_stranger(actor, invoice.agency_id)
    batch = locks.lock_batch(PayoutLine.objects.values_list("batch_id", flat=True).get(pk=invoice.line_id))
    stored = Invoice.objects.select_related("line").get(pk=invoice.pk)
    if not stored.live or stored.line.state != LineState.PAID:
        raise NotAllowed("the invoice's line is not paid", code="not_paid")
    number = _needed_number(number)
    if to_minor(amount, batch.currency) <= 0:
        raise Invalid("the amount must be above 0", code="not_positive", field="amount")
    _refuse_odd_day(issued_on)
    if stored.issued_on is not None and issued_on < stored.issued_on:
        raise Invalid("before its invoice", code="before_invoice", field="issued_on")
    most = creditable([stored])[stored.pk]
    if most <= 0:
        raise NotAllowed("nothing of it was paid back", code="nothing_repaid")
    if amount > most:
        raise _amount_differs(amount, most, batch.currency, "more than was paid back", "over_repaid")
    _refuse_known(number, stored.agency_id, Invoice.objects.all())
    note = CreditNote(
        invoice=stored,
        agency_id=stored.agency_id,
        number=number,
        amount=amount,
        issued_on=issued_on,
        attachment=keep_file(actor=actor, upload=attachment, field="attachment") if attachment is not None else None,
        received_at=clock.now(),
        received_from=actor,
    )
    _save(note, "credit_note_number_of_issuer", "the credit note is known", "invoice_known")
    after = {"invoice": stored.number, "number": number, "amount": str(-amount), "issued_on": issued_on.isoformat()}
    record("credit_note.recorded", actor=actor, target=batch, agency=stored.agency_id, after=after)
    return note


def carry_invoices(lines: QuerySet[PayoutLine], batch: PayoutBatch) -> None:
    """Put the invoices that failed lines had to the same payees' lines of a new draft, where the amount is the same.

    Locks:  the caller holds the company; the issuers' papers.
    Writes: Invoice.
    """
    had = Invoice.objects.filter(line__in=lines).select_related("line").order_by("received_at")
    # one whose number was put to another line meanwhile stays there
    known = _known(Invoice.objects.filter(live=True), {(one.agency_id, one.number.upper()) for one in had})
    latest = {one.line.payee_id: one for one in had if (one.agency_id, one.number.upper()) not in known}
    Invoice.objects.bulk_create(
        [
            Invoice(
                line=line,
                agency_id=was.agency_id,
                number=was.number,
                amount=was.amount,
                vat_rate=was.vat_rate,
                issued_on=was.issued_on,
                attachment_id=was.attachment_id,
                received_at=was.received_at,
                received_from_id=was.received_from_id,
            )
            for line in batch.lines.all()
            if (was := latest.get(line.payee_id)) is not None and was.amount == line.gross
        ]
    )


def _refuse_stranger(actor: Any, agency_id: Any) -> None:
    if actor is not None and actor.is_agency_side and actor.broker.agency_id != agency_id:
        raise Forbidden("the line is another agency's")


def _needed_number(number: str) -> str:
    # full-width signs, blanks and letter case tell no two invoices apart
    number = "".join(normalize("NFKC", clean_text(number)).split())
    if not number or len(number) > LONGEST_NUMBER:
        raise Invalid("an invoice has a number", code="required", field="number")
    return number


def _refuse_known(number: str, agency_id: Any, invoices: QuerySet[Invoice]) -> None:
    """Refuse a number that one of the issuer's papers has, in whichever letters."""
    if _known(invoices, {(agency_id, number.upper())}):
        raise Duplicate("a paper of the issuer has this number", code="invoice_known", field="number")


def _known(invoices: QuerySet[Invoice], numbers: set[tuple[UUID, str]]) -> set[tuple[UUID, str]]:
    """Return those issuers and numbers, in capitals, that a paper of theirs has; nobody adds one until the commit."""
    issuers, capitals = {agency_id for agency_id, _number in numbers}, {number for _agency, number in numbers}
    locks.lock_papers(issuers)
    papers: tuple[QuerySet[Any], ...] = (invoices, CreditNote.objects.all())
    return {
        (agency_id, capital)
        for found in papers
        for agency_id, capital in found.annotate(capitals=Upper("number"))
        .filter(agency__in=issuers, capitals__in=capitals)
        .values_list("agency_id", "capitals")
    }


def _refuse_odd_day(day: date) -> None:
    if day < _FIRST:
        raise Invalid("nothing was written then", code="out_of_range", field="issued_on")
    if day > clock.now().date() + _AHEAD:
        raise Invalid("the date is in the future", code="in_the_future", field="issued_on")


def _amount_differs(amount: Decimal, expected: Decimal, currency: str, detail: str, code: str) -> Invalid:
    return Invalid(
        detail,
        code=code,
        field="amount",
        expected=format_amount(expected, currency),
        difference=format_amount(abs(amount - expected), currency),
        over=amount > expected,
    )


def _save(paper: Invoice | CreditNote, constraint: str, detail: str, code: str) -> None:
    with refused_by(constraint, Duplicate(detail, code=code, field="number")):
        paper.save(force_insert=True)
