"""Auditors see approvals with what was approved, credit notes, reconciliations, and the files to and from banks.

What files say in people's own words stays out: they are known by their checksums, and their rows by their places.
"""

from django.db import migrations

_BATCHES = """
SELECT b.id AS batch_id, b.number, c.code AS company_code, b.currency, b.state, b.cutoff_at, b.tax_month,
       b.prepared_by_id, b.prepared_at, b.submitted_by_id, b.submitted_at, b.approved_by_id, b.approved_at,
       b.closed_by_id, b.closed_at,
       count(l.id) FILTER (WHERE l.state <> 'void' OR b.state = 'void') AS lines,
       coalesce(sum(l.gross) FILTER (WHERE l.state <> 'void' OR b.state = 'void'), 0) AS gross,
       coalesce(sum(l.tax) FILTER (WHERE l.state <> 'void' OR b.state = 'void'), 0) AS tax,
       coalesce(sum(l.net) FILTER (WHERE l.state <> 'void' OR b.state = 'void'), 0) AS net{more}
FROM commissions_payoutbatch b
JOIN projects_payingcompany c ON c.id = b.company_id
LEFT JOIN commissions_payoutline l ON l.batch_id = b.id
GROUP BY b.id, c.code
"""
_MORE_OF_BATCHES = """,
       b.approvals_needed, (SELECT o.number FROM commissions_payoutbatch o WHERE o.id = b.reissue_of_id) AS reissue_of
"""
_INVOICES = """
SELECT i.id AS invoice_id, i.line_id, a.code AS agency_code, i.number, i.amount, i.vat_rate, i.received_at, i.live{more}
FROM commissions_invoice i JOIN brokers_agency a ON a.id = i.agency_id
"""
WIDER = {"audit_batches": (_BATCHES, _MORE_OF_BATCHES), "audit_invoices": (_INVOICES, ", i.issued_on")}

NEW = {
    "audit_credit_notes": """
        SELECT n.id AS credit_note_id, n.invoice_id, a.code AS agency_code, n.number, n.amount, n.issued_on,
               n.received_at, n.received_from_id
        FROM commissions_creditnote n JOIN brokers_agency a ON a.id = n.agency_id
    """,
    "audit_approvals": """
        SELECT v.id AS approval_id, b.number AS batch_number, v.approver_id, v.given_at, v.digest, v.voided_at,
               v.voided_because
        FROM commissions_batchapproval v JOIN commissions_payoutbatch b ON b.id = v.batch_id
    """,
    "audit_approved_lines": """
        SELECT k.id AS approved_line_id, k.approval_id, k.line_id, k.payee_id, k.gross, k.tax, k.net, k.entries,
               k.invoice, nullif(k.account_key, '')::uuid AS account_id
        FROM commissions_approvedline k
    """,
    "audit_bank_files": """
        SELECT f.id AS bank_file_id, b.number AS batch_number, b.currency, f.sha256 AS checksum, f.size, f.transfers, f.total,
               f.made_by_id, f.made_at, u.said_by_id AS not_sent_said_by_id, u.said_at AS not_sent_said_at
        FROM commissions_bankfile f
        JOIN commissions_payoutbatch b ON b.id = f.batch_id
        LEFT JOIN commissions_unsentbankfile u ON u.file_id = f.id
    """,
    "audit_bank_results": """
        SELECT r.id AS bank_result_id, b.number AS batch_number, r.digest AS checksum, r.read_by_id, r.read_at,
               r.taken_by_id, r.taken_at
        FROM commissions_bankresult r JOIN commissions_payoutbatch b ON b.id = r.batch_id
    """,
    "audit_bank_result_rows": """
        SELECT r.id AS bank_result_id, (o ->> 'n')::integer AS row_number, nullif(o ->> 'line', '')::uuid AS line_id,
               nullif(o ->> 'amount', '')::numeric AS amount, o ->> 'outcome' AS outcome,
               coalesce(o ->> 'became', '') AS became, coalesce(o ->> 'fault', '') AS fault
        FROM commissions_bankresult r CROSS JOIN LATERAL jsonb_array_elements(r.rows) o
    """,
    "audit_payment_files": """
        SELECT f.id AS payment_file_id, p.code AS project_code, f.digest AS checksum, f.read_by_id, f.read_at,
               f.taken_by_id, f.taken_at
        FROM leads_paymentfile f JOIN projects_project p ON p.id = f.project_id
    """,
    "audit_payment_rows": """
        SELECT r.id AS payment_row_id, r.file_id AS payment_file_id, r.number AS row_number, p.currency, r.amount,
               r.kind, r.received, r.state, r.fault, r.payment_id, r.settled_by_id, r.settled_at
        FROM leads_paymentrow r JOIN projects_project p ON p.id = r.project_id
    """,
    "audit_reconciliations": """
        SELECT r.id AS reconciliation_id, r.number, a.code AS agency_code, c.code AS company_code, r.currency,
               r.from_on, r.to_on, r.figure, r.file_digest AS checksum, r.digest, r.sent_by_id, r.sent_at,
               r.compared_at, r.replaced_at, r.agency_signed_by_id, r.agency_signed_at, r.finance_signed_by_id,
               r.finance_signed_at
        FROM commissions_reconciliation r
        JOIN brokers_agency a ON a.id = r.agency_id
        JOIN projects_payingcompany c ON c.id = r.company_id
    """,
    "audit_reconciliation_rows": """
        SELECT w.id AS reconciliation_row_id, w.reconciliation_id, w.place, w.reason, w.their_row, w.their_date,
               w.their_amount, w.our_deal AS deal_number, w.our_date, w.our_amount, w.our_earned, w.our_share
        FROM commissions_reconciliationrow w
    """,
}


class Migration(migrations.Migration):
    dependencies = [("commissions", "0021_bank_files_not_sent"), ("leads", "0027_payment_files")]

    operations = [
        *(
            migrations.RunSQL(
                f"CREATE OR REPLACE VIEW {name} AS {query.format(more=more)}",
                reverse_sql=f"DROP VIEW {name}; CREATE VIEW {name} AS {query.format(more='')}",
            )
            for name, (query, more) in WIDER.items()
        ),
        *(
            migrations.RunSQL(f"CREATE VIEW {name} AS {query}", reverse_sql=f"DROP VIEW {name}")
            for name, query in NEW.items()
        ),
    ]
