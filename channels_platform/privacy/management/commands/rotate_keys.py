"""`manage.py rotate_keys`: bring personal data under the newest keys."""

from typing import Any

from channels_platform.commands import DataCommand
from channels_platform.privacy.rotation import encrypted_columns, rotate_column, rotate_phones


class Command(DataCommand):
    help = (
        "Re-write phones and encrypted texts under the first key of PII_ENCRYPTION_KEYS and PHONE_INDEX_KEYS. "
        "Run it while both the new and the old key are listed everywhere; it can be stopped and run again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"phones: {rotate_phones()} re-written")
        for model, column in encrypted_columns():
            self.stdout.write(f"{model._meta.label_lower}.{column}: {rotate_column(model, column)} re-written")
        self.stdout.write("Every row stands under the newest keys; the older ones can be taken out.")
