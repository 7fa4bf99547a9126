"""What stands behind entries that are no deal's commission: each kind of transaction, and the rows it must equal.

A new kind is one line in `SOURCES`. Its rows say what must be posted, account by account; what is posted must name the
row (`key`). A kind that is not here is a difference by itself.
"""

from dataclasses import dataclass

from commissions.proof.differences import Report
from commissions.states import Account, TransactionKind


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of (key, project_id, payee_id, account, amount) that transactions of a kind must add up to."""

    kind: str
    rows: str
    # what an entry `e` of a transaction `t` names its row by
    key: str
    # which entries `e` of such transactions have a row behind them
    entries: str = "true"


def one_for_one(kind: str, table: str, against: Account, *, where: str = "true") -> Source:
    """A source of which each row is posted once: its amount as payable, against an account."""
    rows = f"""
    SELECT s.id::text AS key, s.project_id, s.payee_id, a.account, a.amount
    FROM {table} s CROSS JOIN LATERAL (VALUES ('payable', s.amount), ('{against}', -s.amount)) a (account, amount)
    WHERE {where}
    """  # noqa: S608 - constants
    return Source(kind, rows, f"e.explanation ->> '{kind}'")


_PRIZES = """
SELECT r.transaction_id::text AS key, c.project_id, p.id AS payee_id, a.account, a.amount
FROM commissions_contestresult s
JOIN commissions_contestround r ON r.id = s.round_id AND r.state = 'posted'
JOIN commissions_contest c ON c.id = r.contest_id
LEFT JOIN commissions_payee p ON p.broker_id = s.broker_id
CROSS JOIN LATERAL (VALUES ('payable', s.amount), ('expense', -s.amount)) a (account, amount)
WHERE s.amount <> 0
"""

_ADVANCES = """
SELECT s.id::text AS key, s.project_id, s.payee_id, a.account, a.amount
FROM commissions_advance s
CROSS JOIN LATERAL (VALUES ('payable', s.amount), ('pending', -s.amount), ('payable', -s.fee), ('expense', s.fee))
    a (account, amount)
WHERE s.state = 'approved'
"""

# Advances are settled by what the ledger itself holds: from payable to pending, and never more than is outstanding.
_SETTLED = "e.kind = 'advance_settled'"
_OVERSETTLED = f"""
SELECT e.project_id, 'advance', '', e.payee_id, '0', sum(e.amount)::text
FROM commissions_ledgertransaction t
JOIN commissions_ledgerentry e ON e.transaction_id = t.id
WHERE t.kind = 'advance' AND e.account = 'pending'
GROUP BY 1, e.payee_id HAVING sum(e.amount) > 0
UNION ALL
SELECT e.project_id, 'entry', e.id::text, e.payee_id, '-', e.account || ' ' || e.amount
FROM commissions_ledgertransaction t
JOIN commissions_ledgerentry e ON e.transaction_id = t.id
WHERE t.kind = 'advance' AND {_SETTLED}
  AND (e.account NOT IN ('pending', 'payable') OR (e.account = 'pending') <> (e.amount > 0))
"""  # noqa: S608 - constants

SOURCES: tuple[Source, ...] = (
    one_for_one(TransactionKind.REPAYMENT, "commissions_repayment", Account.PAID),
    one_for_one(TransactionKind.WRITE_OFF, "commissions_writeoff", Account.EXPENSE, where="s.state = 'approved'"),
    Source(TransactionKind.CONTEST, _PRIZES, "t.id::text"),
    one_for_one(TransactionKind.ADJUSTMENT, "commissions_adjustment", Account.EXPENSE, where="s.state = 'approved'"),
    Source(
        TransactionKind.ADVANCE,
        _ADVANCES,
        "coalesce(e.explanation ->> 'advance', e.explanation ->> 'advance_fee')",
        entries=f"NOT {_SETTLED}",
    ),
)

_NOTHING = "'00000000-0000-0000-0000-000000000000'::uuid"

_COMPARED = f"""
SELECT project_id, %(kind)s::text, coalesce(key, '-'), nullif(payee_id, {_NOTHING}),
       account || ' ' || coalesce(r.amount, 0)::text, account || ' ' || coalesce(h.amount, 0)::text
FROM (
    SELECT key, project_id, coalesce(payee_id, {_NOTHING}) AS payee_id, account, sum(amount) AS amount
    FROM ({{rows}}) source GROUP BY 1, 2, 3, 4
) r
FULL JOIN (
    SELECT coalesce({{key}}, '') AS key, e.project_id, e.payee_id, e.account, sum(e.amount) AS amount
    FROM commissions_ledgertransaction t
    JOIN commissions_ledgerentry e ON e.transaction_id = t.id
    WHERE t.kind = %(kind)s AND {{entries}}
    GROUP BY 1, 2, 3, 4
) h USING (key, project_id, payee_id, account)
WHERE coalesce(r.amount, 0) <> coalesce(h.amount, 0)
ORDER BY key, account
"""  # noqa: S608 - constants

_UNKNOWN = """
SELECT project_id, 'transaction', id, NULL, '', kind FROM commissions_ledgertransaction WHERE kind <> ALL (%(known)s)
ORDER BY id
"""


def check_sources(report: Report) -> None:
    """Compare what is posted beside deals with the rows it comes from, both ways."""
    for source in SOURCES:
        statement = _COMPARED.format(rows=source.rows, key=source.key, entries=source.entries)
        report.sql("source", statement, {"kind": source.kind})
    report.sql("oversettled", _OVERSETTLED)
    known = [
        TransactionKind.ACCRUAL,
        TransactionKind.PAYOUT,
        TransactionKind.RETURNED,
        *(source.kind for source in SOURCES),
    ]
    report.sql("unknown_kind", _UNKNOWN, {"known": [str(kind) for kind in known]})
