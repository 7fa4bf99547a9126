"""Posting what is no deal's commission: runs compare entries of deals only, payouts take all that is payable."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from commissions.models import LedgerEntry, LedgerTransaction
from commissions.states import Account, TransactionKind
from projects.models import Project


@dataclass(frozen=True, slots=True)
class Move:
    """An amount from one account to another, what it is, and the facts that explain it."""

    amount: Decimal
    to: Account
    against: Account
    kind: str
    explanation: dict[str, Any]


def post_beside(
    *, payee_id: UUID, project: Project, kind: TransactionKind, moves: Sequence[Move], actor: Any, posted_at: datetime
) -> LedgerTransaction:
    """Post moves of one payee in one project as one transaction.

    Locks:  the caller holds the company.
    Writes: LedgerTransaction, LedgerEntry.
    """
    posted = LedgerTransaction(project=project, kind=kind, currency=project.currency, posted_at=posted_at, actor=actor)
    posted.save(force_insert=True)
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            transaction=posted,
            project=project,
            payee_id=payee_id,
            account=account,
            amount=amount,
            kind=move.kind,
            explanation=move.explanation,
        )
        for move in moves
        for account, amount in ((move.to, move.amount), (move.against, -move.amount))
    )
    return posted
