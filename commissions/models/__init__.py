from commissions.models.accrual import Accrual, CommissionRun
from commissions.models.adjustments import Adjustment, Advance, AdvanceLimit
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

__all__ = [
    "Accrual",
    "Adjustment",
    "Advance",
    "AdvanceLimit",
    "CommissionRun",
    "Contest",
    "ContestResult",
    "ContestRound",
    "Invoice",
    "LedgerEntry",
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
