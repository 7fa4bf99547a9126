"""What a report is made of: fields of its rows, what they can be grouped by, and the query behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.utils.functional import Promise

Row = Mapping[str, Any]
Words = str | Promise


class Kind(StrEnum):
    TEXT = "text"
    COUNT = "count"
    MONEY = "money"
    DAY = "day"
    MONTH = "month"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class Field:
    """One column: the query's column it shows, and how.

    `code`: a number or code, never broken over two lines. `adds_up`: whether a total of it means something. `of`: for a
    rate, the columns it is the quotient of, in rows and in totals alike. `words`: its value as people read it. `link`:
    where its figure is taken apart.
    """

    name: str
    heading: Words
    kind: Kind = Kind.TEXT
    width: int = 16
    code: bool = False
    adds_up: bool = False
    of: tuple[str, str] | None = None
    words: Callable[[Any], str] | None = None
    link: Link | None = None


Link = Callable[[Row, "Asked"], str]


@dataclass(frozen=True, slots=True)
class Dim:
    """Something rows are grouped by: the columns it adds, and how one of its values narrows another report."""

    name: str
    label: Words
    select: tuple[tuple[str, str], ...]
    fields: tuple[Field, ...]
    narrows: Callable[[Row], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Report:
    """One report.

    `filters`: the names of what it can be narrowed by (`asked.WIDGETS`); `hidden`: the same, out of links only.
    `span`: the span it begins with; '' where months do not narrow it. `dims`: what its rows can be by, the first by
    itself; `depth`: by how many of them at once. `query` returns SQL whose rows have a `currency`; `order` names its
    columns. `whole_companies`: it shows only companies all of whose projects the reader sees, as batches do.
    """

    name: str
    title: Words
    about: Words
    icon: str
    filters: tuple[str, ...]
    query: Callable[[Asked], str]
    fields: Callable[[Asked], tuple[Field, ...]]
    order: Callable[[Asked], str]
    span: str = "this_year"
    hidden: tuple[str, ...] = ()
    dims: tuple[Dim, ...] = ()
    depth: int = 1
    choices: Mapping[str, tuple[tuple[str, Words], ...]] = field(default_factory=dict)
    whole_companies: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """What a person may read; None: all there is."""

    projects: tuple[UUID, ...] | None
    companies: tuple[UUID, ...] | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One reading of a report: what the address says, in whose scope, and the values of its query.

    `words` holds what differs from the defaults; `faults` says, by filter, what could not be read.
    """

    report: Report
    scope: Scope
    words: dict[str, str]
    values: dict[str, Any]
    dims: tuple[Dim, ...]
    span: str
    first: date | None
    last: date | None
    faults: dict[str, str]

    def span_words(self) -> dict[str, str]:
        """Return the span as words of an address, also where it is the default."""
        if not self.span:
            return {}
        return {"span": self.span} | {name: text for name, text in self.words.items() if name in ("from", "to")}
