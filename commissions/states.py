"""States of plans and payouts, and the moves between them."""

from enum import StrEnum


class PlanState(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"


class Account(StrEnum):
    """Ledger accounts, per payee and project. All but `expense` are what the payee has."""

    EXPENSE = "expense"
    PENDING = "pending"
    RETAINED = "retained"
    PAYABLE = "payable"
    PAID = "paid"
    TAX = "tax"


class TransactionKind(StrEnum):
    ACCRUAL = "accrual"
    PAYOUT = "payout"
    REPAYMENT = "repayment"
    WRITE_OFF = "write_off"
    CONTEST = "contest"
    ADJUSTMENT = "adjustment"
    ADVANCE = "advance"
    RETURNED = "returned"


class ContestState(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"


class RoundState(StrEnum):
    """A round that is over waits for a manager; what is posted or declined stays so."""

    PROPOSED = "proposed"
    POSTED = "posted"
    DECLINED = "declined"


class BatchState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    PAID = "paid"
    VOID = "void"


BATCH_MOVES: frozenset[tuple[BatchState, BatchState]] = frozenset(
    {
        (BatchState.DRAFT, BatchState.SUBMITTED),
        (BatchState.DRAFT, BatchState.VOID),
        (BatchState.SUBMITTED, BatchState.APPROVED),
        (BatchState.SUBMITTED, BatchState.DRAFT),
        (BatchState.SUBMITTED, BatchState.VOID),
        (BatchState.APPROVED, BatchState.PAID),
        (BatchState.APPROVED, BatchState.DRAFT),
        (BatchState.APPROVED, BatchState.VOID),
    }
)


class LineState(StrEnum):
    """Of a line that is `unknown` to the bank, nothing is done anew before it answers; `returned`: paid, come back."""

    OPEN = "open"
    UNKNOWN = "unknown"
    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"
    VOID = "void"


# What the bank has dealt with.
BEGUN = frozenset({LineState.UNKNOWN, LineState.PAID, LineState.FAILED, LineState.RETURNED})
# What came back from the bank, and may go out anew.
SENT_BACK = frozenset({LineState.FAILED, LineState.RETURNED})
# What money went out for, whether it came back or not.
WAS_PAID = frozenset({LineState.PAID, LineState.RETURNED})
# What is not over: the batch waits for these.
UNSETTLED_LINES = frozenset({LineState.OPEN, LineState.UNKNOWN})


class RequestState(StrEnum):
    """A write-off, an adjustment, an advance or its limit asks for a second person."""

    ASKED = "asked"
    APPROVED = "approved"
    DECLINED = "declined"


class StatementState(StrEnum):
    """A month's statement: issued, then the payee confirms it or contests lines of it."""

    ISSUED = "issued"
    CONTESTED = "contested"
    ANSWERED = "answered"
    CONFIRMED = "confirmed"


STATEMENT_MOVES: frozenset[tuple[StatementState, StatementState]] = frozenset(
    {
        (StatementState.ISSUED, StatementState.CONFIRMED),
        (StatementState.ISSUED, StatementState.CONTESTED),
        (StatementState.CONTESTED, StatementState.ANSWERED),
        (StatementState.ANSWERED, StatementState.CONTESTED),
        (StatementState.ANSWERED, StatementState.CONFIRMED),
    }
)


class ObjectionState(StrEnum):
    """A contested line waits for finance: the figure stands, or was corrected."""

    OPEN = "open"
    UPHELD = "upheld"
    CORRECTED = "corrected"


class LineNature(StrEnum):
    """What a month did to a deal's component: first earned, rated anew, taken back, released, paid; or no deal's."""

    NEW = "new"
    ADJUSTED = "adjusted"
    TAKEN_BACK = "taken_back"
    RELEASED = "released"
    PAID = "paid"
    OTHER = "other"
