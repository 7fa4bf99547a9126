from django.db import migrations


class Migration(migrations.Migration):
    """Numbers that people say come from sequences: no lock, gaps allowed."""

    dependencies = [("commissions", "0001_initial")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE payout_batch_number", "DROP SEQUENCE payout_batch_number"),
    ]
