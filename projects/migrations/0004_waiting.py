import django.core.validators
from django.db import migrations, models

_DAYS = {
    "blank": True,
    "help_text": "For deals without a date of their own; empty: not forecast.",
    "null": True,
    "validators": [django.core.validators.MaxValueValidator(3650)],
}


class Migration(migrations.Migration):
    dependencies = [("projects", "0003_statements")]

    operations = [
        migrations.AddField(
            model_name="project",
            name="first_payment_days",
            field=models.PositiveSmallIntegerField(verbose_name="first payment: days after the contract", **_DAYS),
        ),
        migrations.AddField(
            model_name="project",
            name="loan_days",
            field=models.PositiveSmallIntegerField(verbose_name="loan paid out: days after the contract", **_DAYS),
        ),
        migrations.AddField(
            model_name="project",
            name="full_payment_days",
            field=models.PositiveSmallIntegerField(verbose_name="full payment: days after the contract", **_DAYS),
        ),
        migrations.AddField(
            model_name="project",
            name="handover_expected_on",
            field=models.DateField(
                blank=True,
                help_text="A deal's own date stands before it.",
                null=True,
                verbose_name="handover expected",
            ),
        ),
    ]
