import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

# Read-only views for an auditor's own tools, documented column by column in docs/audit-views.md: facts, rules, entitlements,
# ledger and payouts by the numbers people know them by; no client, buyer or broker by name, no phone, nothing typed freely.
# A later migration that changes a column shown here drops the view first and makes it anew.
VIEWS = {
    "audit_projects": """
        SELECT p.id AS project_id, p.code, p.name, c.code AS company_code, c.name AS company_name, p.currency, p.timezone
        FROM projects_project p JOIN projects_payingcompany c ON c.id = p.company_id
    """,
    "audit_payees": """
        SELECT p.id AS payee_id, CASE WHEN p.agency_id IS NULL THEN 'broker' ELSE 'agency' END AS kind,
               a.code AS agency_code, a.name AS agency_name, a.kind AS agency_kind, p.broker_id
        FROM commissions_payee p
        LEFT JOIN brokers_broker b ON b.id = p.broker_id
        JOIN brokers_agency a ON a.id = coalesce(p.agency_id, b.agency_id)
    """,
    "audit_deals": """
        SELECT d.id AS deal_id, d.number, p.code AS project_code, d.unit_id, d.price, p.currency, d.method,
               d.first_payment_amount, d.loan_amount, d.state, d.subscribed_at, d.contracted_at, d.handed_over_at,
               d.handover_sequence, d.cancelled_at
        FROM leads_deal d JOIN projects_project p ON p.id = d.project_id
    """,
    "audit_shares": """
        SELECT s.id AS share_id, d.number AS deal_number, r.id AS referral_id, r.number AS referral_number, r.filed_at,
               a.code AS agency_code, r.broker_id, s.numerator, s.denominator, s.since, s.ended_at
        FROM leads_dealshare s
        JOIN leads_deal d ON d.id = s.deal_id
        JOIN leads_referral r ON r.id = s.referral_id
        JOIN brokers_agency a ON a.id = r.agency_id
    """,
    "audit_payments": """
        SELECT y.id AS payment_id, p.code AS project_code, d.number AS deal_number, y.amount, p.currency, y.source,
               y.received_at, y.sequence, y.reference, y.recorded_at
        FROM leads_payment y
        JOIN leads_deal d ON d.id = y.deal_id
        JOIN projects_project p ON p.id = y.project_id
    """,
    "audit_plan_versions": """
        SELECT v.id AS version_id, n.id AS plan_id, p.code AS project_code, a.code AS agency_code, n.payee, n.applies_to,
               v.number, v.state, v.from_on, v.to_on, v.basis, v.measure, v.period, v.scope, v.mode, v.tiers, v.bonuses,
               v.release, v.retention_fraction, v.conditions, v.approved_at
        FROM commissions_planversion v
        JOIN commissions_plan n ON n.id = v.plan_id
        JOIN projects_project p ON p.id = n.project_id
        JOIN brokers_agency a ON a.id = n.agency_id
    """,
    "audit_grades": """
        SELECT h.id AS held_id, a.code AS agency_code, g.code AS grade_code, h.from_on, h.entered_at
        FROM brokers_heldgrade h
        JOIN brokers_agency a ON a.id = h.agency_id
        LEFT JOIN brokers_agencygrade g ON g.id = h.grade_id
    """,
    "audit_runs": """
        SELECT r.id AS run_id, p.code AS project_code, r.as_of, r.started_at, r.finished_at, r.deals, r.changed
        FROM commissions_commissionrun r JOIN projects_project p ON p.id = r.project_id
    """,
    "audit_entitlements": """
        SELECT a.id AS entitlement_id, p.code AS project_code, d.number AS deal_number, a.payee_id,
               r.number AS referral_number, a.kind, a.version_id, p.currency, a.earned, a.released, a.retained, a.pending,
               a.released - a.retained AS payable, a.explanation, a.run_id
        FROM commissions_accrual a
        JOIN projects_project p ON p.id = a.project_id
        JOIN leads_deal d ON d.id = a.deal_id
        LEFT JOIN leads_referral r ON r.id = a.referral_id
    """,
    "audit_ledger": """
        SELECT e.id AS entry_id, e.transaction_id, t.kind AS transaction_kind, t.posted_at, p.code AS project_code,
               t.currency, e.payee_id, e.account, e.amount, e.settles, d.number AS deal_number,
               r.number AS referral_number, e.kind, e.version_id, t.run_id, t.line_id, t.actor_id,
               e.explanation - ARRAY['reason', 'asked_by', 'approved_by'] AS explanation
        FROM commissions_ledgerentry e
        LEFT JOIN commissions_ledgertransaction t ON t.id = e.transaction_id
        LEFT JOIN projects_project p ON p.id = e.project_id
        LEFT JOIN leads_deal d ON d.id = e.deal_id
        LEFT JOIN leads_referral r ON r.id = e.referral_id
    """,
    "audit_balances": """
        SELECT p.code AS project_code, p.currency, e.payee_id,
               -coalesce(sum(e.amount) FILTER (WHERE e.account = 'expense'), 0) AS earned,
               coalesce(sum(e.amount) FILTER (WHERE e.account = 'pending'), 0) AS pending,
               coalesce(sum(e.amount) FILTER (WHERE e.account = 'retained'), 0) AS retained,
               coalesce(sum(e.amount) FILTER (WHERE e.account = 'payable'), 0) AS payable,
               coalesce(sum(e.amount) FILTER (WHERE e.account = 'paid'), 0) AS paid,
               coalesce(sum(e.amount) FILTER (WHERE e.account = 'tax'), 0) AS tax
        FROM commissions_ledgerentry e JOIN projects_project p ON p.id = e.project_id
        GROUP BY p.code, p.currency, e.payee_id
    """,
    "audit_batches": """
        SELECT b.id AS batch_id, b.number, c.code AS company_code, b.currency, b.state, b.cutoff_at, b.tax_month,
               b.prepared_by_id, b.prepared_at, b.submitted_by_id, b.submitted_at, b.approved_by_id, b.approved_at,
               b.closed_by_id, b.closed_at,
               count(l.id) FILTER (WHERE l.state <> 'void' OR b.state = 'void') AS lines,
               coalesce(sum(l.gross) FILTER (WHERE l.state <> 'void' OR b.state = 'void'), 0) AS gross,
               coalesce(sum(l.tax) FILTER (WHERE l.state <> 'void' OR b.state = 'void'), 0) AS tax,
               coalesce(sum(l.net) FILTER (WHERE l.state <> 'void' OR b.state = 'void'), 0) AS net
        FROM commissions_payoutbatch b
        JOIN projects_payingcompany c ON c.id = b.company_id
        LEFT JOIN commissions_payoutline l ON l.batch_id = b.id
        GROUP BY b.id, c.code
    """,
    "audit_lines": """
        SELECT l.id AS line_id, b.number AS batch_number, l.payee_id, b.currency, l.gross, l.tax, l.net, l.state,
               l.bank_reference, l.paid_at
        FROM commissions_payoutline l JOIN commissions_payoutbatch b ON b.id = l.batch_id
    """,
    "audit_line_entries": """
        SELECT i.id AS item_id, i.line_id, i.entry_id, i.live FROM commissions_payoutentry i
    """,
    "audit_invoices": """
        SELECT i.id AS invoice_id, i.line_id, a.code AS agency_code, i.number, i.amount, i.vat_rate, i.received_at, i.live
        FROM commissions_invoice i JOIN brokers_agency a ON a.id = i.agency_id
    """,
    "audit_repayments": """
        SELECT r.id AS repayment_id, p.code AS project_code, p.currency, r.payee_id, r.amount, r.reference,
               r.recorded_by_id, r.recorded_at
        FROM commissions_repayment r JOIN projects_project p ON p.id = r.project_id
    """,
    "audit_write_offs": """
        SELECT w.id AS write_off_id, p.code AS project_code, p.currency, w.payee_id, w.amount, w.state, w.asked_by_id,
               w.asked_at, w.decided_by_id, w.decided_at
        FROM commissions_writeoff w JOIN projects_project p ON p.id = w.project_id
    """,
    "audit_prizes": """
        SELECT s.id AS prize_id, p.code AS project_code, p.currency, c.name AS contest, r.from_on, r.to_on, s.broker_id,
               s.place, s.sharing, s.amount, r.transaction_id, r.decided_by_id, r.decided_at
        FROM commissions_contestresult s
        JOIN commissions_contestround r ON r.id = s.round_id
        JOIN commissions_contest c ON c.id = r.contest_id
        JOIN projects_project p ON p.id = c.project_id
    """,
    "audit_seals": """
        SELECT s.number, s.after, s.upto, s.transactions, s.entries, s.previous, s.digest, s.sealed_at
        FROM commissions_ledgerseal s
    """,
    "audit_checks": """
        SELECT k.id AS check_id, k.started_at, k.finished_at, k.asked_by_id, k.ok, k.found, k.counts
        FROM commissions_ledgercheck k
    """,
}


class Migration(migrations.Migration):

    dependencies = [
        ('brokers', '0007_barred_brokers'),
        ("commissions", "0014_statements"),
        ('leads', '0025_lists_at_a_million'),
        ('projects', '0002_pool_after_days'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LedgerCheck',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('started_at', models.DateTimeField(verbose_name='started')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='finished')),
                ('ok', models.BooleanField(null=True, verbose_name='everything agrees')),
                ('found', models.PositiveIntegerField(default=0, verbose_name='differences')),
                ('counts', models.JSONField(default=dict, verbose_name='counts')),
                ('differences', models.JSONField(default=list, verbose_name='differences')),
            ],
            options={
                'verbose_name': 'ledger check',
                'verbose_name_plural': 'ledger checks',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='LedgerSeal',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField(unique=True, verbose_name='number')),
                ('after', models.BigIntegerField(verbose_name='after transaction')),
                ('upto', models.BigIntegerField(verbose_name='up to transaction')),
                ('transactions', models.PositiveBigIntegerField(verbose_name='transactions')),
                ('entries', models.PositiveBigIntegerField(verbose_name='entries')),
                ('previous', models.CharField(blank=True, max_length=64, verbose_name='digest before')),
                ('digest', models.CharField(max_length=64, unique=True, verbose_name='digest')),
                ('sealed_at', models.DateTimeField(verbose_name='sealed')),
            ],
            options={
                'verbose_name': 'ledger seal',
                'verbose_name_plural': 'ledger seals',
                'ordering': ['-number'],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ledgerentry',
            trigger=pgtrigger.compiler.Trigger(name='held_while_posting', sql=pgtrigger.compiler.UpsertTriggerSql(func='PERFORM pg_advisory_xact_lock_shared(7403, 0); RETURN NULL;', hash='b1e3c75f58b5374dc6bdc4f1a04f3f835a2152b4', level='STATEMENT', operation='INSERT', pgid='pgtrigger_held_while_posting_1f8f1', table='commissions_ledgerentry', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ledgertransaction',
            trigger=pgtrigger.compiler.Trigger(name='held_while_posting', sql=pgtrigger.compiler.UpsertTriggerSql(func='PERFORM pg_advisory_xact_lock_shared(7403, 0); RETURN NULL;', hash='0ae01a8646277c2f0a5a1c3d20d28411d67fc498', level='STATEMENT', operation='INSERT', pgid='pgtrigger_held_while_posting_d1e82', table='commissions_ledgertransaction', when='BEFORE')),
        ),
        migrations.AddField(
            model_name='ledgercheck',
            name='asked_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by'),
        ),
        migrations.AddConstraint(
            model_name='ledgerseal',
            constraint=models.CheckConstraint(condition=models.Q(('upto__gt', models.F('after'))), name='ledger_seal_right_way_round'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ledgerseal',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='07205ef8af2f1709fbc0abbd51458ca5e712269b', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_0d438', table='commissions_ledgerseal', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='ledgercheck',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', True), ('ok__isnull', True)), models.Q(('finished_at__isnull', False), ('found', 0), ('ok', True)), models.Q(('finished_at__isnull', False), ('found__gt', 0), ('ok', False)), _connector='OR'), name='ledger_check_says_what_it_found'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ledgercheck',
            trigger=pgtrigger.compiler.Trigger(name='kept_for_ever', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='17903b79da65f63ec08597b24b7c64c3803e9da4', operation='DELETE', pgid='pgtrigger_kept_for_ever_d6898', table='commissions_ledgercheck', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ledgercheck',
            trigger=pgtrigger.compiler.Trigger(name='fixed_once_finished', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."finished_at" IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='04f3d065f08696c9352f32d2417ff27054c08ed8', operation='UPDATE', pgid='pgtrigger_fixed_once_finished_98f84', table='commissions_ledgercheck', when='BEFORE')),
        ),
        *(
            migrations.RunSQL(f"CREATE VIEW {name} AS {query}", reverse_sql=f"DROP VIEW {name}")
            for name, query in VIEWS.items()
        ),
    ]
