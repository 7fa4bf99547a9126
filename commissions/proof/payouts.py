"""Payouts against the ledger: what lines took, what they add up to, and what paying them posted."""

from commissions.proof.differences import Report

# The database refuses this while its index is there.
_TWO_LINES = """
SELECT e.project_id, 'entry', i.entry_id, e.payee_id, '1', count(*)
FROM commissions_payoutentry i JOIN commissions_ledgerentry e ON e.id = i.entry_id
WHERE i.live
GROUP BY e.project_id, i.entry_id, e.payee_id HAVING count(*) > 1
ORDER BY i.entry_id
"""

_OF_LINE = "b.number || ' ' || l.id"

_GROSS = f"""
SELECT NULL, 'line', {_OF_LINE}, l.payee_id, l.gross, coalesce(s.amount, 0)
FROM commissions_payoutline l
JOIN commissions_payoutbatch b ON b.id = l.batch_id
LEFT JOIN (
    SELECT i.line_id, sum(e.amount) AS amount
    FROM commissions_payoutentry i JOIN commissions_ledgerentry e ON e.id = i.entry_id
    GROUP BY 1
) s ON s.line_id = l.id
WHERE l.gross <> coalesce(s.amount, 0)
ORDER BY b.number, l.id
"""  # noqa: S608 - constants

_FOREIGN = f"""
SELECT e.project_id, 'entry', e.id, e.payee_id, {_OF_LINE},
       concat_ws(', ', CASE WHEN e.account <> 'payable' OR e.settles THEN 'not payable' END,
                 CASE WHEN e.payee_id <> l.payee_id THEN 'another payee' END,
                 CASE WHEN p.company_id <> b.company_id THEN 'another company' END,
                 CASE WHEN t.currency <> b.currency THEN 'another currency' END,
                 CASE WHEN t.posted_at > b.cutoff_at AND e.kind <> 'advance_settled' THEN 'after the cut-off' END)
FROM commissions_payoutentry i
JOIN commissions_payoutline l ON l.id = i.line_id
JOIN commissions_payoutbatch b ON b.id = l.batch_id
JOIN commissions_ledgerentry e ON e.id = i.entry_id
JOIN commissions_ledgertransaction t ON t.id = e.transaction_id
JOIN projects_project p ON p.id = e.project_id
WHERE e.account <> 'payable' OR e.settles OR e.payee_id <> l.payee_id OR p.company_id <> b.company_id
   OR t.currency <> b.currency OR (t.posted_at > b.cutoff_at AND e.kind <> 'advance_settled')
ORDER BY e.id
"""  # noqa: S608 - constants

# A line in one of these states holds all its entries, any other none.
_HOLDING = "('open', 'unknown', 'paid')"
_HELD = f"""
SELECT NULL, 'line', {_OF_LINE}, l.payee_id,
       CASE WHEN l.state IN {_HOLDING} THEN count(i.id) ELSE 0 END, count(i.id) FILTER (WHERE i.live)
FROM commissions_payoutline l
JOIN commissions_payoutbatch b ON b.id = l.batch_id
LEFT JOIN commissions_payoutentry i ON i.line_id = l.id
GROUP BY b.number, l.id
HAVING count(i.id) FILTER (WHERE i.live) <> CASE WHEN l.state IN {_HOLDING} THEN count(i.id) ELSE 0 END
ORDER BY b.number, l.id
"""  # noqa: S608 - constants

# A paid line posted its gross, net and tax exactly, once; all that any other posted is taken back.
_POSTED = f"""
SELECT NULL, 'line', {_OF_LINE}, l.payee_id, concat_ws(' / ', w.payable, w.paid, w.tax),
       concat_ws(' / ', coalesce(s.payable, 0), coalesce(s.paid, 0), coalesce(s.tax, 0))
FROM commissions_payoutline l
JOIN commissions_payoutbatch b ON b.id = l.batch_id
CROSS JOIN LATERAL (SELECT CASE WHEN l.state = 'paid' THEN -l.gross ELSE 0 END AS payable,
                           CASE WHEN l.state = 'paid' THEN l.net ELSE 0 END AS paid,
                           CASE WHEN l.state = 'paid' THEN l.tax ELSE 0 END AS tax) w
LEFT JOIN (
    SELECT t.line_id, e.payee_id, sum(e.amount) FILTER (WHERE e.account = 'payable') AS payable,
           sum(e.amount) FILTER (WHERE e.account = 'paid') AS paid,
           sum(e.amount) FILTER (WHERE e.account = 'tax') AS tax
    FROM commissions_ledgertransaction t JOIN commissions_ledgerentry e ON e.transaction_id = t.id
    WHERE t.line_id IS NOT NULL
    GROUP BY 1, 2
) s ON s.line_id = l.id AND s.payee_id = l.payee_id
WHERE (coalesce(s.payable, 0), coalesce(s.paid, 0), coalesce(s.tax, 0)) <> (w.payable, w.paid, w.tax)
ORDER BY b.number, l.id
"""  # noqa: S608 - constants

# What a paid line took of each deal is what paying it settled of that deal.
_LAID = f"""
SELECT project_id, 'line', {_OF_LINE}, l.payee_id, coalesce(x.taken, 0), coalesce(x.settled, 0)
FROM (
    SELECT line_id, project_id, deal_id, referral_id, kind, sum(taken) AS taken, sum(settled) AS settled
    FROM (
        SELECT i.line_id, e.project_id, e.deal_id, e.referral_id, e.kind, e.amount AS taken, 0 AS settled
        FROM commissions_payoutentry i
        JOIN commissions_payoutline l ON l.id = i.line_id AND l.state = 'paid'
        JOIN commissions_ledgerentry e ON e.id = i.entry_id
        UNION ALL
        SELECT t.line_id, e.project_id, e.deal_id, e.referral_id, e.kind, 0, -e.amount
        FROM commissions_ledgertransaction t
        JOIN commissions_payoutline l ON l.id = t.line_id AND l.state = 'paid'
        JOIN commissions_ledgerentry e ON e.transaction_id = t.id AND e.account = 'payable'
    ) both_sides
    GROUP BY 1, 2, 3, 4, 5
) x
JOIN commissions_payoutline l ON l.id = x.line_id
JOIN commissions_payoutbatch b ON b.id = l.batch_id
WHERE x.taken <> x.settled
ORDER BY b.number, l.id
"""  # noqa: S608 - constants

# Only individuals paid in yuan bear tax.
_UNTAXED = f"""
SELECT NULL, 'line', {_OF_LINE}, l.payee_id, '0', l.tax
FROM commissions_payoutline l
JOIN commissions_payoutbatch b ON b.id = l.batch_id
JOIN commissions_payee p ON p.id = l.payee_id
WHERE l.tax <> 0 AND (p.broker_id IS NULL OR b.currency <> 'CNY')
ORDER BY b.number, l.id
"""  # noqa: S608 - constants

_STATES = """
SELECT NULL, 'batch', b.number, NULL, b.state,
       concat_ws(' / ', x.opened || ' open', x.paid || ' paid', x.failed || ' failed')
FROM commissions_payoutbatch b
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE l.state IN ('open', 'unknown')) AS opened,
           count(*) FILTER (WHERE l.state IN ('paid', 'returned')) AS paid,
           count(*) FILTER (WHERE l.state = 'failed') AS failed
    FROM commissions_payoutline l WHERE l.batch_id = b.id
) x
WHERE CASE b.state WHEN 'paid' THEN x.opened > 0 OR x.paid = 0
                   WHEN 'void' THEN x.opened > 0 OR x.paid > 0
                   WHEN 'approved' THEN x.opened = 0
                   ELSE x.paid > 0 OR x.failed > 0 END
ORDER BY b.number
"""

# What the audit trail said of the batch when it was approved, and when it was paid, is what its lines say now.
_TOTALS = """
SELECT NULL, 'batch', b.number, NULL,
       concat_ws(' / ', v.after ->> 'lines', v.after ->> 'gross', v.after ->> 'tax', v.after ->> 'net'),
       concat_ws(' / ', s.lines, s.gross, s.tax, s.net)
FROM commissions_payoutbatch b
JOIN LATERAL (
    SELECT after FROM audit_event
    WHERE target_kind = 'commissions.payoutbatch' AND target_id = b.id::text AND action = 'batch.' || b.state
    ORDER BY id DESC LIMIT 1
) v ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS lines, coalesce(sum(gross), 0) AS gross, coalesce(sum(tax), 0) AS tax,
           coalesce(sum(net), 0) AS net
    FROM commissions_payoutline l WHERE l.batch_id = b.id AND l.left_at IS NULL
) s
WHERE b.state IN ('approved', 'paid')
  AND (s.lines, s.gross, s.tax, s.net) IS DISTINCT FROM ((v.after ->> 'lines')::bigint, (v.after ->> 'gross')::numeric,
      (v.after ->> 'tax')::numeric, (v.after ->> 'net')::numeric)
ORDER BY b.number
"""


def check_payouts(report: Report) -> None:
    """Look at every batch, line and taken entry."""
    for check, statement in (
        ("two_lines", _TWO_LINES),
        ("gross", _GROSS),
        ("foreign", _FOREIGN),
        ("held", _HELD),
        ("posted", _POSTED),
        ("laid", _LAID),
        ("untaxed", _UNTAXED),
        ("states", _STATES),
        ("totals", _TOTALS),
    ):
        report.sql(check, statement)
