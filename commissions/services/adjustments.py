"""Adjustments by hand (调整): asked for by one person of finance, decided by another, payable from then on."""

from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.urls import reverse

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.files.services import keep_file
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid
from channels_platform.lib.money import BEYOND_ANY_PRICE, to_minor
from channels_platform.lib.names import needed_reason
from channels_platform.lib.redaction import redact
from commissions import locks
from commissions.models import Adjustment, Payee
from commissions.services.beside import Move, post_beside
from commissions.services.requests import decide_request, figure, held_request, next_number, tell_deciders
from commissions.states import Account, TransactionKind
from projects.models import Project


@transactional
def ask_adjustment(
    *,
    actor: Any,
    payee: Payee,
    project: Project,
    amount: Decimal,
    reason: str,
    attachment: UploadedFile | None = None,
) -> Adjustment:
    """Ask that an amount be given to a payee, or taken (below 0); another person decides.

    Raises: Forbidden; Invalid `reason_required`, `not_zero`, `out_of_range`, `invalid_amount`; and as `keep_file`.
    Writes: Adjustment, Attachment, Notice, Delivery, audit event `adjustment.asked`.
    """
    require_person(actor, Can.PREPARE_PAYOUT)
    reason = needed_reason(reason)
    if to_minor(amount, project.currency) == 0:
        raise Invalid("the amount must not be 0", code="not_zero", field="amount")
    if abs(amount) >= BEYOND_ANY_PRICE:
        raise Invalid("more than any price", code="out_of_range", field="amount")
    kept = keep_file(actor=actor, upload=attachment, field="attachment") if attachment is not None else None
    adjustment = Adjustment(
        number=next_number("ADJ", "adjustment_number"),
        payee=payee,
        project=project,
        amount=amount,
        reason=reason,
        attachment=kept,
        asked_by=actor,
        asked_at=clock.now(),
    )
    adjustment.save(force_insert=True)
    record(
        "adjustment.asked",
        actor=actor,
        target=adjustment,
        project=project,
        agency=payee.agency_id,
        after={"payee": str(payee.pk), "amount": str(amount)},
        reason=reason,
    )
    tell_deciders(
        adjustment,
        projects=[project],
        place=project.name,
        amount=figure(amount, project.currency),
        path=reverse("finance:adjustment", args=[adjustment.pk]),
    )
    return adjustment


@transactional
def decide_adjustment(*, actor: Any, adjustment: Adjustment, approve: bool, answer: str = "") -> Adjustment:
    """Approve or decline; never by who asked. What is approved is the company's expense, payable to the payee.

    An amount below 0 lessens what is payable; below zero that is owed back, and netted like any debt.
    Raises: Forbidden, also `own_request`; NotAllowed when it is decided; Invalid `reason_required` where it is
            declined without an answer.
    Locks:  the company, the adjustment.
    Writes: Adjustment, LedgerTransaction, LedgerEntry, audit event `adjustment.approved` or `adjustment.declined`.
    """
    require_person(actor, Can.APPROVE_PAYOUT)
    project = adjustment.project
    locks.lock_company(project.company_id)
    held = held_request(adjustment, actor=actor)
    posted = _post(held, project, actor) if approve else None
    decide_request(held, actor=actor, approve=approve, answer=answer, transaction=posted)
    record(
        f"adjustment.{held.state}", actor=actor, target=held, project=project, agency=held.payee.agency_id,
        after={"state": str(held.state), "amount": str(held.amount)}, reason=answer,
    )  # fmt: skip
    return held


def _post(held: Adjustment, project: Project, actor: Any) -> Any:
    explanation = {
        "adjustment": str(held.pk),
        "number": held.number,
        "reason": redact(held.reason),
        "asked_by": str(held.asked_by),
        "approved_by": str(actor),
    }
    move = Move(held.amount, Account.PAYABLE, Account.EXPENSE, f"adjustment:{held.number}", explanation)
    return post_beside(
        payee_id=held.payee_id,
        project=project,
        kind=TransactionKind.ADJUSTMENT,
        moves=[move],
        actor=actor,
        posted_at=clock.now(),
    )
