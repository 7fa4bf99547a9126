"""The only clock. Everything else asks `now()`; replay, demo and tests move it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from zoneinfo import available_timezones

_WRITTEN = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?", re.ASCII)
_fixed: ContextVar[datetime | None] = ContextVar("clock_fixed", default=None)


def now() -> datetime:
    """Return the current instant, aware, in UTC (or the instant set by `at`)."""
    return _fixed.get() or datetime.now(UTC)


def local_date(instant: datetime, zone: tzinfo) -> date:
    """Return the calendar date of `instant` in `zone`."""
    return instant.astimezone(zone).date()


@cache
def timezone_names() -> frozenset[str]:
    """Return the names of the time zones this machine knows, read from its files once."""
    return frozenset(available_timezones())


def read_local(text: str) -> datetime:
    """Read a day, with or without a time, as people and spreadsheets write it: 2026-3-1, 2026/03/01 14:30.

    Shape:  naive; an ISO instant with an offset stays aware.
    Raises: ValueError.
    """
    text = text.strip().replace("：", ":")
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return datetime.fromisoformat(text)
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    return datetime(year, month, day, hour, minute, second)


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Let `now()` answer `instant` inside the block, in this context only.

    Raises: ValueError for a naive instant.
    """
    if instant.tzinfo is None:
        raise ValueError("a clock needs an aware instant")
    token = _fixed.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _fixed.reset(token)
