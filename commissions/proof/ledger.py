"""The ledger in itself: every transaction balances, is of one project and currency, and holds what its kind may."""

from commissions.proof.differences import Report

_UNBALANCED = """
SELECT t.project_id, 'transaction', e.transaction_id, NULL, 0, sum(e.amount)
FROM commissions_ledgerentry e LEFT JOIN commissions_ledgertransaction t ON t.id = e.transaction_id
GROUP BY 1, e.transaction_id HAVING sum(e.amount) <> 0
ORDER BY e.transaction_id
"""

_ASTRAY = """
SELECT e.project_id, 'entry', e.id, e.payee_id, 'transaction ' || e.transaction_id,
       CASE WHEN t.id IS NULL THEN '-' ELSE 'another project' END
FROM commissions_ledgerentry e LEFT JOIN commissions_ledgertransaction t ON t.id = e.transaction_id
WHERE t.id IS NULL OR t.project_id <> e.project_id
ORDER BY e.id
"""

_EMPTY = """
SELECT t.project_id, 'transaction', t.id, NULL, 'entries', '-' FROM commissions_ledgertransaction t
WHERE NOT EXISTS (SELECT 1 FROM commissions_ledgerentry e WHERE e.transaction_id = t.id)
ORDER BY t.id
"""

_CURRENCY = """
SELECT t.project_id, 'transaction', t.id, NULL, p.currency, t.currency
FROM commissions_ledgertransaction t JOIN projects_project p ON p.id = t.project_id
WHERE t.currency <> p.currency
ORDER BY t.id
"""

# Which transaction has a run, which a payout line, and whose entries have a deal.
_MISPLACED = """
SELECT t.project_id, 'transaction', t.id, NULL, t.kind,
       concat_ws(', ', CASE WHEN t.run_id IS NULL THEN 'no run' WHEN r.project_id IS DISTINCT FROM t.project_id
                                 THEN 'another run' WHEN r.finished_at IS NULL THEN 'unfinished run' ELSE 'run' END,
                 CASE WHEN t.line_id IS NULL THEN 'no line' ELSE 'line' END,
                 CASE WHEN d.with_deal THEN 'deal' END, CASE WHEN d.without THEN 'no deal' END)
FROM commissions_ledgertransaction t
LEFT JOIN commissions_commissionrun r ON r.id = t.run_id
JOIN (
    SELECT transaction_id, bool_or(deal_id IS NOT NULL) AS with_deal, bool_or(deal_id IS NULL) AS without
    FROM commissions_ledgerentry GROUP BY 1
) d ON d.transaction_id = t.id
WHERE CASE WHEN t.kind = 'accrual'
           THEN r.project_id IS DISTINCT FROM t.project_id OR r.finished_at IS NULL OR t.line_id IS NOT NULL
                OR d.without
           WHEN t.line_id IS NOT NULL THEN t.run_id IS NOT NULL
           ELSE t.kind = 'payout' OR t.run_id IS NOT NULL OR d.with_deal END
ORDER BY t.id
"""

# An entry that settles others is never gathered; one that should settle and does not would be paid again.
_SETTLING = """
SELECT e.project_id, 'entry', e.id, e.payee_id, t.kind || ' ' || e.account,
       CASE WHEN e.settles THEN 'settles' ELSE '-' END
FROM commissions_ledgerentry e JOIN commissions_ledgertransaction t ON t.id = e.transaction_id
WHERE (e.settles AND (e.account <> 'payable' OR t.line_id IS NULL))
   OR (NOT e.settles AND e.account = 'payable' AND t.kind = 'payout')
ORDER BY e.id
"""


def check_ledger(report: Report) -> None:
    """Look at every transaction and entry by itself."""
    for check, statement in (
        ("unbalanced", _UNBALANCED),
        ("astray", _ASTRAY),
        ("empty", _EMPTY),
        ("currency", _CURRENCY),
        ("misplaced", _MISPLACED),
        ("settling", _SETTLING),
    ):
        report.sql(check, statement)
