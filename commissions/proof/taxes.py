"""Individuals' tax, worked out again: for each line from what the month held when its batch was approved (domain 6.7).

What the month held then is read off the audit trail: from when to when each batch was approved, which lines the bank
failed or returned since, and, of a batch that was approved and returned to draft, the lines that were approved.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from commissions.engine.tax import TAXED_CURRENCY, withhold
from commissions.proof.differences import TOLD, Difference, Report, fetched

_MONTHS = """
SELECT DISTINCT b.company_id, b.tax_month
FROM commissions_payoutbatch b
JOIN commissions_payoutline l ON l.batch_id = b.id
JOIN commissions_payee p ON p.id = l.payee_id AND p.broker_id IS NOT NULL
WHERE b.currency = %(currency)s
ORDER BY 1, 2
"""

_LINES = """
SELECT b.id, b.number, b.state IN ('approved', 'paid') OR EXISTS (
           SELECT 1 FROM commissions_payoutline f WHERE f.batch_id = b.id AND f.state = 'failed'
       ), l.id, l.payee_id, l.gross, l.tax
FROM commissions_payoutbatch b
JOIN commissions_payoutline l ON l.batch_id = b.id AND l.state <> 'void'
JOIN commissions_payee p ON p.id = l.payee_id AND p.broker_id IS NOT NULL
WHERE b.company_id = %(company)s AND b.tax_month = %(month)s AND b.currency = %(currency)s
ORDER BY b.number, l.id
"""

_EVENTS = """
SELECT b.id, e.id, e.at, e.action, e.before ->> 'state',
       CASE e.action WHEN 'batch.payment' THEN e.after -> 'failed' ELSE e.after -> 'lines' END
FROM commissions_payoutbatch b
JOIN audit_event e ON e.target_kind = 'commissions.payoutbatch' AND e.target_id = b.id::text
WHERE b.company_id = %(company)s AND b.tax_month = %(month)s AND b.currency = %(currency)s
  AND e.action IN ('batch.approved', 'batch.draft', 'batch.void', 'batch.payment', 'batch.returned_by_bank')
ORDER BY e.id
"""

# The lines of a round of approvals, as its first approver saw them.
_ROUNDS = """
SELECT b.id, v.id, v.given_at, k.line_id, k.payee_id, k.gross, k.tax
FROM commissions_payoutbatch b
JOIN commissions_batchapproval v ON v.batch_id = b.id
JOIN commissions_approvedline k ON k.approval_id = v.id
JOIN commissions_payee p ON p.id = k.payee_id AND p.broker_id IS NOT NULL
WHERE b.company_id = %(company)s AND b.tax_month = %(month)s AND b.currency = %(currency)s
ORDER BY v.given_at, v.id
"""


@dataclass(frozen=True, slots=True)
class _Line:
    id: UUID
    payee_id: UUID
    gross: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class _Counted:
    """A line in the month's income between two events of the audit trail."""

    line: _Line
    batch_id: UUID
    since: int
    until: int | None


@dataclass(slots=True)
class _Approved:
    """From which event to which a batch was approved; `at`: when it was."""

    since: int
    at: Any
    until: int | None = None


def check_taxes(report: Report) -> None:
    """Look at every line of an individual that was approved."""
    found: list[Difference] = []
    total = 0
    for company, month in fetched(_MONTHS, {"currency": TAXED_CURRENCY}):
        for difference in _of_month(company, month):
            total += 1
            if total <= TOLD:
                found.append(difference)
    report.add(found, total=total)


def _of_month(company: UUID, month: date) -> Iterator[Difference]:
    values = {"company": company, "month": month, "currency": TAXED_CURRENCY}
    lines: dict[UUID, list[_Line]] = defaultdict(list)
    names: dict[UUID, str] = {}
    stands: set[UUID] = set()
    for batch_id, number, approved, *fields in fetched(_LINES, values):
        names[batch_id] = number
        lines[batch_id].append(_Line(*fields))
        if approved:
            stands.add(batch_id)
    spans, gone = _spans(fetched(_EVENTS, values))
    rounds = _rounds(fetched(_ROUNDS, values))
    counted: dict[UUID, list[_Counted]] = defaultdict(list)
    for batch_id, approved_spans in spans.items():
        for span in approved_spans:
            last = span is approved_spans[-1] and batch_id in stands
            held = lines[batch_id] if last else _seen(rounds.get(batch_id, []), span.at)
            for line in held:
                until = min((end for end in (span.until, gone.get(line.id)) if end and end > span.since), default=None)
                counted[line.payee_id].append(_Counted(line, batch_id, span.since, until))
    for batch_id in sorted(stands & spans.keys(), key=names.__getitem__):
        since = spans[batch_id][-1].since
        for line in lines[batch_id]:
            before = [
                one.line
                for one in counted[line.payee_id]
                if one.batch_id != batch_id and one.since < since and (one.until is None or one.until > since)
            ]
            due = withhold(
                month_income_before=_sum(one.gross for one in before),
                withheld_before=_sum(one.tax for one in before),
                income_now=line.gross,
            )
            if due != line.tax:
                yield Difference(
                    check="withheld",
                    what="line",
                    name=f"{names[batch_id]} {line.id}",
                    expected=str(due),
                    found=str(line.tax),
                    payee=str(line.payee_id),
                )


def _spans(events: list[tuple[Any, ...]]) -> tuple[dict[UUID, list[_Approved]], dict[UUID, int]]:
    """Return when each batch was approved, and the event with which the bank failed or returned a line."""
    spans: dict[UUID, list[_Approved]] = defaultdict(list)
    gone: dict[UUID, int] = {}
    for batch_id, event_id, at, action, was, named in events:
        if action == "batch.approved":
            spans[batch_id].append(_Approved(event_id, at))
        elif action in ("batch.draft", "batch.void"):
            if was == "approved" and spans[batch_id]:
                spans[batch_id][-1].until = event_id
        else:
            gone |= {UUID(line_id): event_id for line_id in json.loads(named or "[]")}
    return {batch_id: found for batch_id, found in spans.items() if found}, gone


_Round = tuple[Any, list[_Line]]


def _rounds(rows: list[tuple[Any, ...]]) -> dict[UUID, list[_Round]]:
    found: dict[UUID, list[_Round]] = defaultdict(list)
    for (batch_id, _approval, given_at), lines in groupby(rows, key=lambda row: row[:3]):
        found[batch_id].append((given_at, [_Line(*row[3:]) for row in lines]))
    return found


def _seen(rounds: Iterable[_Round], approved_at: Any) -> list[_Line]:
    """Return the lines of the round that an approval ended; none where no snapshot was kept."""
    found = [lines for given_at, lines in rounds if given_at <= approved_at]
    return found[-1] if found else []


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, start=Decimal(0))
