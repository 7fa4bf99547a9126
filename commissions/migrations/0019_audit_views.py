"""The views for auditors learn of caps, adjustments and advances. A column is added at a view's end: grants stay."""

from django.db import migrations

_VERSIONS = """
SELECT v.id AS version_id, n.id AS plan_id, p.code AS project_code, a.code AS agency_code, n.payee, n.applies_to,
       v.number, v.state, v.from_on, v.to_on, v.basis, v.measure, v.period, v.scope, v.mode, v.tiers, v.bonuses,
       v.release, v.retention_fraction, v.conditions, v.approved_at{caps}
FROM commissions_planversion v
JOIN commissions_plan n ON n.id = v.plan_id
JOIN projects_project p ON p.id = n.project_id
JOIN brokers_agency a ON a.id = n.agency_id
"""

NEW = {
    "audit_adjustments": """
        SELECT j.id AS adjustment_id, j.number, p.code AS project_code, p.currency, j.payee_id, j.amount, j.state,
               j.asked_by_id, j.asked_at, j.decided_by_id, j.decided_at, j.transaction_id
        FROM commissions_adjustment j JOIN projects_project p ON p.id = j.project_id
    """,
    "audit_advances": """
        SELECT v.id AS advance_id, v.number, p.code AS project_code, p.currency, v.payee_id, v.amount, v.fee, v.state,
               v.asked_by_id, v.asked_at, v.decided_by_id, v.decided_at, v.transaction_id
        FROM commissions_advance v JOIN projects_project p ON p.id = v.project_id
    """,
}


class Migration(migrations.Migration):
    dependencies = [("commissions", "0018_reconciliation")]

    operations = [
        migrations.RunSQL(
            f"CREATE OR REPLACE VIEW audit_plan_versions AS {_VERSIONS.format(caps=', v.caps')}",
            reverse_sql=(
                "DROP VIEW audit_plan_versions; "
                f"CREATE VIEW audit_plan_versions AS {_VERSIONS.format(caps='')}"
            ),
        ),
        *(
            migrations.RunSQL(f"CREATE VIEW {name} AS {query}", reverse_sql=f"DROP VIEW {name}")
            for name, query in NEW.items()
        ),
    ]
