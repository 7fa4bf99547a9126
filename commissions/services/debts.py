"""What a payee owes back, settled otherwise than by netting: repaid, or given up with a second person's approval."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require, require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Duplicate, Invalid
from channels_platform.lib.money import to_minor
from channels_platform.lib.names import clean_text, needed_reason
from commissions import locks
from commissions.models import LedgerEntry, LedgerTransaction, Payee, Repayment, WriteOff
from commissions.services.requests import decide_request, held_request
from commissions.states import Account, TransactionKind
from projects.models import Project

_OWED = """
SELECT -coalesce(sum(e.amount), 0) FROM commissions_ledgerentry e
WHERE e.payee_id = %s AND e.project_id = %s AND e.account = 'payable' AND NOT e.settles
  AND NOT EXISTS (SELECT 1 FROM commissions_payoutentry i WHERE i.entry_id = e.id AND i.live)
"""


def owed_back(*, payee_id: UUID, project_id: UUID) -> Decimal:
    """Return what the payee owes back in the project and no payout line nets yet; negative where payable."""
    with connection.cursor() as cursor:
        cursor.execute(_OWED, [payee_id, project_id])
        return Decimal(cursor.fetchone()[0])


@transactional
def record_repayment(*, actor: Any, payee: Payee, project: Project, amount: Decimal, reference: str) -> Repayment:
    """Record money that a payee paid back.

    Raises: Forbidden; Invalid `required`, `not_positive`, `invalid_amount`, `more_than_owed`; Duplicate.
    Locks:  the company.
    Writes: Repayment, LedgerTransaction, LedgerEntry, audit event `repayment.recorded`.
    """
    require(actor, Can.RECORD_PAYMENT)
    reference = clean_text(reference)
    if not reference or len(reference) > 80:
        raise Invalid("a bank reference is needed", code="required", field="reference")
    locks.lock_company(project.company_id)
    if Repayment.objects.filter(project=project, reference=reference).exists():
        raise Duplicate("the repayment is known", field="reference")
    _refuse_more_than_owed(payee, project, amount)
    repayment = Repayment(
        payee=payee,
        project=project,
        amount=amount,
        reference=reference,
        recorded_by=actor,
        recorded_at=clock.now(),
    )
    repayment.save(force_insert=True)
    _post(payee, project, amount, TransactionKind.REPAYMENT, Account.PAID, repayment.pk, actor)
    after = {"payee": str(payee.pk), "amount": str(amount), "reference": reference}
    record("repayment.recorded", actor=actor, target=repayment, project=project, agency=payee.agency_id, after=after)
    return repayment


@transactional
def ask_write_off(*, actor: Any, payee: Payee, project: Project, amount: Decimal, reason: str) -> WriteOff:
    """Ask that an amount owed back be given up; another person decides.

    Raises: Forbidden; Invalid `reason_required`, `not_positive`, `invalid_amount`, `more_than_owed`.
    Locks:  the company.
    Writes: WriteOff, audit event `write_off.asked`.
    """
    require_person(actor, Can.PREPARE_PAYOUT)
    reason = needed_reason(reason)
    locks.lock_company(project.company_id)
    _refuse_more_than_owed(payee, project, amount)
    write_off = WriteOff(
        payee=payee, project=project, amount=amount, reason=reason, asked_by=actor, asked_at=clock.now()
    )
    write_off.save(force_insert=True)
    after = {"payee": str(payee.pk), "amount": str(amount)}
    record(
        "write_off.asked", actor=actor, target=write_off, project=project, agency=payee.agency_id, after=after,
        reason=reason,
    )  # fmt: skip
    return write_off


@transactional
def decide_write_off(*, actor: Any, write_off: WriteOff, approve: bool, answer: str = "") -> WriteOff:
    """Approve, or decline and say why; never by who asked. What is given up becomes the company's expense.

    Raises: Forbidden, also `own_request`; NotAllowed when it is decided; Invalid `more_than_owed`, `reason_required`.
    Locks:  the company, the write-off.
    Writes: WriteOff, LedgerTransaction, LedgerEntry, audit event `write_off.approved` or `write_off.declined`.
    """
    locks.lock_company(write_off.project.company_id)
    stored = held_request(write_off, actor=actor)
    if approve:
        _refuse_more_than_owed(stored.payee, stored.project, stored.amount)
        kind = TransactionKind.WRITE_OFF
        _post(stored.payee, stored.project, stored.amount, kind, Account.EXPENSE, stored.pk, actor)
    decide_request(stored, actor=actor, approve=approve, answer=answer)
    record(f"write_off.{stored.state}", actor=actor, target=stored, project=stored.project_id, reason=stored.answer)
    return stored


def _refuse_more_than_owed(payee: Payee, project: Project, amount: Decimal) -> None:
    if to_minor(amount, project.currency) <= 0:
        raise Invalid("the amount must be above 0", code="not_positive", field="amount")
    owed = owed_back(payee_id=payee.pk, project_id=project.pk)
    if amount > owed:
        raise Invalid("more than is owed back", code="more_than_owed", field="amount", owed=str(max(owed, Decimal(0))))


def _post(
    payee: Payee,
    project: Project,
    amount: Decimal,
    kind: TransactionKind,
    against: Account,
    source_id: UUID,
    actor: Any,
) -> None:
    """Post what settles a debt as payable that later payouts net with the debt itself."""
    posted = LedgerTransaction(
        project=project, kind=kind, currency=project.currency, posted_at=clock.now(), actor=actor
    )
    posted.save(force_insert=True)
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            transaction=posted,
            project=project,
            payee=payee,
            account=account,
            amount=signed,
            kind=kind,
            explanation={str(kind): str(source_id)},
        )
        for account, signed in ((Account.PAYABLE, amount), (against, -amount))
    )
