from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leads", "0025_lists_at_a_million")]

    operations = [
        migrations.AddField(
            model_name="deal",
            name="first_payment_due_on",
            field=models.DateField(blank=True, null=True, verbose_name="first payment due"),
        ),
        migrations.AddField(
            model_name="deal",
            name="loan_expected_on",
            field=models.DateField(blank=True, null=True, verbose_name="loan expected"),
        ),
        migrations.AddField(
            model_name="deal",
            name="full_payment_due_on",
            field=models.DateField(blank=True, null=True, verbose_name="full payment due"),
        ),
        migrations.AddField(
            model_name="deal",
            name="handover_expected_on",
            field=models.DateField(blank=True, null=True, verbose_name="handover expected"),
        ),
    ]
