"""The batch as a workbook: summary, lines, the deals behind each line; a row in memory at a time."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO

import xlsxwriter
from django.db.models import Count, Sum
from django.utils.translation import gettext
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from channels_platform.lib.money import minor_digits
from channels_platform.presentation import formats
from commissions.exports.approvals import approval_columns, approval_rows
from commissions.exports.cells import CellKind, Column, starts_formula, xml_text
from commissions.exports.rows import deal_columns, deal_rows, line_columns, line_rows
from commissions.models import PayoutBatch, PayoutLine
from commissions.selectors import lines_that_count

Progress = Callable[[int], None]
_REPORT_EVERY = 2_000
# day 1 is 1 January 1900, and a 29 February that never was is counted
_DAY_ZERO = date(1899, 12, 30)


class Sheets:
    """The writing of one workbook, with the styles its cells share."""

    def __init__(self, target: BinaryIO, *, currency: str, progress: Progress | None = None) -> None:
        self.book = xlsxwriter.Workbook(
            target, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        self.heading = self.book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        self.speak(currency)
        self.count = self.book.add_format({"bold": True, "top": 1, "num_format": "#,##0"})
        self.rate = self.book.add_format({"num_format": "0.00##%"})
        self.day = self.book.add_format({"num_format": "yyyy-mm-dd"})
        # says that the text was meant as text, also once somebody edits the cell
        self.typed = self.book.add_format({"quote_prefix": True})
        self.progress = progress or (lambda done: None)
        self.done = 0

    def speak(self, currency: str) -> None:
        """Write amounts with this currency's digits from here on."""
        digits = minor_digits(currency)
        money = "#,##0" + ("." + "0" * digits if digits else "")
        self.total = self.book.add_format({"bold": True, "top": 1, "num_format": money})
        self.money = self.book.add_format({"num_format": money})

    def table(self, name: str, columns: list[Column], rows: Iterable[tuple[Any, ...]], *, totals: bool = True) -> None:
        """Write a sheet of rows under headings and, below them, the totals of what adds up."""
        sheet = self.book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)
            sheet.write_string(0, place, column.heading, self.heading)
        sums = {place: Decimal(0) for place, column in enumerate(columns) if column.adds_up}
        number = self._rows(sheet, columns, rows, sums)
        if not totals:
            return
        sheet.write_string(number, 0, gettext("Total"), self.total)
        for place, total in sums.items():
            style = self.count if columns[place].kind is CellKind.NUMBER else self.total
            sheet.write_number(number, place, total, style)  # a float would not be exact to the cent

    def _rows(
        self, sheet: Worksheet, columns: list[Column], rows: Iterable[tuple[Any, ...]], sums: dict[int, Decimal]
    ) -> int:
        """Write the rows' XML into the sheet's stream, add up, and return the number of the row after them.

        The writer's own cell methods take four times as long, and take text that begins like its markup for markup.
        """
        sheet._write_single_row(1)
        write = sheet.fh.write
        cells = [
            (place, column.take, column.kind, f'<c r="{xl_col_to_name(place)}') for place, column in enumerate(columns)
        ]
        money, day, typed, rate = (style._get_xf_index() for style in (self.money, self.day, self.typed, self.rate))
        number = 1
        for number, row in enumerate(rows, start=2):
            parts = [f'<row r="{number}">']
            for place, take, kind, cell in cells:
                value = take(row)
                if value is None or value == "":
                    continue
                if kind is CellKind.TEXT:
                    style = f' s="{typed}"' if starts_formula(value) else ""
                    text = xml_text(value)
                    parts.append(
                        f'{cell}{number}"{style} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
                    )
                elif kind is CellKind.MONEY:
                    if place in sums:
                        sums[place] += value
                    parts.append(f'{cell}{number}" s="{money}"><v>{value:f}</v></c>')
                elif kind is CellKind.NUMBER:
                    if place in sums:
                        sums[place] += value
                    parts.append(f'{cell}{number}"><v>{value}</v></c>')
                elif kind is CellKind.RATE:
                    parts.append(f'{cell}{number}" s="{rate}"><v>{value:f}</v></c>')
                else:
                    parts.append(f'{cell}{number}" s="{day}"><v>{(value - _DAY_ZERO).days}</v></c>')
            parts.append("</row>")
            write("".join(parts))
            self.done += 1
            if self.done % _REPORT_EVERY == 0:
                self.progress(self.done)
        return number

    def facts(self, name: str, facts: Sequence[tuple[str, str | Decimal]]) -> None:
        """Write a sheet of names and values."""
        sheet = self.book.add_worksheet(name)
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 40)
        bold = self.book.add_format({"bold": True})
        for number, (label, value) in enumerate(facts):
            sheet.write_string(number, 0, label, bold)
            if isinstance(value, Decimal):
                sheet.write_number(number, 1, value, self.money)
            else:
                style: Format | None = self.typed if starts_formula(value) else None
                sheet.write_string(number, 1, value, style)

    def close(self) -> None:
        self.book.close()


def write_workbook(batch: PayoutBatch, target: BinaryIO, *, progress: Progress | None = None) -> None:
    """Write the batch's workbook to a binary file.

    Units: amounts are numbers, exact to the cent up to 15 digits; totals are added up exactly, not by the spreadsheet.
    """
    sheets = Sheets(target, currency=batch.currency, progress=progress)
    sheets.facts(gettext("Summary"), _summary(batch))
    with line_rows(batch) as rows:
        sheets.table(gettext("Lines"), line_columns(), rows)
    with deal_rows(batch) as rows:
        sheets.table(gettext("Deals"), deal_columns(), rows)
    sheets.table(gettext("Approvals"), approval_columns(), approval_rows(batch), totals=False)
    sheets.close()


def _summary(batch: PayoutBatch) -> list[tuple[str, str | Decimal]]:
    sums = lines_that_count(batch).aggregate(lines=Count("pk"), gross=Sum("gross"), tax=Sum("tax"), net=Sum("net"))
    paid = batch.lines.filter(state=PayoutLine.State.PAID).aggregate(net=Sum("net"))["net"]
    zone = batch.company.timezone
    facts: list[tuple[str, str | Decimal]] = [
        (gettext("Batch"), batch.number),
        (gettext("Paying company"), batch.company.name),
        (gettext("Currency"), batch.currency),
        (gettext("State"), str(batch.get_state_display())),
        (gettext("Cut-off"), formats.exact_instant(batch.cutoff_at, zone)),
        (gettext("Lines"), str(sums["lines"])),
        (gettext("Gross"), sums["gross"] or Decimal(0)),
        (gettext("Tax withheld"), sums["tax"] or Decimal(0)),
        (gettext("Net"), sums["net"] or Decimal(0)),
        (gettext("Paid"), paid or Decimal(0)),
    ]
    people = [
        (gettext("Prepared by"), batch.prepared_by),
        (gettext("Submitted by"), batch.submitted_by),
        (gettext("Approved by"), batch.approved_by),
    ]
    return facts + [(label, str(who)) for label, who in people if who is not None]
