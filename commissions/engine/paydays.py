"""A company's payout calendar: which day a month's payout falls on, and up to when it gathers. Pure.

A working day is a weekday that is no holiday, or a weekend day that was swapped for one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)
# no calendar closes a company for so long; what does is a mistake in the list
_LONGEST_BREAK = 60


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days that are another than their weekday says: closed though a weekday, worked though at a weekend."""

    closed: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        if day in self.worked:
            return True
        return day not in self.closed and day.weekday() < 5

    def next_working(self, day: date) -> date:
        """Return the day itself, or the first working day after it."""
        for ahead in range(_LONGEST_BREAK):
            found = day + ahead * _DAY
            if self.works(found):
                return found
        return day


@dataclass(frozen=True, slots=True)
class PaydayRule:
    """When a company pays: the day of the month and the time, moved to a working day or not.

    `cutoff_day`: payables are gathered up to the end of that day of the month, the month's last where it is shorter;
    None: up to the payout itself.
    """

    zone: ZoneInfo
    day: int
    at: time
    cutoff_day: int | None = None
    working_days_only: bool = False
    calendar: Calendar = Calendar()


@dataclass(frozen=True, slots=True)
class Payday:
    """One month's payout: the month it is of, when it is made, up to when it gathers."""

    month: date
    pays_at: datetime
    cutoff_at: datetime


def payday(rule: PaydayRule, month: date) -> Payday:
    """Return the payout of a month (any day of it)."""
    day = month.replace(day=rule.day)
    if rule.working_days_only:
        day = rule.calendar.next_working(day)
    pays_at = datetime.combine(day, rule.at, tzinfo=rule.zone)
    return Payday(month.replace(day=1), pays_at, _cutoff(rule, pays_at))


def latest_payday(rule: PaydayRule, now: datetime) -> Payday:
    """Return the latest payout at or before `now`; one that was moved into the next month is still its own month's."""
    month = now.astimezone(rule.zone).date().replace(day=1)
    while (found := payday(rule, month)).pays_at > now:
        month = _month_before(month)
    return found


def next_payday(rule: PaydayRule, now: datetime) -> Payday:
    """Return the first payout after `now`."""
    month = _month_before(now.astimezone(rule.zone).date().replace(day=1))
    month = _month_before(month)
    while (found := payday(rule, month)).pays_at <= now:
        month = _month_after(month)
    return found


def _cutoff(rule: PaydayRule, pays_at: datetime) -> datetime:
    """Return the last instant of the latest cut-off day that is over when the payout is made."""
    if rule.cutoff_day is None:
        return pays_at
    month = pays_at.date().replace(day=1)
    while (end := _end_of(rule, month)) > pays_at:
        month = _month_before(month)
    return end - _TICK


def _end_of(rule: PaydayRule, month: date) -> datetime:
    last = _month_after(month) - _DAY
    day = min(month + (rule.cutoff_day or 1) * _DAY - _DAY, last)
    return datetime.combine(day + _DAY, time(), tzinfo=rule.zone)


def _month_before(month: date) -> date:
    return (month - _DAY).replace(day=1)


def _month_after(month: date) -> date:
    return (month + 31 * _DAY).replace(day=1)


def calendar(days: Iterable[tuple[date, bool, bool]]) -> Calendar:
    """Return the calendar of (day, works, own): what a company says itself goes before what holds for all."""
    said = {day: works for day, works, _own in sorted(days, key=lambda one: one[2])}
    return Calendar(
        closed=frozenset(day for day, works in said.items() if not works),
        worked=frozenset(day for day, works in said.items() if works),
    )
