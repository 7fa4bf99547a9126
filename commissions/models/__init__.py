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
from commissions.models.proof import LedgerCheck, LedgerSeal

__all__ = [
    "Accrual",
    "CommissionRun",
    "Contest",
    "ContestResult",
    "ContestRound",
    "Invoice",
    "LedgerCheck",
    "LedgerEntry",
    "LedgerSeal",
    "LedgerTransaction",
    "Payee",
    "PayoutBatch",
    "PayoutEntry",
    "PayoutLine",
    "Plan",
    "PlanVersion",
    "Repayment",
    "ScheduledPayout",
    "WriteOff",
]
