from django.db import migrations


class Migration(migrations.Migration):
    """Numbers that people say come from sequences: no lock, gaps allowed."""

    dependencies = [("leads", "0001_initial")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE referral_number", "DROP SEQUENCE referral_number"),
        migrations.RunSQL("CREATE SEQUENCE deal_number", "DROP SEQUENCE deal_number"),
        migrations.RunSQL("CREATE SEQUENCE dispute_number", "DROP SEQUENCE dispute_number"),
    ]
