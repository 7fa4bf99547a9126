"""Re-writing personal data under the primary keys; interrupted, it goes on where rows are still old."""

from collections.abc import Callable, Iterator

from django.apps import apps
from django.db import connection, models, transaction

from channels_platform.privacy.fields import EncryptedTextField
from channels_platform.privacy.keys import cipher, phone_index
from channels_platform.privacy.models import Phone

BATCH = 1_000


def rotate_phones(*, batch: int = BATCH, after: Callable[[int], None] = lambda done: None) -> int:
    """Bring every phone's digest and ciphertext under the primary keys; return how many changed.

    Locks:  phones, a batch at a time by id.
    Writes: Phone.
    """
    box, index = cipher(), phone_index()
    changed, last = 0, 0
    while True:
        with transaction.atomic():
            rows = list(
                Phone.objects.select_for_update().filter(pk__gt=last, erased_at__isnull=True).order_by("pk")[:batch]
            )
            stale = []
            for row in rows:
                number = box.decrypt(row.ciphertext)
                digest = index.digest(number)
                if bytes(row.digest) != digest or not box.is_current(row.ciphertext):
                    row.digest, row.ciphertext = digest, box.encrypt(number)
                    stale.append(row)
            Phone.objects.bulk_update(stale, ["digest", "ciphertext"])
        if not rows:
            return changed
        changed, last = changed + len(stale), rows[-1].pk
        after(changed)


def encrypted_columns() -> Iterator[tuple[type[models.Model], str]]:
    """Yield every model and column that holds encrypted text."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedTextField):
                yield model, str(field.column)


def rotate_column(model: type[models.Model], column: str, *, batch: int = BATCH) -> int:
    """Re-encrypt a column's texts under the primary key; return how many changed.

    Locks:  rows, a batch at a time by primary key.
    Writes: the column.
    """
    box, quote = cipher(), connection.ops.quote_name
    table, key, cell = quote(model._meta.db_table), quote(str(model._meta.pk.column)), quote(column)
    changed, last = 0, None
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {key}, {cell} FROM {table} WHERE (%s IS NULL OR {key} > %s) AND length({cell}) > 0 "  # noqa: S608
                f"ORDER BY {key} LIMIT %s FOR UPDATE",
                [last, last, batch],
            )
            rows = cursor.fetchall()
            stale = [(box.encrypt(box.decrypt(token)), pk) for pk, token in rows if not box.is_current(token)]
            if stale:
                cursor.executemany(f"UPDATE {table} SET {cell} = %s WHERE {key} = %s", stale)  # noqa: S608
        if not rows:
            return changed
        changed, last = changed + len(stale), rows[-1][0]
