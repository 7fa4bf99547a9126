"""Columns of an export, and text made safe: what a person typed never becomes a formula."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from channels_platform.lib.spreadsheets import defused, starts_formula

__all__ = ["CellKind", "Column", "defused", "starts_formula"]


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
