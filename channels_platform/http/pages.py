"""Keyset pages: the next page begins after a row's place in the order, so its cost does not grow with depth."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, F, Field, Func, Model, Q, QuerySet, Value
from django.db.models.lookups import GreaterThan, LessThan
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from channels_platform.http.problems import Problem

PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
# binascii.Error, JSONDecodeError and UnicodeError are ValueErrors
_NOT_A_CURSOR = (ValueError, TypeError, OverflowError, RecursionError, ValidationError)


@dataclass(frozen=True, slots=True)
class Page:
    """A page's rows, and the addresses of its neighbours."""

    rows: list[Any]
    next: str | None
    previous: str | None

    def with_rows(self, rows: list[Any]) -> dict[str, Any]:
        return {"results": rows, "next": self.next, "previous": self.previous}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where to go on: behind (or before) a row with these values."""

    backwards: bool
    values: tuple[Any, ...]


def page_of(queryset: QuerySet[Any], request: Request, *, orderings: Sequence[str], parts: Sequence[Q] = ()) -> Page:
    """Return the page of `queryset` that the request asks for.

    `orderings` are the orders allowed, the first by default, each "field" or "-field"; ties go by id in the
    same direction, which an index must follow. `parts` narrow it to rows that fulfil one of them, and no row two:
    where no index follows them together, each has its own.
    Raises: Problem `bad_page_size`, `bad_ordering`, `bad_cursor`.
    """
    size = page_size(request)
    ordering = request.query_params.get("ordering", orderings[0])
    if ordering not in orderings:
        raise Problem(400, "bad_ordering", _("This list cannot be ordered so."))
    descending = ordering.startswith("-")
    names = tuple(dict.fromkeys((ordering.lstrip("-"), "pk")))
    place = _read_cursor(request.query_params.get("cursor"), queryset.model, names, ordering)
    backwards = place is not None and place.backwards
    if place is not None:
        queryset = queryset.filter(_beyond(queryset.model, names, place.values, lower=descending != backwards))
    marks = "-" if descending != backwards else ""
    order = [f"{marks}{name}" for name in names]
    if parts:
        queryset = queryset.filter(pk__in=_first_of(queryset, parts, names, order, size + 1))
    rows = list(queryset.order_by(*order)[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    has_next, has_previous = (True, more) if backwards else (more, place is not None)
    return Page(
        rows=rows,
        next=_address(request, ordering, names, rows[-1], backwards=False) if rows and has_next else None,
        previous=_address(request, ordering, names, rows[0], backwards=True) if rows and has_previous else None,
    )


def _first_of(
    queryset: QuerySet[Any], parts: Sequence[Q], names: Sequence[str], order: Sequence[str], most: int
) -> list[Any]:
    """Return the ids of the first rows of all parts together: each part gives its first, and they are merged."""
    first, *others = (queryset.filter(part).order_by(*order).values_list(*names)[:most] for part in parts)
    return [row[-1] for row in first.union(*others, all=True).order_by(*order)[:most]]


def page_size(request: Request) -> int:
    """Return how many rows a page is to have.

    Raises: Problem `bad_page_size`.
    """
    asked = request.query_params.get("page_size")
    if asked is None:
        return PAGE_SIZE
    if not (asked.isascii() and asked.isdigit() and len(asked) < 10 and int(asked) >= 1):
        raise Problem(400, "bad_page_size", _("A page has 1 to 200 rows."))
    return min(int(asked), MAX_PAGE_SIZE)


def address_from(request: Request, place: str) -> str:
    """Return the address of the same list from a place on, which its cursor names."""
    cursor = base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")
    return str(replace_query_param(request.build_absolute_uri(), "cursor", cursor))


def place_of(cursor: str) -> str:
    """Return the place a cursor names.

    Raises: ValueError.
    """
    return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()


def no_cursor() -> Problem:
    """Return the answer to a cursor that names no place of the list."""
    return Problem(400, "bad_cursor", _("This cursor is not of this list."))


def _beyond(model: type[Model], names: tuple[str, ...], values: tuple[Any, ...], *, lower: bool) -> Any:
    """Return the row comparison `(a, b) < (x, y)`, which one index scan answers."""
    here = Func(*(F(name) for name in names), function="ROW", output_field=BooleanField())
    there = Func(
        *(Value(value, output_field=_field(model, name)) for name, value in zip(names, values, strict=True)),
        function="ROW",
        output_field=BooleanField(),
    )
    return LessThan(here, there) if lower else GreaterThan(here, there)


def _field(model: type[Model], name: str) -> Field:
    return model._meta.pk if name == "pk" else model._meta.get_field(name)  # type: ignore[return-value]


def _address(request: Request, ordering: str, names: tuple[str, ...], row: Any, *, backwards: bool) -> str:
    values = [getattr(row, name) for name in names]
    texts = [value.isoformat() if hasattr(value, "isoformat") else str(value) for value in values]
    raw = json.dumps(["b" if backwards else "f", ordering, *texts], separators=(",", ":"))
    return address_from(request, raw)


def _read_cursor(cursor: str | None, model: type[Model], names: tuple[str, ...], ordering: str) -> _Place | None:
    if not cursor:
        return None
    try:
        direction, made_for, *texts = json.loads(place_of(cursor))
        if direction not in ("f", "b") or made_for != ordering or len(texts) != len(names):
            raise ValueError("not a cursor of this list")
        values = tuple(_value(_field(model, name), text) for name, text in zip(names, texts, strict=True))
    except _NOT_A_CURSOR as fault:
        raise no_cursor() from fault
    return _Place(direction == "b", values)


def _value(field: Field, text: Any) -> Any:
    if not isinstance(text, str) or len(text) > 200 or "\x00" in text:
        raise ValueError("no value of ours")
    if field.get_internal_type() == "DateTimeField":
        instant = parse_datetime(text)
        if instant is None or instant.tzinfo is None or not 1900 < instant.year < 3000:
            raise ValueError("no instant")
        return instant
    if field.get_internal_type() == "BigAutoField" and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError("no id")
    text.encode()
    return field.to_python(text)
