"""Days and times as people write them in chats: 明天下午3点, 周六15:30, 3月5日, tomorrow 3pm. Pure; knows no Django."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
NUMBER = r"(?:\d{1,2}|[一二两三四五六七八九]?十[一二三四五六七八九]?|[零一二两三四五六七八九])"
_WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
_ENGLISH_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
# A viewing at 3 is in the afternoon unless somebody says otherwise.
_EARLIEST_BARE_HOUR = 8


@dataclass(frozen=True, slots=True)
class Found:
    """Something understood, and where it stood."""

    start: int
    end: int
    value: Any


def number(text: str) -> int:
    """Return what a number of one or two digits says, in figures or in Chinese."""
    if text.isdigit():
        return int(text)
    if "十" in text:
        tens, _, ones = text.partition("十")
        return _DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0)
    return _DIGITS[text]


def _month_day(today: date, month: int, day: int) -> date | None:
    for year in (today.year, today.year + 1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return None


def _day_of_month(today: date, day: int) -> date | None:
    year, month = today.year, today.month
    for _ in range(12):
        try:
            found = date(year, month, day)
        except ValueError:
            found = today - timedelta(days=1)
        if found >= today:
            return found
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return None


def _weekday(today: date, weekday: int, weeks: int | None) -> date:
    if weeks is None:
        return today + timedelta(days=(weekday - today.weekday()) % 7)
    return today + timedelta(days=weekday - today.weekday() + 7 * weeks)


def _slashed(m: re.Match[str], today: date) -> date | None:
    first, second = int(m["a"]), int(m["b"])
    return _month_day(today, second, first) if first > 12 else _month_day(today, first, second)


def _iso(m: re.Match[str], today: date) -> date | None:
    try:
        return date(int(m["year"]), int(m["a"]), int(m["b"]))
    except ValueError:
        return None


_RELATIVE = {"今": 0, "明": 1, "后": 2, "大后": 3}
_ENGLISH_RELATIVE = {"today": 0, "tonight": 0, "tomorrow": 1, "tmr": 1, "tmrw": 1, "day after tomorrow": 2}
_Reader = Callable[[re.Match[str], date], date | None]
_DAYS: tuple[tuple[re.Pattern[str], _Reader], ...] = tuple(
    (re.compile(pattern, re.I), read)
    for pattern, read in (
        (r"(?<!\d)(?P<year>20\d\d)\s*[年/.\-]\s*(?P<a>\d{1,2})\s*[月/.\-]\s*(?P<b>\d{1,2})(?:\s*[日号]|(?!\d))", _iso),
        (
            rf"(?<![\d十])(?P<a>{NUMBER})\s*月\s*(?P<b>{NUMBER})\s*[日号]?",
            lambda m, today: _month_day(today, number(m["a"]), number(m["b"])),
        ),
        (r"(?<![\d/.\-:])(?P<a>\d{1,2})[/\-](?P<b>\d{1,2})[日号]?(?=$|[\s,(\ue000]|上|下|早|晚|中)", _slashed),
        (
            r"(?<![\d/.\-:])(?P<a>\d{1,2})\.(?P<b>\d{1,2})(?:[日号]|(?=\s*(?:上午|下午|早|晚|中午)|\s+\d{1,2}[:点]))",
            _slashed,
        ),
        (
            r"(?<![天之以])(?P<word>大后|今|明|后)(?:天|日|儿|(?=早|晚|上午|下午|中午|\d{1,2}[:点]))",
            lambda m, today: today + timedelta(days=_RELATIVE[m["word"]]),
        ),
        (
            rf"(?P<n>{NUMBER})\s*天(?:之?后|以后)",
            lambda m, today: today + timedelta(days=number(m["n"])),
        ),
        (
            r"(?P<week>下下个?|下个?|这个?|本)?(?:周|星期|礼拜)(?P<day>[一二三四五六日天])",
            lambda m, today: _weekday(today, _WEEKDAYS[m["day"]], None if not m["week"] else m["week"].count("下")),
        ),
        (
            rf"(?<![\d月十])(?P<n>{NUMBER})\s*[号日](?![码楼栋院])",
            lambda m, today: _day_of_month(today, number(m["n"])),
        ),
        (
            r"\b(?P<word>day after tomorrow|today|tonight|tomorrow|tmrw|tmr)\b",
            lambda m, today: today + timedelta(days=_ENGLISH_RELATIVE[m["word"].lower()]),
        ),
        (
            rf"\b(?P<n>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?![a-z])",
            lambda m, today: _month_day(today, _MONTHS.index(m["month"].lower()) + 1, int(m["n"])),
        ),
        (
            rf"\b{_MONTH}\s+(?P<n>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*[:.]\d|\s*[ap]m)",
            lambda m, today: _month_day(today, _MONTHS.index(m["month"].lower()) + 1, int(m["n"])),
        ),
        (
            r"\b(?:(?P<next>next)|this|on|coming)?\s*(?P<day>mon|tue|wed|thu|fri|sat|sun)"
            r"(?:day|sday|nesday|rsday|urday|s|rs|r|nes|ur)?\b",
            lambda m, today: _weekday(today, _ENGLISH_DAYS.index(m["day"].lower()), 1 if m["next"] else None),
        ),
        (r"\bin\s+(?P<n>\d{1,2})\s+days?\b", lambda m, today: today + timedelta(days=int(m["n"]))),
    )
)
_PART = r"(?P<part>凌晨|清晨|早上|早晨|上午|中午|下午|午后|傍晚|晚上|早|晚)?"
_MINUTE = rf"(?P<minute>半|一刻|三刻|[0-5]\d(?!\d)|{NUMBER}(?=分))?"
_TIMES = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"{_PART}\s*(?<!\d)(?P<hour>\d{{1,2}})\s*:\s*(?P<minute>[0-5]\d)(?::[0-5]\d)?\s*(?P<half>[ap]\.?m\b\.?)?",
        rf"{_PART}\s*(?<![\d.])(?P<hour>{NUMBER})(?:\s*[\-~至到、]\s*{NUMBER})?\s*[点时](?!间|候)(?:钟)?{_MINUTE}分?",
        r"(?P<part>x^)?(?<![\d.:])(?P<hour>\d{1,2})(?:[:.](?P<minute>[0-5]\d))?\s*(?P<half>[ap]\.?m\b\.?)",
        r"(?P<part>x^)?\bat\s+(?P<hour>\d{1,2})(?P<minute>x^)?(?P<half>x^)?(?=$|[\s,;\ue000])",
        r"(?P<part>上午|中午|下午|晚上)\s*(?P<hour>\d{1,2})(?P<minute>x^)?(?=$|[\s,;\ue000])",
    )
)
_RANGE = re.compile(r"\s*(?:-|~|至|到|to)\s*(?:\d{1,2}[:点](?:[0-5]\d|半)?|\d{1,2}\s*[ap]m)", re.I)
_AROUND = re.compile(r"\s*(?:左右|前后|之?前|以?后|许|o'?clock)", re.I)
_BETWEEN = re.compile(
    r"[\s,的(]*(?:(?:周|星期|礼拜)[一二三四五六日天]\s*)?[\s,)的]*(?:at|around|about|@|大概|大约|约)?\s*", re.I
)
_BEFORE = re.compile(r"[\s,]*(?:on\s+)?", re.I)


def _clock_time(m: re.Match[str]) -> tuple[int, int] | None:
    """Return (hour, minute); hour 24 is the midnight that ends the day."""
    names = m.groupdict()
    part, half = names.get("part") or "", (names.get("half") or "").lower()
    hour = number(m["hour"])
    minute = _minute(names.get("minute") or "")
    if hour > 24 or (hour == 24 and minute):
        return None
    if half:
        return (hour % 12 + (12 if half.startswith("p") else 0), minute) if 1 <= hour <= 12 else None
    if part in ("下午", "午后", "傍晚", "晚上", "晚"):
        hour = 24 if hour == 12 and "晚" in part else hour + 12 if hour < 12 else hour
    elif part == "中午":
        hour += 12 if hour < 4 else 0
    elif not part and 0 < hour < _EARLIEST_BARE_HOUR and not m["hour"].startswith("0"):
        hour += 12
    return hour, minute


_MINUTES = {"": 0, "半": 30, "一刻": 15, "三刻": 45}


def _minute(text: str) -> int:
    return _MINUTES[text] if text in _MINUTES else number(text)


def _days_in(text: str, today: date) -> Iterator[Found]:
    for pattern, read in _DAYS:
        for m in pattern.finditer(text):
            day = read(m, today)
            if day is not None:
                yield Found(m.start(), m.end(), day)


def _times_in(text: str, days: list[Found]) -> Iterator[Found]:
    for pattern in _TIMES:
        for m in pattern.finditer(text):
            told = _clock_time(m)
            if told is None or any(day.start < m.end() and m.start() < day.end for day in days):
                continue
            end = m.end()
            for more in (_RANGE, _AROUND):
                if following := more.match(text, end):
                    end = following.end()
            yield Found(m.start(), end, told)


def find_arrival(text: str, *, now: datetime, zone: tzinfo) -> tuple[datetime, list[tuple[int, int]]] | None:
    """Return the first time in `text` with its day, and where both stand; None where no hour is said.

    A time without a day is the next such time. Units: an instant in `zone`.
    """
    local = now.astimezone(zone)
    days = _first_of_each_place(_days_in(text, local.date()))
    times = _first_of_each_place(_times_in(text, days))
    if not times:
        return None
    told = times[0]
    hour, minute = told.value
    day = _day_for(text, told, days)
    on = day.value if day else local.date()
    at = datetime.combine(on, time(hour % 24, minute), tzinfo=zone) + timedelta(days=hour // 24)
    if day is None and at <= local:
        at += timedelta(days=1)
    elif day is not None and at <= local and _repeats(text[day.start : day.end]):
        at += timedelta(days=7)
    return at, _spans(text, told, day)


def _first_of_each_place(found: Iterator[Found]) -> list[Found]:
    kept: list[Found] = []
    for one in found:
        if not any(other.start < one.end and one.start < other.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)


def _day_for(text: str, told: Found, days: list[Found]) -> Found | None:
    return next((day for day in days if _adjoin(text, told, day)), days[0] if days else None)


def _spans(text: str, told: Found, day: Found | None) -> list[tuple[int, int]]:
    """Where time and day stand: as one piece, with what is between, where they belong together."""
    if day is None:
        return [(told.start, told.end)]
    if _adjoin(text, told, day):
        return [(min(told.start, day.start), max(told.end, day.end))]
    return [(told.start, told.end), (day.start, day.end)]


def _adjoin(text: str, told: Found, day: Found) -> bool:
    first, second, between = (day, told, _BETWEEN) if day.start < told.start else (told, day, _BEFORE)
    gap = between.match(text, first.end)
    return gap is not None and gap.end() >= second.start


_ANY_WEEK = re.compile(r"(?:周|星期|礼拜).|(?:on\s+|coming\s+)?(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*", re.I)


def _repeats(words: str) -> bool:
    """Whether the words name a weekday of no particular week."""
    return _ANY_WEEK.fullmatch(words.strip()) is not None
