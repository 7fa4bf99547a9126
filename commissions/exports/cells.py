"""Columns of an export, and text made safe: what a person typed never becomes a formula."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from operator import itemgetter
from typing import Any

from channels_platform.lib.spreadsheets import defused, kept_text, starts_formula

__all__ = ["CellKind", "Column", "defused", "kept_text", "starts_formula"]


class CellKind(Enum):
    TEXT = "text"
    MONEY = "money"
    DAY = "day"
    NUMBER = "number"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading in the active language, what its cells hold, and how to take it from a row.

    `adds_up`: whether a total of it means something.
    """

    heading: str
    kind: CellKind
    width: int
    take: Callable[[tuple[Any, ...]], Any]
    adds_up: bool = False


def text_column(heading: str, width: int, place: int) -> Column:
    """Return a column of a row's text at `place`."""
    return Column(heading, CellKind.TEXT, width, itemgetter(place))


def money_column(heading: str, place: int, *, adds_up: bool = False) -> Column:
    """Return a column of a row's amount at `place`."""
    return Column(heading, CellKind.MONEY, 15, itemgetter(place), adds_up)


# What XML cannot hold, or a spreadsheet reads as something else: markup, control characters, and text that looks like
# the escape for these.
_SPECIAL = re.compile("[&<>\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)")
_MARKUP = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
LONGEST = 32_767


def xml_text(text: str) -> str:
    """Return the text as a worksheet's XML holds it, cut to what a cell takes."""
    text = text[:LONGEST]
    return _SPECIAL.sub(_escaped, text) if _SPECIAL.search(text) else text


def _escaped(found: re.Match[str]) -> str:
    sign = found.group()
    return _MARKUP.get(sign) or f"_x{ord(sign):04X}_"
