"""Text for spreadsheets: what a person typed becomes no formula, and in CSV no date or number either."""

import re
import unicodedata
from collections.abc import Sequence

# Excel reads a CSV as UTF-8 only where it begins with this mark.
BOM = "\ufeff"
# Excel starts a formula at these; in East Asian settings also at their full-width forms. Blanks before are ignored.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BLANKS = " \u00a0\u3000"

_LONGEST = 40
# A day or an instant as we write them: read as a date, it says what it said.
_OURS = re.compile(r"\d{4}-\d{2}(-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?)?")
_PARTS = re.compile(r"(\d{1,4})([-/.])(\d{1,4})(?:\2(\d{1,4}))?")
_MONTH = (
    "jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sep(t|tember)?|oct(ober)?|nov(ember)?"
    "|dec(ember)?"
)
# What loses a sign or turns into something else as it is opened: leading zeros, more than the fifteen digits that are
# kept, powers of ten, hours, broken numbers, days with the month in letters.
_OTHERS = re.compile(
    r"0\d+(\.\d*)?|\d{16,}|\d+(\.\d*)?e[-+]?\d+|\d{1,4}:\d{1,2}(:\d{1,2})?( ?[ap]m?)?|\d+ \d+/\d+|\d{1,2}月(\d{1,2}日)?"
    rf"|(\d{{1,4}}[-/ ]?)?({_MONTH})([-/ ]?\d{{1,4}}){{1,2}}|\d{{1,4}}[-/ ]?({_MONTH})",
    re.IGNORECASE,
)
# All that changes begins so: most texts need no second look.
_MAYBE = re.compile(rf"[{_BLANKS}]*[{re.escape(''.join(_STARTS))}]|\s*(\d|{_MONTH})", re.IGNORECASE)


def starts_formula(text: str) -> bool:
    """Whether a spreadsheet might read the text as a formula."""
    return text.lstrip(_BLANKS).startswith(_STARTS)


def defused(text: str) -> str:
    """Return the text as CSV may hold it: an apostrophe before what would start a formula."""
    return f"'{text}" if starts_formula(text) else text


def kept_text(text: str) -> str:
    """Return the text as CSV may hold it for people: an apostrophe before what would not stay the text that it is.

    That is a formula, and what a spreadsheet takes for a date or a number as it opens the file: a home's number 1/2.
    """
    return f"'{text}" if _changes(text.lstrip("'")) else text


def kept_texts(texts: Sequence[str]) -> Sequence[str]:
    """Return `kept_text` of each: what repeats in a column is looked at once."""
    changed = {text: kept for text in set(texts) if (kept := kept_text(text)) is not text}
    return [changed.get(text, text) for text in texts] if changed else texts


def read_back(cell: str) -> str:
    """Return what `kept_text` wrote."""
    return cell[1:] if cell.startswith("'") and _changes(cell.lstrip("'")) else cell


def _changes(text: str) -> bool:
    if not _MAYBE.match(text):
        return False
    if starts_formula(text):
        return True
    if len(text) > _LONGEST:
        return False
    plain = (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip()
    if _OURS.fullmatch(plain):
        return False
    parts = _PARTS.fullmatch(plain)
    if parts is not None:
        return _is_day(parts[1], parts[3], parts[4], parts[2])
    return _OTHERS.fullmatch(plain) is not None


def _is_day(first: str, second: str, third: str | None, between: str) -> bool:
    """Whether two or three numbers may be read as a day, in whichever order a country writes them."""
    if third is None:
        # 1.10 is a number, and loses its nought
        by_day = (_month(first) and _day(second)) or (_day(first) and _month(second))
        return bool(between == "." or by_day or (_month(first) and _year(second)) or (_year(first) and _month(second)))
    day_and_month = (_month(first) and _day(second)) or (_day(first) and _month(second))
    return bool((day_and_month and _year(third)) or (_year(first) and _month(second) and _day(third)))


def _month(part: str) -> bool:
    return len(part) < 3 and 1 <= int(part) <= 12


def _day(part: str) -> bool:
    return len(part) < 3 and 1 <= int(part) <= 31


def _year(part: str) -> bool:
    return len(part) < 3 or 1900 <= int(part) <= 9999
