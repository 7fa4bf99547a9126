"""Reminders become notices like all others; what was not mailed yet goes on its way there."""

from django.db import migrations

MOVE = """
INSERT INTO notices_notice (id, recipient_id, kind, project_id, zone, target_kind, target_id, target_label, facts, path,
                            once, due_at, created_at, read_at)
SELECT n.id, n.recipient_id, 'referral.' || n.kind, r.project_id, p.timezone, 'leads.referral', r.id::text, r.number,
       jsonb_build_object('project', p.name), '/portal/clients/' || r.id || '/', '', n.due_at, n.created_at, n.read_at
FROM leads_notice n
JOIN leads_referral r ON r.id = n.referral_id
JOIN projects_project p ON p.id = r.project_id;

INSERT INTO notices_delivery (notice_id, channel, together, due_at, attempts, error)
SELECT n.id, 'mail', false, n.created_at, 0, ''
FROM leads_notice n
JOIN accounts_user u ON u.id = n.recipient_id
WHERE n.emailed_at IS NULL AND n.due_at > now() AND u.email <> '';

SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0003_notices"),
        ("notices", "0002_deliveries"),
    ]

    operations = [
        migrations.RunSQL(MOVE, migrations.RunSQL.noop),
        migrations.DeleteModel(name="Notice"),
    ]
