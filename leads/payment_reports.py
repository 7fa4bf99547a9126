"""What became of a payments file, row by row: told with its job, and as a file."""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.utils.translation import gettext as _

from channels_platform.lib.money import round_half_up
from channels_platform.lib.spreadsheets import BOM, kept_text
from leads.models import PaymentFile, PaymentRow
from leads.payment_matching import Judged
from leads.payment_words import in_words

# More than so many stand in the file only.
SHOWN = 200


def report_of(file: PaymentFile, judged: Mapping[UUID, Judged]) -> dict[str, Any]:
    """Return counts by state and the first rows, as JSON; `judged` is what would become of rows only read."""
    rows = list(_rows(file))
    told = [_told(row, judged) for row in rows[:SHOWN]]
    states = Counter(judged[row.pk].becomes if row.pk in judged else row.state for row in rows)
    return {"file": str(file.pk), "rows": len(rows), "counts": dict(states), "first_rows": told}


def rows_file(file: PaymentFile, judged: Mapping[UUID, Judged]) -> Any:
    """Return all rows as a CSV that spreadsheets open right."""
    made = io.StringIO(newline="")
    writer = csv.writer(made)
    writer.writerow([_("Row"), _("Bank reference"), _("Deal"), _("Amount"), _("What becomes of it"), _("Why")])
    for row in _rows(file):
        told = _told(row, judged)
        cells = (told["reference"], told["deal"], told["amount"], told["state"], str(in_words(told["fault"])))
        writer.writerow([row.number, *(kept_text(cell) if place != 2 else cell for place, cell in enumerate(cells))])
    return ContentFile((BOM + made.getvalue()).encode())


def _rows(file: PaymentFile) -> Any:
    return file.rows.select_related("payment__deal").order_by("number")


def _told(row: PaymentRow, judged: Mapping[UUID, Judged]) -> dict[str, Any]:
    found = judged.get(row.pk)
    amount = found.amount if found and found.amount else row.payment.amount if row.payment else row.amount
    return {
        "row": row.number,
        "reference": row.reference,
        "deal": row.payment.deal.number if row.payment else row.deal_text,
        "amount": "" if amount is None else str(round_half_up(amount, row.file.project.currency)),
        "state": found.becomes if found else row.state,
        "fault": found.reason if found else row.fault,
    }
