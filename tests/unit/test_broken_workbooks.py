"""Workbooks that lie or are broken: each is refused in one way, and none ends the process that reads it."""

import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
import xlsxwriter

from channels_platform.lib.errors import Invalid
from channels_platform.lib.sheets import SheetRow, read_rows, text_workbook

READS = """
import resource
import sys
from channels_platform.lib.errors import Invalid
from channels_platform.lib.sheets import read_rows

resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
with open(sys.argv[1], "rb") as file:
    try:
        read_rows(file.read(), field_of=str.lower, needed=frozenset(["amount"]), most_rows=9)
    except Invalid as refused:
        print(refused.code)
"""

NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
)
OPEN_DOCUMENT = {
    "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
    "xl/workbook.xml": "<workbook/>",
    "META-INF/manifest.xml": '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"></m:manifest>',
    "content.xml": f"""<office:document-content {NAMES}><office:body><office:spreadsheet><table:table table:name="S">
<table:table-row table:number-rows-repeated="1000000"><table:table-cell office:value-type="string"
table:number-columns-repeated="16000"><text:p>Amount</text:p></table:table-cell></table:table-row>
</table:table></office:spreadsheet></office:body></office:document-content>""",
}


def read(data: bytes) -> list[SheetRow]:
    return read_rows(data, field_of=str.lower, needed=frozenset({"amount"}), most_rows=9)


def code_of(data: bytes) -> str:
    with pytest.raises(Invalid) as refused:
        read(data)
    return refused.value.code


def sound() -> bytes:
    return text_workbook([("S", [["Deal", "Amount"], ["NO-1", "5.00"]], (10, 10))])


def changed(part: str, old: bytes, new: bytes) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(BytesIO(sound())) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            content = before.read(name)
            if name == part:
                assert old in content
                content = content.replace(old, new, 1)
            after.writestr(name, content)
    return target.getvalue()


def with_texts(told: bytes) -> bytes:
    return changed("xl/sharedStrings.xml", b' count="4" uniqueCount="4"', told)


def read_apart(path: Path, data: bytes) -> tuple[int, str]:
    """Read a workbook in a process of its own, with room for two gigabytes; return how it ended and what it said."""
    path.write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", READS, path], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.strip()


@pytest.mark.parametrize("told", [b' uniqueCount="9999999999"', b' count="9999999999"', b' count="+9999999999"'])
def test_a_workbook_that_lies_of_how_many_texts_it_has_ends_no_process(tmp_path, told):
    assert read_apart(tmp_path / "lie.xlsx", with_texts(told)) == (0, "sheet_broken")


def test_a_workbook_of_another_kind_in_which_a_cell_stands_for_millions_ends_no_process(tmp_path):
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for name, content in OPEN_DOCUMENT.items():
            packed.writestr(name, content)
    assert read_apart(tmp_path / "other.xlsx", target.getvalue()) == (0, "sheet_type")


@pytest.mark.parametrize("number", [2**64 - 1, 2**64, 2_000_001, -1])
def test_more_texts_than_a_sheet_may_have_cells_are_refused_before_room_is_made(number):
    assert code_of(with_texts(f' uniqueCount="{number}"'.encode())) == "sheet_broken"


@pytest.mark.parametrize("told", [b"", b' count="2000000" uniqueCount="4"'])
def test_a_workbook_need_not_say_how_many_texts_it_has(told):
    assert [row.cells["amount"][0][1] for row in read(with_texts(told))] == ["5.00"]


def test_a_zip_whose_parts_lie_beyond_it_is_broken():
    made = bytearray(sound())
    made[made.rindex(b"PK\x05\x06") + 15] = 0x7F  # the size of its directory
    assert code_of(bytes(made)) == "sheet_broken"
    made = bytearray(sound())
    made[made.rindex(b"PK\x05\x06") + 18] = 0x7F  # where its directory begins
    assert code_of(bytes(made)) == "sheet_broken"


def test_a_sheet_in_an_encoding_that_nobody_knows_is_broken():
    assert code_of(changed("xl/worksheets/sheet1.xml", b'encoding="UTF-8"', b'encoding="UTF-9"')) == "sheet_broken"


def test_a_span_of_hours_beyond_all_calendars_is_broken():
    target = BytesIO()
    book = xlsxwriter.Workbook(target)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Deal", "Amount", "Hours"])
    sheet.write_row(1, 0, ["NO-1", 5.5])
    sheet.write_number(1, 2, 1e10, book.add_format({"num_format": "[h]:mm"}))
    book.close()
    assert code_of(target.getvalue()) == "sheet_broken"
