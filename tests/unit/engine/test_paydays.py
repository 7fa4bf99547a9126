"""When a company pays: the day of the month moved to a working day, and up to when it gathers."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from commissions.engine.paydays import Calendar, PaydayRule, calendar, latest_payday, next_payday, payday

ZONE = ZoneInfo("Asia/Shanghai")
# The National Day holiday of 2026, and the Saturday worked in its place.
GOLDEN_WEEK = Calendar(
    closed=frozenset(date(2026, 10, day) for day in range(1, 8)), worked=frozenset({date(2026, 10, 10)})
)


def rule(day: int = 5, **fields) -> PaydayRule:
    return PaydayRule(**{"zone": ZONE, "day": day, "at": time(9), "working_days_only": True, **fields})


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("month", "day", "pays_on"),
    [
        (3, 5, "03-05"),  # a Thursday
        (4, 5, "04-06"),  # a Sunday
        (8, 1, "08-03"),  # a Saturday
        (10, 1, "10-08"),  # over the holiday
        (10, 10, "10-10"),  # a Saturday that is worked
        (10, 11, "10-12"),
    ],
)
def test_a_payout_day_that_is_none_moves_to_the_next_working_day(month, day, pays_on):
    found = payday(rule(day, calendar=GOLDEN_WEEK), date(2026, month, 15))
    assert found.pays_at == at(f"{pays_on} 09:00")
    assert found.month == date(2026, month, 1)


def test_without_working_days_only_it_stays_where_it_is():
    assert payday(rule(working_days_only=False), date(2026, 4, 1)).pays_at == at("04-05 09:00")


def test_a_payout_moved_into_the_next_month_is_still_its_own_months():
    moved = rule(
        28, calendar=Calendar(closed=frozenset(date(2026, 9, day) for day in (28, 29, 30)) | GOLDEN_WEEK.closed)
    )
    assert latest_payday(moved, at("10-07 12:00")).month == date(2026, 8, 1)
    found = latest_payday(moved, at("10-08 09:00"))
    assert (found.month, found.pays_at) == (date(2026, 9, 1), at("10-08 09:00"))
    assert next_payday(moved, at("10-07 12:00")) == found
    assert next_payday(moved, at("10-08 09:00")).pays_at == at("10-28 09:00")


@pytest.mark.parametrize(
    ("cutoff_day", "cutoff"),
    [
        (None, "03-05 09:00"),
        (31, "02-28 23:59:59.999999"),
        (28, "02-28 23:59:59.999999"),
        (3, "03-03 23:59:59.999999"),
        (5, "02-05 23:59:59.999999"),  # the payout day itself is not over when it is made
    ],
)
def test_the_cutoff_is_the_end_of_the_latest_such_day_that_is_over(cutoff_day, cutoff):
    assert payday(rule(cutoff_day=cutoff_day), date(2026, 3, 1)).cutoff_at == at(cutoff)


def test_what_a_company_says_itself_goes_before_what_holds_for_all():
    day = date(2026, 10, 1)
    assert not calendar([(day, False, False)]).works(day)
    assert calendar([(day, True, True), (day, False, False)]).works(day)
    assert calendar([(day, False, False), (day, True, True)]).works(day)


def test_a_calendar_that_never_opens_leaves_the_day_alone():
    shut = Calendar(closed=frozenset(date.fromordinal(date(2026, 3, 1).toordinal() + n) for n in range(400)))
    assert payday(rule(calendar=shut), date(2026, 3, 1)).pays_at == at("03-05 09:00")
