"""Half-open spans of time [starts_at, ends_at) and the windows policies make of days."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum


class WindowEnd(StrEnum):
    EXACT = "exact"
    END_OF_DAY = "end_of_day"


def window_end(*, start: datetime, days: int, end: WindowEnd, zone: tzinfo) -> datetime:
    """Return the instant at which a window of `days` from `start` is over.

    exact:      start + days x 24 h.
    end_of_day: the local midnight that begins date(start) + days + 1.
    Source:     domain 4.1.
    """
    if end == WindowEnd.EXACT:
        # In UTC: in a zone of its own, Python would add days of the wall clock.
        return (start.astimezone(UTC) + timedelta(hours=24 * days)).astimezone(start.tzinfo)
    last = start.astimezone(zone).date() + timedelta(days=days + 1)
    return datetime.combine(last, time.min, tzinfo=zone).astimezone(start.tzinfo)


def holds(*, starts_at: datetime, ends_at: datetime, at: datetime) -> bool:
    """Whether the half-open span covers the instant."""
    return starts_at <= at < ends_at


def day_span(first: date, last: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the local midnights that begin the first day and end the last."""
    end = last + timedelta(days=1)
    return datetime.combine(first, time.min, tzinfo=zone), datetime.combine(end, time.min, tzinfo=zone)
