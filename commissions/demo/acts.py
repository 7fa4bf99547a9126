"""What happens in the history: dated acts, in the order they are played."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

OPENS, CLOSES = time(9, 30), time(18, 30)


@dataclass(frozen=True)
class Act:
    """One thing done at one instant; `what` names it, `about` its referral, deal or person."""

    at: datetime
    what: str
    project: str
    about: str
    facts: dict[str, Any] = field(default_factory=dict)


class Log:
    """Collects acts; those after the end of the history never happen."""

    def __init__(self, *, start: datetime, end: datetime) -> None:
        self.start, self.end = start, end
        self._acts: list[Act] = []

    def add(self, at: datetime, what: str, project: str, about: str, **facts: Any) -> bool:
        """Add an act; return whether it is within the history."""
        within = self.start <= at < self.end
        if within:
            self._acts.append(Act(at.astimezone(UTC), what, project, about, facts))
        return within

    def acts(self) -> list[Act]:
        """Return the acts by time; at one instant as written."""
        return sorted(self._acts, key=lambda act: act.at)


def moment(rng: Random, day: datetime, zone: ZoneInfo, *, first: int, last: int) -> datetime:
    """Return a random minute of the local day of `day`, from `first` to before `last` o'clock."""
    local = day.astimezone(zone)
    minute = rng.randrange(first * 60, last * 60)
    return datetime.combine(local.date(), time(minute // 60, minute % 60, rng.randrange(60)), tzinfo=zone)


def when_open(rng: Random, at: datetime, zone: ZoneInfo) -> datetime:
    """Return `at`, or a time of the next opening hours of the site where it is closed then."""
    local = at.astimezone(zone)
    if OPENS <= local.time() < CLOSES:
        return at
    day = local if local.time() < OPENS else local + timedelta(days=1)
    return moment(rng, day, zone, first=10, last=18)


def days_of(start: datetime, end: datetime) -> Iterable[datetime]:
    """Yield an instant in each day from start to end."""
    day = start
    while day <= end:
        yield day
        day += timedelta(days=1)
