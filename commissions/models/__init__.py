from commissions.models.accrual import Accrual, CommissionRun
from commissions.models.contest import Contest, ContestResult, ContestRound
from commissions.models.ledger import LedgerEntry, LedgerTransaction
from commissions.models.payout import (
    Invoice,
    PayoutBatch,
    PayoutEntry,
    PayoutLine,
    Repayment,
    ScheduledPayout,
    WriteOff,
)
from commissions.models.plan import Payee, Plan, PlanVersion
from commissions.models.statement import ClosedMonth, Objection, ObjectionFile, Statement, StatementLine

__all__ = [
    "Accrual",
    "ClosedMonth",
    "CommissionRun",
    "Contest",
    "ContestResult",
    "ContestRound",
    "Invoice",
    "LedgerEntry",
    "LedgerTransaction",
    "Objection",
    "ObjectionFile",
    "Payee",
    "PayoutBatch",
    "PayoutEntry",
    "PayoutLine",
    "Plan",
    "PlanVersion",
    "Repayment",
    "ScheduledPayout",
    "Statement",
    "StatementLine",
    "WriteOff",
]
