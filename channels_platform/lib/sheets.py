"""A spreadsheet read into rows: XLSX or CSV, headings in any order. Knows no Django."""

import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise, zip_longest
from lzma import LZMAError
from typing import Any
from xml.parsers.expat import ExpatError, ParserCreate

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

from channels_platform.lib.errors import Invalid
from channels_platform.lib.names import clean_text
from channels_platform.lib.spreadsheets import read_back

LARGEST = 2 * 1024 * 1024
_LARGEST_UNPACKED = 40 * 1024 * 1024
_HEADINGS_WITHIN = 10
_MOST_COLUMNS = 60
_LAST_ROW, _LAST_COLUMN = 20_000, 26 * 27
_MOST_ROOM = 2_000_000
_LONGEST_CELL = 2_000
_EXACT = 10**15
_LEFT_OVER = 1e-9
# a workbook counts days: what stands for 15:00 may come a little before it
_SHORT_OF_A_SECOND = timedelta(milliseconds=500)
_PLACE = re.compile(r"([A-Z]{1,3})(\d{1,7})", re.ASCII | re.IGNORECASE)
_COUNT = re.compile(r"\d{1,7}", re.ASCII)
# what the reader takes for a workbook of another kind, in which a cell may stand for millions
_OF_OTHER_KINDS = {"content.xml", "xl/workbook.bin"}
# what opening a zip and its XML raises, whatever was written into it
_BROKEN = (
    zipfile.BadZipFile, zlib.error, LZMAError, ExpatError, RuntimeError, NotImplementedError, EOFError, OSError,
    ValueError, LookupError, OverflowError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row: its number as a spreadsheet shows it, and what stands under each heading, with the column's letter."""

    number: int
    cells: dict[str, list[tuple[str, str]]]


# the cells of a sheet, and where one of them stands for those below: first row, last row, column
_Table = tuple[list[list[Any]], list[tuple[int, int, int]]]


def read_rows(
    data: bytes,
    *,
    field_of: Callable[[str], str],
    needed: frozenset[str],
    most_rows: int,
    one_of: frozenset[str] = frozenset(),
    spread: frozenset[str] = frozenset(),
    beside: str = "",
) -> list[SheetRow]:
    """Return the rows of the first sheet that has headings for the fields `needed` and, if given, for `one_of` some.

    Two rows one below the other may be the headings together. A merged cell of a field in `spread` stands for each row
    that it covers and that has something of its own. `beside`: the field of what stands under no known heading.
    Raises: Invalid `file_empty`, `file_too_large`, `sheet_type`, `sheet_broken`, `no_headings`, `no_rows`,
    `too_many_rows`.
    """
    if not data:
        raise Invalid("the file is empty", code="file_empty")
    if len(data) > LARGEST:
        raise Invalid("the file is too large", code="file_too_large")
    for table, merged in _workbook(data) if data.startswith(b"PK") else [(_csv(data), [])]:
        found = _headings(table, field_of, needed, one_of)
        if found is not None:
            headings, fields = found
            covered = _covered(table, merged, headings, {at for at, field in fields.items() if field in spread})
            return _rows(table, headings, fields, covered, beside, most_rows)
    raise Invalid("the headings needed are missing", code="no_headings")


def _workbook(data: bytes) -> Iterable[_Table]:
    _check_extent(data)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            merged = [(top, bottom, left) for (top, left), (bottom, _right) in sheet.merged_cell_ranges or ()]
            yield sheet.to_python(skip_empty_area=False), merged
    except (CalamineError, ValueError, OverflowError, OSError) as error:
        raise Invalid("the workbook cannot be read", code="sheet_broken") from error


def _check_extent(data: bytes) -> None:
    """Refuse what would not fit in memory: a zip that swells, one cell far away in an empty sheet, a lie about texts.

    The reader makes room for every cell up to the last, whatever the part of a sheet is called. Where it finds no room
    it ends the process.
    """
    room = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = {name.casefold() for name in packed.namelist()}
            if "xl/workbook.xml" not in packed.namelist() or parts & _OF_OTHER_KINDS:
                raise Invalid("not a workbook", code="sheet_type")
            if sum(part.file_size for part in packed.infolist()) > _LARGEST_UNPACKED:
                raise Invalid("the workbook is too large", code="file_too_large")
            for part in packed.infolist():
                xml = packed.read(part)
                if b"sst" in xml:
                    _check_texts(xml)
                if b"sheetData" in xml:
                    room += _Extent().of(xml)
                    if room > _MOST_ROOM:
                        raise Invalid("the sheets reach too far", code="too_many_rows")
    except _BROKEN as error:
        raise Invalid("the workbook cannot be read", code="sheet_broken") from error


def _check_texts(xml: bytes) -> None:
    """Refuse a table of texts that says it has more than fit: the reader makes room before it reads the first.

    Raises: Invalid; ExpatError.
    """
    parser = ParserCreate()
    parser.StartElementHandler = _check_text_counts
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.Parse(xml, True)


def _check_text_counts(name: str, attributes: dict[str, str]) -> None:
    if _bare(name) != "sst":
        return
    for attribute, told in attributes.items():
        if _bare(attribute) in ("count", "uniqueCount") and not (_COUNT.fullmatch(told) and int(told) <= _MOST_ROOM):
            raise Invalid("the workbook says that it has too many texts", code="sheet_broken")


def _bare(name: str) -> str:
    return name.rpartition(":")[2]


def _refuse_doctype(*_declared: Any) -> None:
    raise Invalid("a workbook declares no types", code="sheet_broken")


class _Extent:
    """How far the cells of one worksheet reach; a row or cell without a place of its own follows the one before."""

    def __init__(self) -> None:
        self._row = self._column = self._last_row = self._last_column = 0

    def of(self, xml: bytes) -> int:
        """Return how many cells there are up to the last row and column.

        Raises: Invalid; ExpatError.
        """
        parser = ParserCreate()
        parser.StartElementHandler = self._begin
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.Parse(xml, True)
        return self._last_row * self._last_column

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        tag, place = _bare(name), attributes.get("r", "")
        if tag == "row":
            self._row, self._column = int(place) if place.isdecimal() else self._row + 1, 0
        elif tag == "c":
            self._column += 1
            if place:
                named = _PLACE.fullmatch(place)
                if named is None:
                    raise Invalid("a cell without a place", code="sheet_broken")
                self._column, self._row = _number(named[1]), int(named[2])
            self._last_row, self._last_column = max(self._last_row, self._row), max(self._last_column, self._column)
            if self._last_row > _LAST_ROW or self._last_column > _LAST_COLUMN:
                raise Invalid("the sheet reaches too far", code="too_many_rows")


def _number(letters: str) -> int:
    """Return the place of a column by its letters: 1 for A."""
    number = 0
    for one in letters.upper():
        number = number * 26 + ord(one) - 64
    return number


def _csv(data: bytes) -> list[list[Any]]:
    text = _decoded(data)
    first = next((line for line in text.splitlines() if line.strip()), "")
    mark = max(",;\t", key=first.count)
    try:
        return [[read_back(cell) for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark)]
    except csv.Error as error:
        raise Invalid("the file cannot be read", code="sheet_broken") from error


def _decoded(data: bytes) -> str:
    if b"\0" in data:
        raise Invalid("this is no text", code="sheet_type")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid("this is no text", code="sheet_type")


def _headings(
    table: Sequence[Sequence[Any]], field_of: Callable[[str], str], needed: frozenset[str], one_of: frozenset[str]
) -> tuple[int, dict[int, str]] | None:
    """Return where the headings end and which field each column has; they must name those needed.

    One row, or else two: what is merged over both stands in the upper, what is below a common heading in the lower.
    """
    rows = [[_text(cell) for cell in row[:_MOST_COLUMNS]] for row in table[: _HEADINGS_WITHIN + 1]]

    def named(row: Sequence[str]) -> dict[int, str]:
        return {column: field for column, text in enumerate(row) if (field := field_of(text))}

    def suffice(fields: dict[int, str]) -> bool:
        known = set(fields.values())
        return needed <= known and (not one_of or bool(one_of & known))

    for place, row in enumerate(rows[:_HEADINGS_WITHIN]):
        fields = named(row)
        if not suffice(fields):
            continue
        below = rows[place + 1] if place + 1 < len(rows) else []
        # a row of data may have such a word too, but beside what was looked for
        data = (text for column, text in enumerate(below) if fields.get(column) in needed)
        headed_again = needed & set(named(below).values()) and not any(re.search(r"\d", text) for text in data)
        if headed_again and suffice(both := named(_together(row, below))):
            return place + 1, both
        above = named(rows[place - 1]) if place else {}
        blank = {column: field for column, field in above.items() if not (row[column : column + 1] or [""])[0]}
        return place, fields | {column: field for column, field in blank.items() if field not in fields.values()}
    for place, (upper, lower) in enumerate(pairwise(rows)):
        if suffice(fields := named(_together(upper, lower))):
            return place + 1, fields
    return None


def _together(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    return [below or above for above, below in zip_longest(upper, lower, fillvalue="")]


def plain_heading(heading: str) -> str:
    """Return a heading without case, blanks, marks, what stands in brackets, and a number at its end."""
    plain = unicodedata.normalize("NFKC", heading).casefold()
    return re.sub(r"\(.*?\)|[^\w]|_|\d+$", "", plain)


def _covered(
    table: Sequence[Sequence[Any]], merged: Iterable[tuple[int, int, int]], headings: int, columns: set[int]
) -> dict[int, dict[int, str]]:
    """Return by row and column what a merged cell above says there."""
    found: dict[int, dict[int, str]] = defaultdict(dict)
    room = 0
    for top, bottom, column in merged:
        if top <= headings or column not in columns:
            continue
        room += max(bottom - top, 0)
        if room > _MOST_ROOM:
            raise Invalid("more is merged than there are cells", code="sheet_broken")
        text = _text(table[top][column]) if top < len(table) and column < len(table[top]) else ""
        for place in range(top + 1, min(bottom + 1, len(table)) if text else 0):
            found[place][column] = text
    return found


def _rows(
    table: Sequence[Sequence[Any]],
    headings: int,
    fields: dict[int, str],
    covered: dict[int, dict[int, str]],
    beside: str,
    most_rows: int,
) -> list[SheetRow]:
    rows = []
    looked_at = range(_MOST_COLUMNS) if beside else sorted(fields)
    for place, cells in enumerate(table[headings + 1 :], start=headings + 1):
        texts = {column: text for column in looked_at if column < len(cells) and (text := _text(cells[column]))}
        if texts.keys().isdisjoint(fields):
            continue
        found: dict[str, list[tuple[str, str]]] = {}
        for column, text in sorted((covered.get(place, {}) | texts).items()):
            if field := fields.get(column, beside):
                found.setdefault(field, []).append((letter(column), text))
        rows.append(SheetRow(place + 1, found))
        if len(rows) > most_rows:
            raise Invalid(f"at most {most_rows} rows", code="too_many_rows")
    if not rows:
        raise Invalid("no rows below the headings", code="no_rows")
    return rows


def letter(column: int) -> str:
    """Return the letters that a spreadsheet shows for a column counted from 0."""
    return (chr(64 + column // 26) if column >= 26 else "") + chr(65 + column % 26)


def _text(cell: Any) -> str:
    if isinstance(cell, bool) or cell is None:
        return ""
    if isinstance(cell, float):
        # A longer whole number has lost its last digits already: it must not look as if it had them.
        if abs(cell) >= _EXACT:
            return f"{cell:e}"
        # Fifteen digits are what a spreadsheet shows of a figure: the rest is what its sums left over, also of nothing.
        if abs(cell) < _LEFT_OVER:
            return "0"
        return str(int(cell)) if cell.is_integer() else f"{Decimal(f'{cell:.15g}'):f}"
    if isinstance(cell, datetime):
        moment: datetime = cell
        with suppress(OverflowError):  # the last minute that a calendar has stays as it is
            moment = cell + _SHORT_OF_A_SECOND
        return moment.strftime("%Y-%m-%d %H:%M")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return clean_text(str(cell))[:_LONGEST_CELL]


def text_workbook(sheets: list[tuple[str, list[list[str]], tuple[int, ...]]]) -> bytes:
    """Return a workbook of sheets (name, rows, widths); every cell is text, so nothing in it is a formula."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    heading, typed = book.add_format({"bold": True, "bottom": 1}), book.add_format({"quote_prefix": True})
    for name, table, widths in sheets:
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        for place, row in enumerate(table):
            for column, cell in enumerate(row):
                sheet.write_string(place, column, cell, heading if place == 0 else typed)
    book.close()
    return target.getvalue()
