"""What a bank's results mean for the lines of a batch: which line each is about, and what becomes of it. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from commissions.states import UNSETTLED_LINES, LineState

PAID, FAILED, RETURNED, UNKNOWN = "paid", "failed", "returned", "unknown"
OUTCOMES = (PAID, FAILED, RETURNED, UNKNOWN)
SAME, FAULT = "same", "fault"
NOT_APPROVED = "not_approved"
LONGEST_REFERENCE = 80


@dataclass(frozen=True, slots=True)
class LineFact:
    """A line of the batch: `accounts` are those that its payee ever had, `amount` is what was to be transferred."""

    id: str
    state: str
    reference: str
    amount: Decimal
    accounts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Said:
    """One row of the bank's file; `outcome` is '' where its word is not known, `amount` None where it has none."""

    number: int
    line: str = ""
    account: str = ""
    amount: Decimal | None = None
    outcome: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a row does: one of OUTCOMES, `same`, or `fault` with its reason."""

    number: int
    line: str
    becomes: str
    fault: str = ""


def find_line(said: Said, lines: Sequence[LineFact]) -> str:
    """Return the id of the line that a row is about: by its own id, else by account, with the amount where one has
    several; '' where none or several fit."""
    if said.line:
        wanted = said.line.strip().casefold()
        return next((line.id for line in lines if line.id.casefold() == wanted), "")
    fit = [line for line in lines if said.account and said.account in line.accounts]
    if len(fit) > 1 and said.amount is not None:
        fit = [line for line in fit if line.amount == said.amount]
    return fit[0].id if len(fit) == 1 else ""


def judge(rows: Iterable[Said], lines: Mapping[str, LineFact], *, approved: bool = True) -> list[Judged]:
    """Return what becomes of each row, its `line` found before: the same rows again change nothing.

    `approved`: whether the lines' batch is; no line is open for the bank but one of an approved batch.
    Shape: in the rows' order. A line named by two rows is judged by neither.
    """
    found = list(rows)
    named = Counter(said.line for said in found if said.line in lines)
    return [_judged(said, lines.get(said.line), named, approved) for said in found]


def _judged(said: Said, line: LineFact | None, named: Counter[str], approved: bool) -> Judged:
    if line is None:
        return Judged(said.number, "", FAULT, "no_line")
    fault = _fault(said, line, named[line.id])
    if not fault and not approved and line.state in UNSETTLED_LINES:
        fault = NOT_APPROVED
    if fault:
        return Judged(said.number, line.id, FAULT, fault)
    return Judged(said.number, line.id, SAME if _is_known(said, line) else _becomes(said, line))


def _fault(said: Said, line: LineFact, times: int) -> str:
    if times > 1:
        return "named_twice"
    if said.outcome not in OUTCOMES:
        return "no_outcome"
    if said.amount is not None and said.amount != line.amount:
        return "amount_differs"
    if said.outcome == PAID and (not said.reference or len(said.reference) > LONGEST_REFERENCE):
        return "no_reference"
    return _clash(said, line)


def _clash(said: Said, line: LineFact) -> str:
    """What a line is that no result of the bank's changes: let go of, it may be in another batch already."""
    state = line.state
    if state == LineState.VOID:
        return "paid_after_all" if said.outcome == PAID else "not_open"
    if said.outcome == PAID:
        if state == LineState.PAID and line.reference != said.reference:
            return "paid_otherwise"
        if state in (LineState.FAILED, LineState.RETURNED):
            return "paid_after_all"
    if said.outcome in (FAILED, UNKNOWN) and state == LineState.PAID:
        return "paid_before"
    if said.outcome == UNKNOWN and state in (LineState.FAILED, LineState.RETURNED):
        return "settled_before"
    return ""


def _is_known(said: Said, line: LineFact) -> bool:
    if said.outcome == RETURNED:
        return line.state in (LineState.RETURNED, LineState.FAILED)
    if said.outcome == FAILED:
        return line.state in (LineState.FAILED, LineState.RETURNED)
    return said.outcome == line.state


def _becomes(said: Said, line: LineFact) -> str:
    """A transfer that came back before it was ever recorded as paid has failed."""
    return FAILED if said.outcome == RETURNED and line.state != LineState.PAID else said.outcome
