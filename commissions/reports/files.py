"""A report as a file: a workbook with a sheet and totals for each currency, or one CSV; a few rows in memory."""

import csv
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import lru_cache
from io import StringIO
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from channels_platform.lib import clock
from channels_platform.lib.money import minor_digits
from channels_platform.lib.spreadsheets import BOM, kept_text
from channels_platform.presentation import formats
from commissions.exports.cells import CellKind, Column
from commissions.exports.workbook import Progress, Sheets
from commissions.reports.asked import chips, widgets
from commissions.reports.reading import all_rows, totals, value_of
from commissions.reports.types import Asked, Field, Kind

_CHUNK = 2_000
# Components, states and accounts repeat; so do many explanations.
_REMEMBERED = 2_000
_CELLS = {
    Kind.TEXT: CellKind.TEXT,
    Kind.COUNT: CellKind.NUMBER,
    Kind.MONEY: CellKind.MONEY,
    Kind.DAY: CellKind.DAY,
    Kind.MONTH: CellKind.TEXT,
    Kind.RATE: CellKind.RATE,
}


def _take(field: Field) -> Callable[[Any], Any]:
    if field.kind is Kind.MONTH:
        return lambda row: f"{row[field.name]:%Y-%m}" if row[field.name] else ""
    if field.kind is not Kind.TEXT:
        return lambda row: value_of(field, row)
    name = field.name
    if field.words is None:
        return lambda row: row[name] or ""
    words = lru_cache(maxsize=_REMEMBERED)(field.words)
    return lambda row: words(row[name]) if row[name] is not None else ""


def _columns(asked: Asked) -> list[Column]:
    return [
        Column(str(field.heading), _CELLS[field.kind], field.width, _take(field), field.adds_up)
        for field in asked.report.fields(asked)
    ]


def report_csv(asked: Asked) -> Iterator[str]:
    """Return all rows in pieces, in the language active now and then; amounts with their currency's digits."""
    columns = _columns(asked)
    yield BOM + _written([[_("Currency"), *(kept_text(column.heading) for column in columns)]])
    for total in totals(asked):
        digits = minor_digits(total.currency)
        with all_rows(asked, currency=total.currency) as rows:
            batch: list[list[str]] = []
            for row in rows:
                batch.append([total.currency, *(_cell(column, row, digits) for column in columns)])
                if len(batch) == _CHUNK:
                    yield _written(batch)
                    batch = []
            yield _written(batch)


def _cell(column: Column, row: Any, digits: int) -> str:
    value = column.take(row)
    if value is None:
        return ""
    if column.kind is CellKind.TEXT:
        return kept_text(str(value))
    return format(value, f".{digits}f") if column.kind is CellKind.MONEY else str(value)


def _written(rows: list[list[str]]) -> str:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def write_report(asked: Asked, user: Any, target: BinaryIO, *, progress: Progress | None = None) -> None:
    """Write a workbook: what was asked, then a sheet for each currency with totals added up exactly."""
    found = totals(asked)
    sheets = Sheets(target, currency=found[0].currency if found else "CNY", progress=progress)
    sheets.facts(_("Summary"), _summary(asked, user))
    columns = _columns(asked)
    for total in found:
        sheets.speak(total.currency)
        with all_rows(asked, currency=total.currency) as rows:
            sheets.table(total.currency, columns, rows)  # type: ignore[arg-type]
    sheets.close()


def _summary(asked: Asked, user: Any) -> list[tuple[str, str | Decimal]]:
    narrowed = [
        (str(one.label), str(dict(one.options).get(one.value, one.value))) for one in widgets(asked, user) if one.value
    ]
    return [
        (_("Report"), str(asked.report.title)),
        *narrowed,
        *((str(chip.label), chip.shown) for chip in chips(asked, user)),
        (_("Made"), formats.exact_instant(clock.now())),
        (_("Made by"), str(user)),
    ]
