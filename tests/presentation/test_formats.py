"""Figures and times as people read them, in both languages."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.utils import translation

from channels_platform.lib import clock
from channels_platform.presentation import formats

NOON = datetime(2026, 3, 3, 4, 0, tzinfo=UTC)  # Tuesday, 12:00 in Shanghai
SHANGHAI = "Asia/Shanghai"


@pytest.fixture(autouse=True)
def _noon():
    with clock.at(NOON), translation.override("en"):
        yield


def test_instant_in_english_and_chinese():
    at = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
    assert formats.instant(at, SHANGHAI) == "Tue 3 Mar 09:00"
    with translation.override("zh-hans"):
        assert formats.instant(at, SHANGHAI) == "3月3日（周二）09:00"


def test_another_year_is_said():
    at = datetime(2025, 12, 31, 16, 30, tzinfo=UTC)  # already 2026 in Shanghai
    assert formats.instant(at, SHANGHAI) == "Thu 1 Jan 00:30"
    assert formats.instant(at, "UTC") == "Wed 31 Dec 2025 16:30"
    with translation.override("zh-hans"):
        assert formats.instant(at, "UTC") == "2025年12月31日（周三）16:30"


def test_day_in_the_projects_zone():
    at = datetime(2026, 5, 11, 16, 0, tzinfo=UTC)
    assert formats.day(at, SHANGHAI) == "12 May"
    with translation.override("zh-hans"):
        assert formats.day(at, SHANGHAI) == "5月12日"


def test_exact_instant_has_its_offset():
    assert formats.exact_instant(NOON, SHANGHAI) == "2026-03-03 12:00:00 UTC+08:00"


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(hours=24), "Mon 2 Mar 12:00"),
        (timedelta(minutes=-5), "Tue 3 Mar 12:05"),
    ],
)
def test_relative_up_to_a_day(ago, text):
    assert formats.relative(NOON - ago, SHANGHAI) == text


@pytest.mark.parametrize(
    ("left", "text", "tone"),
    [
        (timedelta(0), "over", "past"),
        (timedelta(seconds=1), "less than a minute left", "bad"),
        (timedelta(minutes=42), "42 min left", "bad"),
        (timedelta(hours=4), "4 h left", "bad"),
        (timedelta(hours=4, minutes=10), "4 h 10 min left", "bad"),
        (timedelta(hours=6, minutes=10), "6 h left", "wait"),
        (timedelta(days=1), "1 d left", "wait"),
        (timedelta(days=12, hours=4), "12 d 4 h left", ""),
    ],
)
def test_time_left_and_its_tone(left, text, tone):
    assert (formats.time_left(NOON + left), formats.urgency(NOON + left)) == (text, tone)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (Decimal("1284300.00"), "CNY", "1,284,300.00"),
        (Decimal("-3000"), "CNY", "-3,000.00"),
        (Decimal("0"), "CNY", "0.00"),
        (Decimal("1284300"), "JPY", "1,284,300"),
        (Decimal("12345678901234.56"), "CNY", "12,345,678,901,234.56"),
    ],
)
def test_money_has_separators_and_the_currencys_digits(amount, currency, text):
    assert formats.money(amount, currency) == text
    with translation.override("zh-hans"):
        assert formats.money(amount, currency) == text


@pytest.mark.parametrize(
    ("rate", "text"),
    [("0.062", "6.2"), ("0.45", "45"), ("1", "100"), ("0.00625", "0.625"), (Fraction(1, 3), "33.3333"), ("0", "0")],
)
def test_percent_is_exact_and_spaced_as_the_language_does(rate, text):
    assert formats.percent(rate) == f"{text}\u00a0%"
    with translation.override("zh-hans"):
        assert formats.percent(rate) == f"{text}%"


def test_fraction_is_said_as_such():
    assert [formats.fraction(Fraction(1, 2)), formats.fraction("1"), formats.fraction(Decimal("0.25"))] == [
        "1/2",
        "1",
        "1/4",
    ]


def test_scripts_get_the_same_words():
    words = formats.script_words()
    assert words["days_hours"] == "{d} d {h} h left"
    assert words["minutes_ago"] == "{n} minutes ago"
