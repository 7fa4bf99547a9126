"""Spreadsheets of clients: what is read out of XLSX and CSV, whatever their headings, and what is refused."""

import zipfile
from datetime import datetime
from io import BytesIO

import pytest
import xlsxwriter

from channels_platform.lib.errors import Invalid
from channels_platform.lib.sheets import LARGEST, letter
from leads.client_sheets import MOST_ROWS, field_of, read_sheet


def workbook(*tables):
    target = BytesIO()
    book = xlsxwriter.Workbook(target, {"default_date_format": "yyyy-mm-dd hh:mm"})
    for table in tables:
        sheet = book.add_worksheet()
        for place, row in enumerate(table):
            sheet.write_row(place, 0, row)
    book.close()
    return target.getvalue()


def code_of(data):
    with pytest.raises(Invalid) as refused:
        read_sheet(data)
    return refused.value.code


AS_EXCEL_HAS_IT = datetime.fromisoformat("2026-03-05T15:30")
HEAD = ["项目", "客户姓名", "联系电话", "到访时间", "人数", "备注"]
ROW = ["金色湖岸", "张伟", "13800005678", "2026-03-05 15:30", "3", "看三房"]


def test_chinese_workbook_is_read_by_its_headings():
    [row] = read_sheet(workbook([HEAD, ROW]))
    assert row.number == 2
    assert {field: cells[0][1] for field, cells in row.cells.items()} == dict(
        zip(("project", "client_name", "phones", "expected_arrival", "party_size", "note"), ROW, strict=True)
    )


def test_english_csv_in_another_order_with_a_second_phone():
    [row] = read_sheet(b"Phone 1;Phone 2;Client's name\n138 0000 5678;13900001234;Zhang\n")
    assert row.cells == {
        "phones": [("A", "138 0000 5678"), ("B", "13900001234")],
        "client_name": [("C", "Zhang")],
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_the_encodings_that_excel_writes(encoding):
    [row] = read_sheet("姓名,手机号\n张伟,13800005678\n".encode(encoding))
    assert row.cells["client_name"] == [("A", "张伟")]


def test_numbers_and_dates_are_read_as_people_see_them():
    table = [["姓名", "电话", "时间"], ["张伟", 13800005678, AS_EXCEL_HAS_IT]]
    [row] = read_sheet(workbook(table))
    assert (row.cells["phones"], row.cells["expected_arrival"]) == ([("B", "13800005678")], [("C", "2026-03-05 15:30")])


def test_a_title_above_the_headings_and_empty_rows_between_keep_the_numbers():
    rows = read_sheet(
        workbook([["三月报备"], [], ["姓名", "电话"], ["张伟", "13800005678"], [], ["李娜", "13900001234"]])
    )
    assert [row.number for row in rows] == [4, 6]


def test_the_first_sheet_with_headings_is_taken():
    assert len(read_sheet(workbook([["说明"]], [["姓名", "电话"], ["张伟", "13800005678"]]))) == 1


def test_a_formula_is_read_as_its_value():
    target = BytesIO()
    book = xlsxwriter.Workbook(target)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["姓名", "电话"])
    sheet.write_formula(1, 0, '=HYPERLINK("http://elsewhere")', None, "张伟")
    sheet.write_string(1, 1, "13800005678")
    book.close()
    [row] = read_sheet(target.getvalue())
    assert row.cells["client_name"] == [("A", "张伟")]


def far_away():
    data = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(workbook([["姓名", "电话"], ["张伟", "1"]]))) as given,
        zipfile.ZipFile(data, "w") as made,
    ):
        for part in given.namelist():
            content = given.read(part)
            if part.startswith("xl/worksheets/"):
                content = content.replace(
                    b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
                )
            made.writestr(part, content)
    return data.getvalue()


def patched(change, sheets=1):
    """A workbook whose sheets' XML is changed behind the writer's back."""
    data, target = BytesIO(), BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    for _ in range(sheets):
        book.add_worksheet().write_row(0, 0, ["x", "y"])
    book.close()
    with zipfile.ZipFile(target) as given, zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        for part in given.namelist():
            made.writestr(*change(part, given.read(part)))
    return data.getvalue()


def with_row(row):
    return lambda part, xml: (part, xml.replace(b"</sheetData>", row + b"</sheetData>"))


def moved_away(part, xml):
    xml = xml.replace(b"worksheets/sheet1.xml", b"elsewhere/sheet1.dat")
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    return part.replace("xl/worksheets/sheet1.xml", "xl/elsewhere/sheet1.dat"), xml.replace(b"</sheetData>", far)


@pytest.mark.parametrize(
    "data",
    [
        patched(with_row(b"<row r='20000'><c r='XFD1048576'><v>1</v></c></row>")),
        patched(with_row(b"<row r='20000'><c r='xfd1048576'><v>1</v></c></row>")),
        patched(with_row(b'<row r="1048576">' + b"<c><v>1</v></c>" * 60 + b"</row>")),
        patched(with_row(b"<row>" + b"<c><v>1</v></c>" * 800 + b"</row>")),
        patched(with_row(b'<row r="20000"><c r="CV20000"><v>1</v></c></row>'), sheets=2),
        patched(moved_away),
    ],
    ids=["other quotes", "small letters", "cells without a place", "wide", "many sheets", "another folder"],
)
def test_what_would_not_fit_in_memory_is_refused_before_it_is_read(data):
    assert code_of(data) == "too_many_rows"


def test_a_date_at_the_end_of_time_is_read():
    data = patched(with_row(b'<row r="2"><c r="A2" t="d"><v>9999-12-31T23:59:59</v></c></row>'))
    assert code_of(data) == "no_headings"


def swelling():
    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/workbook.xml", b"<workbook/>")
        made.writestr("xl/worksheets/sheet1.xml", b" " * 60_000_000)
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (b"x" * (LARGEST + 1), "file_too_large"),
        (b"\x89PNG\r\n\x1a\n\0\0", "sheet_type"),
        (b"PK\x03\x04 no zip", "sheet_broken"),
        (swelling(), "file_too_large"),
        (far_away(), "too_many_rows"),
        ("姓名,地址\n张伟,北京\n".encode(), "no_headings"),
        ("姓名,电话\n".encode(), "no_rows"),
        ("姓名,电话\n".encode() + "张伟,13800005678\n".encode() * (MOST_ROWS + 1), "too_many_rows"),
    ],
    ids=["empty", "too large", "picture", "broken zip", "zip bomb", "far cell", "no headings", "no rows", "501 rows"],
)
def test_what_is_no_list_of_clients_is_refused(data, code):
    assert code_of(data) == code


def test_500_rows_are_read():
    assert len(read_sheet("姓名,电话\n".encode() + "张伟,13800005678\n".encode() * MOST_ROWS)) == MOST_ROWS


def test_a_workbook_cut_anywhere_is_refused_and_nothing_worse():
    whole = workbook([HEAD, ROW])
    for end in range(4, len(whole) - 1, 97):
        assert code_of(whole[:end]) in ("sheet_broken", "sheet_type")


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("报备楼盘", "project"),
        ("客户姓名 *", "client_name"),
        ("手机号（必填）", "phones"),
        ("电话2", "phones"),
        ("电话二", "phones"),
        ("How many people", "party_size"),
        ("Note for reception", "note"),
        ("Expected arrival", "expected_arrival"),
        ("地址", ""),
        ("", ""),
    ],
)
def test_headings_are_known_in_both_languages(heading, field):
    assert field_of(heading) == field


def test_columns_are_named_as_spreadsheets_name_them():
    assert [letter(column) for column in (0, 25, 26, 59)] == ["A", "Z", "AA", "BH"]
