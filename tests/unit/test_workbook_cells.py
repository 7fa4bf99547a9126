"""What a workbook's cell says is what its reader sees in a spreadsheet, not how the machine keeps it."""

import zipfile
from datetime import datetime
from io import BytesIO

import pytest
import xlsxwriter

from channels_platform.lib.sheets import read_rows
from leads.payment_rows import Reading, read_payments


def workbook(*rows):
    """Return a workbook of the rows, in it every digit of a figure, as spreadsheets keep what a formula came to."""
    written, target = BytesIO(), BytesIO()
    book = xlsxwriter.Workbook(written)
    sheet, moment = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for place, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write_datetime(place, column, cell, moment)
            else:
                sheet.write(place, column, cell)
    book.close()
    with zipfile.ZipFile(written) as rounded, zipfile.ZipFile(target, "w") as whole:
        for name in rounded.namelist():
            xml = rounded.read(name).decode()
            for figure in (cell for row in rows for cell in row if isinstance(cell, float)):
                xml = xml.replace(f"<v>{figure:.16G}</v>", f"<v>{figure!r}</v>")
            whole.writestr(name, xml)
    return target.getvalue()


def read(cell):
    (row,) = read_rows(workbook(["amount"], [cell]), field_of=str.lower, needed=frozenset(["amount"]), most_rows=1)
    return row.cells["amount"][0][1]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (100.1 + 200.2, "300.3"),
        (38400.07 * 10, "384000.7"),
        (1280000 * 0.3, "384000"),
        (-0.1 - 0.2, "-0.3"),
        (1e-7, "0.0000001"),
        (0.0, "0"),
        (0.1 + 0.2 - 0.3, "0"),
        (13800000001.0, "13800000001"),
        (123456789012.34, "123456789012.34"),
    ],
)
def test_a_worked_out_figure_reads_as_a_spreadsheet_shows_it(cell, text):
    assert read(cell) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-11-30T23:59:45", "2026-11-30 23:59"),
        ("2026-11-30T15:00", "2026-11-30 15:00"),
        ("2026-11-30T09:20", "2026-11-30 09:20"),
    ],
)
def test_a_moment_keeps_its_minute_and_its_day(moment, text):
    assert read(datetime.fromisoformat(moment)) == text


def test_a_worked_out_payment_is_taken():
    rows = read_payments(
        workbook(["流水号", "日期", "金额"], ["A", "2026-03-02", 100.1 + 200.2]), Reading(currency="CNY")
    )
    assert [(str(row["amount"]), row["fault"]) for row in rows] == [("300.3", "")]
