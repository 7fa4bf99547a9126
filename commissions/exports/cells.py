"""Columns of an export, and text made safe: what a person typed never becomes a formula."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

# Excel starts a formula at these; in East Asian settings also at their full-width forms. Blanks before are ignored.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BLANKS = " \u00a0\u3000"


class CellKind(Enum):
    TEXT = "text"
    MONEY = "money"
    DAY = "day"


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


def starts_formula(text: str) -> bool:
    """Whether a spreadsheet might read the text as a formula."""
    return text.lstrip(_BLANKS).startswith(_STARTS)


def defused(text: str) -> str:
    """Return the text as CSV may hold it: an apostrophe before what would start a formula."""
    return f"'{text}" if starts_formula(text) else text
