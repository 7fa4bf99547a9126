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
