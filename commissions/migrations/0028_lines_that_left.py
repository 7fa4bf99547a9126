from django.db import migrations, models

# When a line left is read off the audit trail; of one whose event says nothing, off the batch that went on without it.
LEFT = """
UPDATE commissions_payoutline l SET left_at = x.at
FROM (
    SELECT e.after ->> 'line' AS line_id, e.at FROM audit_event e WHERE e.action = 'batch.line_left_out'
    UNION ALL
    SELECT o.line_id, e.at FROM audit_event e CROSS JOIN LATERAL jsonb_array_elements_text(e.after -> 'left') o (line_id)
    WHERE e.action IN ('batch.submitted', 'batch.draft') AND jsonb_typeof(e.after -> 'left') = 'array'
) x
WHERE l.id::text = x.line_id AND l.state = 'void';

UPDATE commissions_payoutline l SET left_at = coalesce(b.submitted_at, b.prepared_at)
FROM commissions_payoutbatch b
WHERE b.id = l.batch_id AND b.state <> 'void' AND l.state = 'void' AND l.left_at IS NULL;
"""

BATCHES = """
CREATE OR REPLACE VIEW audit_batches AS
SELECT b.id AS batch_id, b.number, c.code AS company_code, b.currency, b.state, b.cutoff_at, b.tax_month,
       b.prepared_by_id, b.prepared_at, b.submitted_by_id, b.submitted_at, b.approved_by_id, b.approved_at,
       b.closed_by_id, b.closed_at,
       count(l.id) FILTER (WHERE {counted}) AS lines,
       coalesce(sum(l.gross) FILTER (WHERE {counted}), 0) AS gross,
       coalesce(sum(l.tax) FILTER (WHERE {counted}), 0) AS tax,
       coalesce(sum(l.net) FILTER (WHERE {counted}), 0) AS net,
       b.approvals_needed, (SELECT o.number FROM commissions_payoutbatch o WHERE o.id = b.reissue_of_id) AS reissue_of
FROM commissions_payoutbatch b
JOIN projects_payingcompany c ON c.id = b.company_id
LEFT JOIN commissions_payoutline l ON l.batch_id = b.id
GROUP BY b.id, c.code
"""
LINES = """
SELECT l.id AS line_id, b.number AS batch_number, l.payee_id, b.currency, l.gross, l.tax, l.net, l.state,
       l.bank_reference, l.paid_at{more}
FROM commissions_payoutline l JOIN commissions_payoutbatch b ON b.id = l.batch_id
"""
RESULTS = """
SELECT r.id AS bank_result_id, b.number AS batch_number, r.digest AS checksum, r.read_by_id, r.read_at,
       r.taken_by_id, r.taken_at{more}
FROM commissions_bankresult r JOIN commissions_payoutbatch b ON b.id = r.batch_id
"""
WIDER = {"audit_lines": (LINES, ", l.left_at"), "audit_bank_results": (RESULTS, ", r.reading")}


class Migration(migrations.Migration):
    dependencies = [("commissions", "0027_bank_result_readings")]

    operations = [
        migrations.AddField(
            model_name="payoutline",
            name="left_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="left the batch"),
        ),
        migrations.AddConstraint(
            model_name="payoutline",
            constraint=models.CheckConstraint(
                condition=models.Q(("left_at__isnull", True), ("state", "void"), _connector="OR"),
                name="payout_line_left_is_void",
            ),
        ),
        migrations.RunSQL(LEFT, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(
            BATCHES.format(counted="l.left_at IS NULL"),
            reverse_sql=BATCHES.format(counted="l.state <> 'void' OR b.state = 'void'"),
        ),
        *(
            migrations.RunSQL(
                f"CREATE OR REPLACE VIEW {name} AS {query.format(more=more)}",
                reverse_sql=f"DROP VIEW {name}; CREATE VIEW {name} AS {query.format(more='')}",
            )
            for name, (query, more) in WIDER.items()
        ),
    ]
