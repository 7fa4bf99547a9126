from commissions.models.accrual import Accrual, CommissionRun
from commissions.models.adjustments import Adjustment, Advance, AdvanceLimit
from commissions.models.approval import ApprovalRule, ApprovedLine, BatchApproval
from commissions.models.bank import BankFile, BankResult, BankTemplate, ResultMapping, UnsentBankFile
from commissions.models.contest import Contest, ContestResult, ContestRound
from commissions.models.debt import Repayment, WriteOff
from commissions.models.hold import PayeeHold
from commissions.models.invoice import CreditNote, Invoice
from commissions.models.ledger import LedgerEntry, LedgerTransaction
from commissions.models.payout import PayoutBatch, PayoutEntry, PayoutLine, ScheduledPayout
from commissions.models.plan import Payee, Plan, PlanVersion
from commissions.models.proof import LedgerCheck, LedgerSeal
from commissions.models.reconciliation import LedgerReading, Reconciliation, ReconciliationRow
from commissions.models.reports import ReportDelivery, ReportSchedule, ReportView
from commissions.models.statement import ClosedMonth, Objection, ObjectionFile, Statement, StatementLine

__all__ = [
    "Accrual",
    "Adjustment",
    "Advance",
    "AdvanceLimit",
    "ApprovalRule",
    "ApprovedLine",
    "BankFile",
    "BankResult",
    "BankTemplate",
    "BatchApproval",
    "ClosedMonth",
    "CommissionRun",
    "Contest",
    "ContestResult",
    "ContestRound",
    "CreditNote",
    "Invoice",
    "LedgerCheck",
    "LedgerEntry",
    "LedgerReading",
    "LedgerSeal",
    "LedgerTransaction",
    "Objection",
    "ObjectionFile",
    "Payee",
    "PayeeHold",
    "PayoutBatch",
    "PayoutEntry",
    "PayoutLine",
    "Plan",
    "PlanVersion",
    "Reconciliation",
    "ReconciliationRow",
    "Repayment",
    "ReportDelivery",
    "ReportSchedule",
    "ReportView",
    "ResultMapping",
    "ScheduledPayout",
    "Statement",
    "StatementLine",
    "UnsentBankFile",
    "WriteOff",
]
