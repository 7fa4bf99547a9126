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
from commissions.models.reports import ReportDelivery, ReportSchedule, ReportView

__all__ = [
    "Accrual",
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
    "ReportDelivery",
    "ReportSchedule",
    "ReportView",
    "ScheduledPayout",
    "WriteOff",
]
