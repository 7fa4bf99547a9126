import threading
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from channels_platform.lib import clock

MOMENT = datetime(2026, 3, 1, 23, 30, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_now_is_the_present_in_utc():
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)  # noqa: TID251 - checks the clock itself
    assert clock.now().tzinfo is UTC


def test_the_clock_is_moved_inside_the_block_only():
    with clock.at(MOMENT):
        assert clock.now() == MOMENT
        assert clock.now().tzinfo is UTC
        with clock.at(MOMENT + timedelta(days=1)):
            assert clock.now() == MOMENT + timedelta(days=1)
        assert clock.now() == MOMENT
    assert clock.now() != MOMENT


def test_the_clock_goes_on_after_an_error_inside_the_block():
    with pytest.raises(KeyError), clock.at(MOMENT):
        raise KeyError
    assert clock.now() != MOMENT


def test_another_thread_keeps_the_real_time():
    seen = []
    with clock.at(MOMENT):
        thread = threading.Thread(target=lambda: seen.append(clock.now()))
        thread.start()
        thread.join()
    assert seen[0] != MOMENT


def test_a_naive_instant_is_refused():
    with pytest.raises(ValueError, match="aware"), clock.at(MOMENT.replace(tzinfo=None)):
        pass


def test_a_local_date_goes_by_the_zone():
    assert clock.local_date(MOMENT, ZoneInfo("Asia/Shanghai")) == date(2026, 3, 1)
    assert clock.local_date(MOMENT, ZoneInfo("Asia/Tokyo")) == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-3-1", "2026-03-01T00:00:00"),
        ("2026/03/01 14:30", "2026-03-01T14:30:00"),
        (" 2026/3/1  9:05:07 ", "2026-03-01T09:05:07"),
        ("2026-3-1 14：30", "2026-03-01T14:30:00"),
        ("2026-03-01T14:30:00+08:00", "2026-03-01T14:30:00+08:00"),
    ],
)
def test_days_are_read_as_people_and_spreadsheets_write_them(text, expected):
    assert clock.read_local(text).isoformat() == expected


@pytest.mark.parametrize("text", ["", "2026-13-1", "1/3/2026", "2026-3-1 25:00", "soon"])
def test_what_is_no_day_is_refused(text):
    with pytest.raises(ValueError):
        clock.read_local(text)
