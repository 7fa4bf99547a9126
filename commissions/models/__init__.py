from commissions.models.accrual import Accrual, CommissionRun
from commissions.models.approval import ApprovalRule, ApprovedLine, BatchApproval
from commissions.models.contest import Contest, ContestResult, ContestRound
from commissions.models.hold import PayeeHold
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
    "ApprovalRule",
    "ApprovedLine",
    "BatchApproval",
    "CommissionRun",
    "Contest",
    "ContestResult",
    "ContestRound",
    "Invoice",
    "LedgerEntry",
    "LedgerTransaction",
    "Payee",
    "PayeeHold",
    "PayoutBatch",
    "PayoutEntry",
    "PayoutLine",
    "Plan",
    "PlanVersion",
    "Repayment",
    "ScheduledPayout",
    "WriteOff",
]
