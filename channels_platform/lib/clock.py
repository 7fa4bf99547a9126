"""The only clock. Everything else asks `now()`; replay, demo and tests move it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from zoneinfo import available_timezones

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
