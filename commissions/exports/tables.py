"""The deals behind a batch's lines as CSV."""

import csv
from collections.abc import Iterator
from functools import lru_cache
from io import StringIO
from typing import Any

from django.utils.translation import get_language, override

from channels_platform.lib.money import minor_digits
from commissions.exports.cells import CellKind, Column, kept_text
from commissions.exports.rows import deal_columns, deal_rows
from commissions.models import PayoutBatch

BOM = "\ufeff"
_CHUNK = 500


def deals_csv(batch: PayoutBatch) -> Iterator[str]:
    """Return the deals behind the batch's lines as CSV, in pieces, in the language active now.

    A byte order mark comes first, so that Excel reads Chinese right.
    """
    return _speaking(_deals(batch), get_language())


def _speaking(pieces: Iterator[str], language: str | None) -> Iterator[str]:
    """Make each piece under `language`: pieces are drawn while the answer is sent, when the request's is over."""
    while True:
        with override(language):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


def _deals(batch: PayoutBatch) -> Iterator[str]:
    with deal_rows(batch) as rows:
        yield from _written(deal_columns(), rows, currency=batch.currency)


def _written(columns: list[Column], rows: Iterator[tuple[Any, ...]], *, currency: str) -> Iterator[str]:
    buffer = StringIO()
    writer = csv.writer(buffer)
    buffer.write(BOM)
    writer.writerow([kept_text(column.heading) for column in columns])
    takes = [column.take for column in columns]
    texts = [place for place, column in enumerate(columns) if column.kind is CellKind.TEXT]
    amounts = [place for place, column in enumerate(columns) if column.kind is CellKind.MONEY]
    safe = lru_cache(maxsize=4096)(kept_text)  # most texts repeat from row to row
    digits = f".{minor_digits(currency)}f"
    for number, row in enumerate(rows, start=1):
        cells = [take(row) for take in takes]
        for place in texts:
            cells[place] = safe(cells[place])
        for place in amounts:
            if cells[place] is not None:
                cells[place] = format(cells[place], digits)
        writer.writerow(cells)
        if number % _CHUNK == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
