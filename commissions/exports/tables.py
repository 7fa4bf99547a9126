"""The deals behind a batch's lines as CSV."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import islice
from typing import Any

from django.utils.translation import get_language, override

from channels_platform.lib.spreadsheets import kept_text, kept_texts
from commissions.exports.cells import CellKind, Column
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
    with deal_rows(batch, written=True) as rows:
        yield from _written(deal_columns(), rows)


def _written(columns: list[Column], rows: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    buffer = StringIO()
    writer = csv.writer(buffer)
    buffer.write(BOM)
    writer.writerow([kept_text(column.heading) for column in columns])
    while chunk := list(islice(rows, _CHUNK)):
        # column by column: what costs little a cell is then no more than that
        writer.writerows(zip(*(_cells(column, chunk) for column in columns), strict=True))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _cells(column: Column, rows: list[tuple[Any, ...]]) -> Sequence[Any]:
    values = list(map(column.take, rows))
    return kept_texts(values) if column.kind is CellKind.TEXT else values
