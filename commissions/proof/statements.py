"""Issued statements against the ledger: each frozen figure is what the entries of its month still add up to."""

from commissions.proof.differences import Report

_FIGURES = (
    "opening_pending", "opening_retained", "opening_payable", "earned", "clawed_back", "released", "paid", "tax",
    "pending", "retained", "payable",
)  # fmt: skip
_OF_LINES = ("earned", "clawed_back", "released", "kept", "paid", "tax")


def _slashed(prefix: str, names: tuple[str, ...]) -> str:
    return f"concat_ws(' / ', {', '.join(f'{prefix}.{name}' for name in names)})"


def _tuple(prefix: str, names: tuple[str, ...]) -> str:
    return f"({', '.join(f'{prefix}.{name}' for name in names)})"


def _before(account: str, until: str) -> str:
    return f"coalesce(sum(e.amount) FILTER (WHERE e.account = '{account}' AND e.posted_at < c.{until}), 0)"


_NAMED = "'statement', s.number, s.payee_id"
_IN_MONTH = "e.posted_at >= c.starts_at"
_STATEMENTS = f"""
WITH entries AS MATERIALIZED (
    SELECT e.payee_id, p.company_id, t.currency, t.posted_at, e.account, e.amount
    FROM commissions_ledgertransaction t
    JOIN projects_project p ON p.id = t.project_id
    JOIN commissions_ledgerentry e ON e.transaction_id = t.id
),
summed AS (
    SELECT s.id, {_before("pending", "starts_at")} AS opening_pending,
           {_before("retained", "starts_at")} AS opening_retained,
           {_before("payable", "starts_at")} AS opening_payable,
           coalesce(-sum(e.amount) FILTER (WHERE e.account = 'expense' AND e.amount < 0 AND {_IN_MONTH}), 0) AS earned,
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'expense' AND e.amount > 0 AND {_IN_MONTH}), 0)
               AS clawed_back,
           coalesce(-sum(e.amount) FILTER (WHERE e.account IN ('expense', 'pending') AND {_IN_MONTH}), 0) AS released,
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'paid' AND {_IN_MONTH}), 0) AS paid,
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'tax' AND {_IN_MONTH}), 0) AS tax,
           {_before("pending", "ends_at")} AS pending, {_before("retained", "ends_at")} AS retained,
           {_before("payable", "ends_at")} AS payable
    FROM commissions_statement s
    JOIN commissions_closedmonth c ON c.id = s.closing_of_id
    LEFT JOIN entries e ON e.payee_id = s.payee_id AND e.company_id = c.company_id AND e.currency = s.currency
         AND e.posted_at < c.ends_at
    GROUP BY s.id
)
SELECT NULL, {_NAMED}, {_slashed("x", _FIGURES)}, {_slashed("s", _FIGURES)}
FROM commissions_statement s JOIN summed x USING (id)
WHERE {_tuple("x", _FIGURES)} <> {_tuple("s", _FIGURES)}
ORDER BY s.number
"""  # noqa: S608 - constants

_LINES = f"""
SELECT NULL, {_NAMED}, {_slashed("w", _OF_LINES)}, {_slashed("x", _OF_LINES)}
FROM commissions_statement s
CROSS JOIN LATERAL (
    SELECT s.earned, s.clawed_back, s.released, s.retained - s.opening_retained AS kept, s.paid, s.tax
) w
CROSS JOIN LATERAL (
    SELECT {", ".join(f"coalesce(sum(l.{name}), 0) AS {name}" for name in _OF_LINES)}
    FROM commissions_statementline l WHERE l.statement_id = s.id
) x
WHERE {_tuple("w", _OF_LINES)} <> {_tuple("x", _OF_LINES)}
ORDER BY s.number
"""  # noqa: S608 - constants

# What moved a payee's money in a closed month stands in a statement.
_MISSING = """
SELECT NULL, 'month', p.company_id || ' ' || c.month, e.payee_id, 'statement', '-'
FROM commissions_closedmonth c
JOIN projects_project p ON p.company_id = c.company_id
JOIN commissions_ledgertransaction t ON t.project_id = p.id AND t.posted_at >= c.starts_at AND t.posted_at < c.ends_at
JOIN commissions_ledgerentry e ON e.transaction_id = t.id
LEFT JOIN commissions_statement s ON s.closing_of_id = c.id AND s.payee_id = e.payee_id AND s.currency = t.currency
WHERE s.id IS NULL
GROUP BY p.company_id, c.month, e.payee_id
ORDER BY 3, 4
"""


def check_statements(report: Report) -> None:
    """Compare every issued statement with the ledger, and with its own lines."""
    for check, statement in (("statement", _STATEMENTS), ("statement_lines", _LINES), ("unstated", _MISSING)):
        report.sql(check, statement)
