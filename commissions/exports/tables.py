"""The deals behind a batch's lines as CSV."""

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import lru_cache
from io import StringIO
from itertools import islice
from typing import Any

from django.utils.translation import get_language, override

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
    with deal_rows(batch, written=True) as rows:
        yield from _written(deal_columns(), rows)


def _written(columns: list[Column], rows: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    buffer = StringIO()
    writer = csv.writer(buffer)
    buffer.write(BOM)
    writer.writerow([kept_text(column.heading) for column in columns])
    safe = lru_cache(maxsize=4096)(kept_text)  # most texts repeat from row to row
    while chunk := list(islice(rows, _CHUNK)):
        # column by column: what costs little a cell is then no more than that
        writer.writerows(zip(*(_cells(column, chunk, safe) for column in columns), strict=True))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _cells(column: Column, rows: list[tuple[Any, ...]], safe: Callable[[str], str]) -> Iterable[str | date | None]:
    values = map(column.take, rows)
    return map(safe, values) if column.kind is CellKind.TEXT else values
