"""Payout batches: drafted from what is payable, submitted, approved by a second person, paid (domain 6.7)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Sum

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require, require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.names import clean_text, needed_reason
from channels_platform.lib.redaction import redact_numbers
from commissions import locks
from commissions.bank_readings import said_paid
from commissions.batch_facts import files_out
from commissions.holds import held_lines
from commissions.models import PayoutBatch, PayoutLine
from commissions.models.payout import LONGEST_ANSWER
from commissions.selectors import lacking_invoices, lines_that_count
from commissions.services.advances import settle_advances
from commissions.services.approvals import Because, approvals_needed, give_approval, void_approvals
from commissions.services.debts import ask_write_off, decide_write_off, record_repayment
from commissions.services.giving_up import call_back_files, refuse_begun
from commissions.services.invoices import attach_invoice
from commissions.services.settlement import gather_lines, let_leave, post_payment, release_lines
from commissions.services.withholding import changed_taxes, withhold_taxes
from commissions.states import UNSETTLED_LINES, WAS_PAID, BatchState, LineState
from projects.models import PayingCompany, Project

__all__ = [
    "approve_batch",
    "ask_write_off",
    "attach_invoice",
    "decide_write_off",
    "draft_batch",
    "pay_batch",
    "record_repayment",
    "return_batch",
    "submit_batch",
    "void_batch",
    "write_draft",
]


@transactional
def draft_batch(
    *, actor: Any, company: PayingCompany, currency: str | None = None, cutoff_at: datetime | None = None
) -> PayoutBatch:
    """Gather what is payable at the cut-off (None: now) into a draft: a line for each payee with enough.

    What is owed back is netted within the company and currency; a payee left below zero or the minimum is carried.
    What is held is left out. Advances are settled first.
    Raises: Forbidden; NotAllowed `nothing_payable`; Invalid `in_the_future`, or `currency_required` where the company's
            projects have several.
    Locks:  the company.
    Writes: PayoutBatch, PayoutLine, PayoutEntry, LedgerTransaction, LedgerEntry, audit event `batch.drafted`.
    """
    require(actor, Can.PREPARE_PAYOUT)
    company = locks.lock_company(company.pk)
    now = clock.now()
    cutoff_at = cutoff_at or now
    if cutoff_at > now:
        raise Invalid("the cut-off is not in the future", code="in_the_future", field="cutoff")
    batch = PayoutBatch(
        company=company,
        currency=currency or _only_currency(company),
        cutoff_at=cutoff_at,
        tax_month=clock.local_date(cutoff_at, company.zone).replace(day=1),
        prepared_by=actor,
        prepared_at=now,
    )
    return write_draft(batch, actor=actor, minimum=company.minimum_amount)


def write_draft(
    batch: PayoutBatch, *, actor: Any, minimum: Decimal, payees: Sequence[UUID] | None = None
) -> PayoutBatch:
    """Settle advances, gather a batch's lines and save it.

    Raises: NotAllowed `nothing_payable`.
    Locks:  the caller holds the company.
    Writes: PayoutBatch, PayoutLine, PayoutEntry, LedgerTransaction, LedgerEntry, audit event `batch.drafted`.
    """
    projects = Project.objects.filter(company=batch.company_id, currency=batch.currency)
    settle_advances(projects, posted_at=batch.prepared_at, actor=actor)
    if not gather_lines(batch, minimum=minimum, payees=payees):
        raise NotAllowed("nobody has enough payable", code="nothing_payable")
    batch.number = _next_number(batch)
    batch.save(force_insert=True)
    withhold_taxes(batch)
    after = _totals(batch) | ({"reissue_of": batch.reissue_of.number} if batch.reissue_of is not None else {})
    record("batch.drafted", actor=actor, target=batch, after=after)
    return batch


@transactional
def submit_batch(*, actor: Any, batch: PayoutBatch) -> PayoutBatch:
    """Hand a draft to the approvers; lines held since leave it, taxes are worked out anew.

    How many of them it needs is read off the company's rules now, and stays.
    Raises: Forbidden; NotAllowed unless it is a draft, or `all_held` where no line would be left.
    Locks:  the company, the batch.
    Writes: PayoutBatch, PayoutLine, PayoutEntry, Invoice, audit event `batch.submitted`.
    """
    require_person(actor, Can.PREPARE_PAYOUT)
    stored = _locked(batch, BatchState.DRAFT)
    left = _let_go_of_held(stored)
    if not stored.lines.filter(state=LineState.OPEN).exists():
        raise NotAllowed("all its lines are held: void it", code="all_held")
    withhold_taxes(stored)
    stored.submitted_by, stored.submitted_at = actor, clock.now()
    stored.approvals_needed = approvals_needed(stored)
    fields = ["submitted_by", "submitted_at", "approvals_needed"]
    return _move(stored, BatchState.SUBMITTED, actor=actor, fields=fields, left=left)


@transactional
def approve_batch(*, actor: Any, batch: PayoutBatch, seen: str = "") -> PayoutBatch:
    """Approve a submitted batch for payment; never by who prepared or submitted it, by each person once.

    It is approved with the last approval that it needs. Approvals of what the batch no longer says are void by then.
    `seen`: the digest of what the person was shown (batch_facts), where there was such a page.
    Raises: Forbidden, also `own_batch`; NotAllowed unless it is submitted, `approved_already` by this person,
            `batch_changed` where it is no longer what was seen, or `figures_changed` where a tax is no longer what
            was submitted; Invalid `lines_held` with the `lines` (ids) that contain what is held, `invoice_needed` with
            those that lack an invoice.
    Locks:  the company, the batch, the agreements behind its lines.
    Writes: PayoutBatch, BatchApproval, ApprovedLine, audit event `batch.approved`, or `batch.approval_given` where
            it needs more.
    """
    require_person(actor, Can.APPROVE_PAYOUT)
    stored = _locked(batch, BatchState.SUBMITTED)
    if actor.pk in (stored.prepared_by_id, stored.submitted_by_id):
        raise Forbidden("who prepared or submitted a batch cannot approve it", code="own_batch")
    locks.lock_agreements(stored.pk)
    if held := _held_lines(stored):
        raise Invalid("lines are held: return it", code="lines_held", lines=[str(line_id) for line_id in held])
    lacking = [str(line_id) for line_id in lacking_invoices(stored.lines.all()).values_list("pk", flat=True)]
    if lacking:
        raise Invalid("lines need an invoice of their amount", code="invoice_needed", lines=lacking)
    if changed_taxes(stored):
        raise NotAllowed("taxes changed since it was submitted: return it", code="figures_changed")
    if not give_approval(stored, actor=actor, seen=seen):
        return stored
    stored.approved_by, stored.approved_at = actor, clock.now()
    return _move(stored, BatchState.APPROVED, actor=actor, fields=["approved_by", "approved_at"])


@transactional
def return_batch(*, actor: Any, batch: PayoutBatch, reason: str, not_sent: str = "") -> PayoutBatch:
    """Send a batch back to draft; lines held since leave it, taxes are worked out anew.

    `not_sent`: how it is known that the bank files made of it pay nothing, where there are any.
    Raises: Forbidden; Invalid `reason_required`; NotAllowed unless submitted, or approved with nothing paid, and
            `file_may_be_sent`.
    Locks:  the company, the batch.
    Writes: PayoutBatch, BatchApproval, PayoutLine, PayoutEntry, Invoice, UnsentBankFile, audit events `batch.draft`,
            `batch.files_not_sent`.
    """
    require(actor, Can.APPROVE_PAYOUT, Can.PREPARE_PAYOUT)
    reason = needed_reason(reason)
    stored = _locked(batch, BatchState.SUBMITTED, BatchState.APPROVED)
    if stored.state == BatchState.APPROVED:
        refuse_begun(stored)
    call_back_files(stored, actor=actor, not_sent=not_sent)
    stored.submitted_by = stored.submitted_at = stored.approved_by = stored.approved_at = None
    fields = ["submitted_by", "submitted_at", "approved_by", "approved_at"]
    void_approvals(stored, actor=actor, because=Because.RETURNED)
    left = _let_go_of_held(stored)
    _move(stored, BatchState.DRAFT, actor=actor, fields=fields, reason=reason, left=left)
    withhold_taxes(stored)
    return stored


@transactional
def void_batch(*, actor: Any, batch: PayoutBatch, reason: str, not_sent: str = "") -> PayoutBatch:
    """Give a batch up: all its lines go back to payable, for another batch to take.

    `not_sent`: as in `return_batch`.
    Raises: Forbidden; Invalid `reason_required`; NotAllowed once something of it was paid, or when it is void, and
            `file_may_be_sent`.
    Locks:  the company, the batch.
    Writes: PayoutBatch, BatchApproval, PayoutLine, PayoutEntry, Invoice, UnsentBankFile, audit events `batch.void`,
            `batch.files_not_sent`.
    """
    require(actor, Can.APPROVE_PAYOUT, Can.PREPARE_PAYOUT)
    reason = needed_reason(reason)
    stored = _locked(batch, BatchState.DRAFT, BatchState.SUBMITTED, BatchState.APPROVED)
    refuse_begun(stored)
    call_back_files(stored, actor=actor, not_sent=not_sent)
    void_approvals(stored, actor=actor, because=Because.VOIDED)
    release_lines(stored, [line.pk for line in stored.lines.all()], LineState.VOID)
    stored.closed_by, stored.closed_at = actor, clock.now()
    return _move(stored, BatchState.VOID, actor=actor, fields=["closed_by", "closed_at"], reason=reason)


@transactional
def pay_batch(*, actor: Any, batch: PayoutBatch, results: Sequence[Mapping[str, Any]], answer: str = "") -> PayoutBatch:
    """Record what the bank did: `[{"line", "bank_reference", "failed", "answered"}]`, for all lines or some of them.

    A paid line moves payable to paid and tax; a failed one goes back to payable. The batch is paid once no line is open
    (void where every one of them failed). A line that the bank could not say anything of fails only once it
    `answered`, and so does any where a bank file of the batch may be at the bank, unless `answer` tells what the bank
    said of those that failed: nothing may be paid twice.
    Raises: Forbidden; NotAllowed unless it is approved; Invalid `unknown_line`, `duplicate_line`,
            `bank_reference_required`, `not_answered`, `failure_unsaid`.
    Locks:  the company, the batch.
    Writes: PayoutBatch, PayoutLine, PayoutEntry, Invoice, LedgerTransaction, LedgerEntry, audit event `batch.payment`.
    """
    require(actor, Can.PREPARE_PAYOUT, Can.APPROVE_PAYOUT)
    stored = _locked(batch, BatchState.APPROVED)
    answer = redact_numbers(clean_text(answer))[:LONGEST_ANSWER]
    paid, failed = _read_results(stored, results, unsaid=not answer and files_out(stored).exists())
    now = clock.now()
    _mark_paid(paid, now=now)
    post_payment(stored, list(paid), actor=actor, now=now)
    release_lines(stored, failed, LineState.FAILED)
    PayoutLine.objects.filter(pk__in=failed).update(bank_answer=answer)
    facts = {"paid": len(paid), "failed": [str(line_id) for line_id in failed]}
    record("batch.payment", actor=actor, target=stored, after=facts, reason=answer)
    if stored.lines.filter(state__in=UNSETTLED_LINES).exists():
        return stored
    stored.closed_by, stored.closed_at = actor, now
    over = BatchState.PAID if stored.lines.filter(state__in=WAS_PAID).exists() else BatchState.VOID
    return _move(stored, over, actor=actor, fields=["closed_by", "closed_at"])


def _locked(batch: PayoutBatch, *states: BatchState) -> PayoutBatch:
    stored = locks.lock_batch(batch.pk)
    if stored.state not in states:
        raise NotAllowed(f"the batch is {stored.state}")
    return stored


def _held_lines(batch: PayoutBatch) -> list[UUID]:
    return list(held_lines(batch.lines.filter(state=LineState.OPEN).values_list("pk", flat=True)))


def _let_go_of_held(batch: PayoutBatch) -> list[UUID]:
    """Let held lines leave the batch: what they took is payable again, and waits with the rest; return which left.

    Those that the bank says are paid stay.
    """
    held = _held_lines(batch)
    if held and (said := said_paid(batch)):
        held = [line_id for line_id in held if line_id not in said]
    if held:
        let_leave(batch, held)
    return held


def _mark_paid(references: Mapping[UUID, str], *, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE commissions_payoutline l "
            "SET state = %s, bank_reference = v.reference, bank_answer = '', paid_at = %s "
            "FROM unnest(%s::uuid[], %s::text[]) v (id, reference) WHERE l.id = v.id",
            [LineState.PAID, now, list(references), list(references.values())],
        )


def _move(
    batch: PayoutBatch,
    to: BatchState,
    *,
    actor: Any,
    fields: Sequence[str],
    reason: str = "",
    left: Sequence[UUID] = (),
) -> PayoutBatch:
    before, batch.state = batch.state, to
    batch.save(update_fields=["state", *fields])
    record(
        f"batch.{to}",
        actor=actor,
        target=batch,
        before={"state": str(before)},
        after={"state": str(to), **_totals(batch)} | ({"left": [str(line_id) for line_id in left]} if left else {}),
        reason=reason,
    )
    return batch


def _totals(batch: PayoutBatch) -> dict[str, Any]:
    sums = lines_that_count(batch).aggregate(lines=Count("pk"), gross=Sum("gross"), tax=Sum("tax"), net=Sum("net"))
    return {"lines": sums.pop("lines"), **{name: str(value or 0) for name, value in sums.items()}}


def _next_number(batch: PayoutBatch) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('payout_batch_number')")
        return f"P-{batch.tax_month:%Y%m}-{cursor.fetchone()[0]:06d}"


def _only_currency(company: PayingCompany) -> str:
    currencies = list(Project.objects.filter(company=company).order_by().values_list("currency", flat=True).distinct())
    if len(currencies) != 1:
        raise Invalid("say which currency", code="currency_required", field="currency")
    return str(currencies[0])


def _read_results(
    batch: PayoutBatch, results: Sequence[Mapping[str, Any]], *, unsaid: bool
) -> tuple[dict[UUID, str], list[UUID]]:
    """Return the references of paid lines, and the lines that failed; `unsaid`: nobody told what the bank said."""
    found = batch.lines.filter(state__in=UNSETTLED_LINES).values_list("pk", "state")
    waiting = {str(pk): (pk, state) for pk, state in found}
    if not results:
        raise Invalid("say what became of the lines", code="required", field="results")
    paid: dict[UUID, str] = {}
    failed: list[UUID] = []
    seen = set()
    for result in results:
        key = str(getattr(result["line"], "pk", result["line"]))
        if key in seen:
            raise Invalid("a line is named twice", code="duplicate_line", field="line", line=key)
        seen.add(key)
        if key not in waiting:
            raise Invalid("no open line of this batch", code="unknown_line", field="line", line=key)
        reference = clean_text(str(result.get("bank_reference") or ""))
        line_id, state = waiting[key]
        if result.get("failed"):
            if state == LineState.UNKNOWN and not result.get("answered"):
                raise Invalid("the bank is to be asked first", code="not_answered", field="failed", line=key)
            if unsaid and not result.get("answered"):
                raise Invalid("say what the bank answered", code="failure_unsaid", field="failed", line=key)
            failed.append(line_id)
        elif not reference or len(reference) > 80:
            raise Invalid(
                "a bank reference is needed", code="bank_reference_required", field="bank_reference", line=key
            )
        else:
            paid[line_id] = reference
    return paid, failed
