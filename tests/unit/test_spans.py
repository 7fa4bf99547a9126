from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_platform.lib.spans import WindowEnd, holds, window_end

SHANGHAI, NEW_YORK, CAIRO = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York"), ZoneInfo("Africa/Cairo")


def _end(text, days, end, zone):
    ends_at = window_end(start=datetime.fromisoformat(text), days=days, end=end, zone=zone)
    return ends_at.astimezone(zone).isoformat()


def test_exact_window_is_whole_24_hours():
    assert _end("2026-03-01T11:00:00+08:00", 30, WindowEnd.EXACT, SHANGHAI) == "2026-03-31T11:00:00+08:00"


def test_exact_window_counts_hours_across_a_clock_change():
    # 7 March 12:00 EST + 24 h is 8 March 13:00 EDT.
    assert _end("2026-03-07T12:00:00-05:00", 1, WindowEnd.EXACT, NEW_YORK) == "2026-03-08T13:00:00-04:00"


def test_exact_window_counts_hours_when_its_start_carries_a_zone():
    start = datetime(2026, 3, 7, 12, tzinfo=NEW_YORK)
    ends_at = window_end(start=start, days=1, end=WindowEnd.EXACT, zone=NEW_YORK)
    assert ends_at.timestamp() - start.timestamp() == 24 * 3600


def test_end_of_day_is_the_midnight_after_the_last_date():
    assert _end("2026-03-01T11:00:00+08:00", 30, WindowEnd.END_OF_DAY, SHANGHAI) == "2026-04-01T00:00:00+08:00"


def test_end_of_day_of_a_start_at_midnight_gives_the_same_end_as_later_that_day():
    assert _end("2026-03-01T00:00:00+08:00", 1, WindowEnd.END_OF_DAY, SHANGHAI) == "2026-03-03T00:00:00+08:00"


def test_end_of_day_goes_by_the_local_date_of_the_start():
    # 16:30 UTC on the 1st is already the 2nd in Shanghai.
    assert _end("2026-03-01T16:30:00+00:00", 1, WindowEnd.END_OF_DAY, SHANGHAI) == "2026-03-04T00:00:00+08:00"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-07T12:00:00-05:00", "2026-03-09T00:00:00-04:00"),
        ("2026-10-31T12:00:00-04:00", "2026-11-02T00:00:00-05:00"),
    ],
)
def test_end_of_day_is_local_midnight_across_a_clock_change(start, end):
    assert _end(start, 1, WindowEnd.END_OF_DAY, NEW_YORK) == end


def test_end_of_day_where_midnight_is_skipped_is_the_first_instant_of_the_date():
    # In Cairo the clock goes from 00:00 to 01:00 on 24 April 2026.
    ends_at = window_end(
        start=datetime(2026, 4, 22, 9, tzinfo=CAIRO), days=1, end=WindowEnd.END_OF_DAY, zone=CAIRO
    ).astimezone(UTC)
    assert ends_at.astimezone(CAIRO).date().isoformat() == "2026-04-24"
    assert (ends_at - timedelta(microseconds=1)).astimezone(CAIRO).date().isoformat() == "2026-04-23"


def test_a_span_is_half_open():
    start, end = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
    tick = timedelta(microseconds=1)
    found = [holds(starts_at=start, ends_at=end, at=at) for at in (start - tick, start, end - tick, end)]
    assert found == [False, True, True, False]


@given(
    st.integers(946_684_800, 4_070_908_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.integers(1, 400),
    st.sampled_from([SHANGHAI, NEW_YORK, CAIRO, ZoneInfo("Australia/Lord_Howe")]),
)
def test_end_of_day_begins_the_date_after_the_window(start, days, zone):
    ends_at = window_end(start=start, days=days, end=WindowEnd.END_OF_DAY, zone=zone)
    last = start.astimezone(zone).date() + timedelta(days=days)
    assert (ends_at - timedelta(microseconds=1)).astimezone(zone).date() == last
    assert ends_at.astimezone(UTC).astimezone(zone).date() == last + timedelta(days=1)
