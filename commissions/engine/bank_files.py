"""Transfers laid out as a bank wants them: columns in its order, its delimiter, encoding and line ends. Pure."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

from channels_platform.lib.errors import Invalid
from channels_platform.lib.money import minor_digits, to_minor
from channels_platform.lib.spreadsheets import defused

FIELDS = (
    "line", "number", "holder", "bank", "branch", "account", "amount", "currency", "purpose", "company", "day", "text",
)  # fmt: skip
NEEDED = frozenset({"holder", "account", "amount"})
ENDS = {"crlf": "\r\n", "lf": "\n"}
PLACES = ("count", "total", "batch", "company", "day")
_PLACE = re.compile(r"\{(\w*)\}")
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Transfer:
    """What goes to whom: `amount` is the line's net, `payee` names the line where something is wrong with it."""

    line: str
    payee: str
    holder: str
    bank: str
    branch: str
    account: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class FileColumn:
    field: str
    heading: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """A template, as the company's bank wants it; the first and last line may name PLACES in braces."""

    columns: tuple[FileColumn, ...]
    headings: bool = True
    first_line: str = ""
    last_line: str = ""
    delimiter: str = ","
    encoding: str = "utf-8-sig"
    amounts: str = "plain"
    line_end: str = "crlf"

    def as_facts(self) -> dict[str, Any]:
        """Return the template as JSON keeps it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Occasion:
    """What all lines of a file share."""

    batch: str
    company: str
    currency: str
    day: date
    count: int
    total: Decimal


def check_layout(layout: Layout) -> None:
    """Refuse a template by which nobody could be paid, or that names what is not there.

    Raises: Invalid `columns_needed` with the fields that lack, `unknown_field`, `unknown_place`, `not_in_encoding`.
    """
    lacking = sorted(NEEDED - {column.field for column in layout.columns})
    if lacking:
        raise Invalid("holder, account and amount are needed", code="columns_needed", field="columns", fields=lacking)
    for column in layout.columns:
        if column.field not in FIELDS:
            raise Invalid(f"no such field: {column.field}", code="unknown_field", field="columns")
    for name in ("first_line", "last_line"):
        unknown = [place for place in _PLACE.findall(getattr(layout, name)) if place not in PLACES]
        if unknown:
            raise Invalid("no such place", code="unknown_place", field=name, place=unknown[0])
    fixed = (
        *(c.heading for c in layout.columns),
        *(c.text for c in layout.columns),
        layout.first_line,
        layout.last_line,
    )
    for text in fixed:
        _encoded(text, layout, line="", payee="")


def laid_out(layout: Layout, transfers: Iterable[Transfer], occasion: Occasion) -> Iterator[bytes]:
    """Return the file in pieces; what people typed never begins a formula.

    Raises: Invalid `not_in_encoding` with the `line`, its `payee` and the `characters` that the encoding lacks.
    """
    # The mark stands once, at the file's beginning.
    if layout.encoding == "utf-8-sig":
        yield b"\xef\xbb\xbf"
    head = StringIO()
    if layout.first_line:
        head.write(_summary(layout.first_line, layout, occasion))
    if layout.headings:
        _writer(head, layout).writerow([defused(column.heading) for column in layout.columns])
    yield _encoded(head.getvalue(), layout, line="", payee="")
    piece: list[bytes] = []
    for number, transfer in enumerate(transfers, start=1):
        row = StringIO()
        _writer(row, layout).writerow([_cell(column, transfer, number, layout, occasion) for column in layout.columns])
        piece.append(_encoded(row.getvalue(), layout, line=transfer.line, payee=transfer.payee))
        if number % _CHUNK == 0:
            yield b"".join(piece)
            piece.clear()
    yield b"".join(piece)
    if layout.last_line:
        yield _encoded(_summary(layout.last_line, layout, occasion), layout, line="", payee="")


def _writer(target: StringIO, layout: Layout) -> Any:
    return csv.writer(target, delimiter=layout.delimiter, lineterminator=ENDS[layout.line_end])


def _cell(column: FileColumn, transfer: Transfer, number: int, layout: Layout, occasion: Occasion) -> str:
    if column.field == "amount":
        return _amount(transfer.amount, layout, occasion)
    text = {
        "line": transfer.line,
        "number": str(number),
        "holder": transfer.holder,
        "bank": transfer.bank,
        "branch": transfer.branch,
        "account": transfer.account,
        "currency": occasion.currency,
        "purpose": occasion.batch,
        "company": occasion.company,
        "day": f"{occasion.day:%Y-%m-%d}",
        "text": column.text,
    }[column.field]
    return defused(text)


def _amount(amount: Decimal, layout: Layout, occasion: Occasion) -> str:
    if layout.amounts == "minor":
        return str(to_minor(amount, occasion.currency))
    return f"{amount:.{minor_digits(occasion.currency)}f}"


def _summary(text: str, layout: Layout, occasion: Occasion) -> str:
    values = {
        "count": str(occasion.count),
        "total": _amount(occasion.total, layout, occasion),
        "batch": occasion.batch,
        "company": occasion.company,
        "day": f"{occasion.day:%Y-%m-%d}",
    }
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), text) + ENDS[layout.line_end]


def _encoded(text: str, layout: Layout, *, line: str, payee: str) -> bytes:
    encoding = "utf-8" if layout.encoding == "utf-8-sig" else layout.encoding
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        lacking = "".join(dict.fromkeys(sign for sign in text if not _fits(sign, encoding)))
        raise Invalid(
            f"{layout.encoding} cannot write {lacking}", code="not_in_encoding", line=line, payee=payee,
            characters=lacking, encoding=layout.encoding,
        ) from error  # fmt: skip


def _fits(sign: str, encoding: str) -> bool:
    try:
        sign.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
