from django.db import migrations

# Who contested before there were sides is the one side of that dispute.
FORWARDS = """
INSERT INTO leads_disputeside (dispute_id, agency_id, referral_id, since)
SELECT id, agency_id, referral_id, raised_at FROM leads_dispute
"""


class Migration(migrations.Migration):
    dependencies = [("leads", "0008_contested_cases")]

    operations = [migrations.RunSQL(FORWARDS, migrations.RunSQL.noop)]
