from django.db import migrations

# An amount that could not be read is kept as -1.
VIEW = """
CREATE OR REPLACE VIEW audit_bank_result_rows AS
SELECT r.id AS bank_result_id, (o ->> 'n')::integer AS row_number, nullif(o ->> 'line', '')::uuid AS line_id,
       {amount} AS amount, o ->> 'outcome' AS outcome,
       coalesce(o ->> 'became', '') AS became, coalesce(o ->> 'fault', '') AS fault
FROM commissions_bankresult r CROSS JOIN LATERAL jsonb_array_elements(r.rows) o
"""


class Migration(migrations.Migration):
    dependencies = [("commissions", "0022_more_audit_views")]

    operations = [
        migrations.RunSQL(
            VIEW.format(amount="nullif(nullif(o ->> 'amount', '')::numeric, -1)"),
            reverse_sql=VIEW.format(amount="nullif(o ->> 'amount', '')::numeric"),
        ),
    ]
