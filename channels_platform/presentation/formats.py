"""Figures and times in the reader's language."""

from datetime import datetime, tzinfo
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_datetime
from babel.numbers import format_decimal, get_currency_precision
from django.utils.timezone import get_current_timezone
from django.utils.translation import get_language, gettext, ngettext

from channels_platform.lib import clock

NO_BREAK = "\u00a0"
# What is counted beside a list is counted so far, that it costs no more the longer the list.
MOST_COUNTED = 99
_CHINESE = Locale("zh", script="Hans", territory="CN")
_ENGLISH = Locale("en", "GB")


def locale() -> Locale:
    """Return Babel's locale for the active language; English where there is none."""
    language = get_language() or "en"
    if language.startswith("zh"):
        return _CHINESE
    if language.startswith("en"):
        return _ENGLISH
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return _ENGLISH


def is_chinese() -> bool:
    return locale().language == "zh"


def zone_of(zone: str | tzinfo | None) -> tzinfo:
    """Return the zone meant: by name, as given, or the current one."""
    if zone is None or zone == "":
        return get_current_timezone()
    return ZoneInfo(zone) if isinstance(zone, str) else zone


def money(amount: Decimal | int, currency: str = "CNY") -> str:
    """Return the amount with thousands separators and the currency's digits, without the currency."""
    digits = get_currency_precision(currency)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(amount, format=pattern, locale=locale(), decimal_quantization=True)


def fraction(value: Fraction | Decimal | int | str) -> str:
    """Return `1/2`, or `1` for a whole."""
    return str(Fraction(value))


def percent(value: Fraction | Decimal | int | str) -> str:
    """Return a rate as a percentage: exact to four digits after the point, no trailing zeros.

    Units:  0.062 gives 6.2 % (English, no-break space) or 6.2% (Chinese).
    """
    points = Fraction(value) * 100
    exact = Decimal(points.numerator) / Decimal(points.denominator)
    text = format_decimal(exact, format="#,##0.####", locale=locale())
    return text + ("%" if is_chinese() else NO_BREAK + "%")


def counted(number: int) -> str:
    """Return a count that ends at `MOST_COUNTED` and one: `99+`."""
    return f"{MOST_COUNTED}+" if number > MOST_COUNTED else str(number)


def instant(value: datetime, zone: str | tzinfo | None = None, *, year: bool | None = None) -> str:
    """Return an instant in a zone as people say it: `Tue 3 Mar 09:00`, `3月3日（周二）09:00`.

    The year is said when it is not the current one, or as `year` demands.
    """
    local = value.astimezone(zone_of(zone))
    if year is None:
        year = local.year != clock.now().astimezone(local.tzinfo).year
    if is_chinese():
        pattern = "y年M月d日（EEE）HH:mm" if year else "M月d日（EEE）HH:mm"
    else:
        pattern = "EEE d MMM y HH:mm" if year else "EEE d MMM HH:mm"
    return format_datetime(local, pattern, tzinfo=local.tzinfo, locale=locale())


def day(value: datetime, zone: str | tzinfo | None = None) -> str:
    """Return an instant's local date: `12 May`, `5月12日`, with the year when it is another one."""
    local = value.astimezone(zone_of(zone))
    year = local.year != clock.now().astimezone(local.tzinfo).year
    pattern = {
        (True, True): "y年M月d日", (True, False): "M月d日", (False, True): "d MMM y", (False, False): "d MMM",
    }[is_chinese(), year]  # fmt: skip
    return format_datetime(local, pattern, tzinfo=local.tzinfo, locale=locale())


def exact_instant(value: datetime, zone: str | tzinfo | None = None) -> str:
    """Return the instant to the second with its offset, for tooltips and support."""
    local = value.astimezone(zone_of(zone))
    offset = local.strftime("%z")
    return f"{local:%Y-%m-%d %H:%M:%S} UTC{offset[:3]}:{offset[3:5]}"


def relative(value: datetime, zone: str | tzinfo | None = None) -> str:
    """Return `2 hours ago` up to a day back, otherwise the instant."""
    minutes = int((clock.now() - value).total_seconds() // 60)
    if not 0 <= minutes < 24 * 60:
        return instant(value, zone)
    if minutes < 1:
        return gettext("just now")
    if minutes < 60:
        return ngettext("%(n)s minute ago", "%(n)s minutes ago", minutes) % {"n": minutes}
    hours = minutes // 60
    return ngettext("%(n)s hour ago", "%(n)s hours ago", hours) % {"n": hours}


def time_left(until: datetime) -> str:
    """Return what is left until an instant: `12 d 4 h left`, `4 h left`, `42 min left`."""
    seconds = (until - clock.now()).total_seconds()
    if seconds <= 0:
        return gettext("over")
    minutes = int(seconds // 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days and hour:
        return gettext("%(d)s d %(h)s h left") % {"d": days, "h": hour}
    if days:
        return gettext("%(d)s d left") % {"d": days}
    if hours and hours < 6 and minute:
        return gettext("%(h)s h %(m)s min left") % {"h": hours, "m": minute}
    if hours:
        return gettext("%(h)s h left") % {"h": hours}
    if minutes:
        return gettext("%(m)s min left") % {"m": minutes}
    return gettext("less than a minute left")


def urgency(until: datetime) -> str:
    """Return the tone of a countdown: `past`, `bad` within 6 h, `wait` within 3 days, else nothing."""
    seconds = (until - clock.now()).total_seconds()
    if seconds <= 0:
        return "past"
    if seconds <= 6 * 3600:
        return "bad"
    return "wait" if seconds <= 72 * 3600 else ""


def script_words() -> dict[str, str]:
    """Return the words that static/js/app.js needs to keep times alive, in the reader's language."""
    return {
        "over": gettext("over"),
        "days_hours": gettext("%(d)s d %(h)s h left") % {"d": "{d}", "h": "{h}"},
        "days": gettext("%(d)s d left") % {"d": "{d}"},
        "hours_minutes": gettext("%(h)s h %(m)s min left") % {"h": "{h}", "m": "{m}"},
        "hours": gettext("%(h)s h left") % {"h": "{h}"},
        "minutes": gettext("%(m)s min left") % {"m": "{m}"},
        "moment": gettext("less than a minute left"),
        "just_now": gettext("just now"),
        "minute_ago": ngettext("%(n)s minute ago", "%(n)s minutes ago", 1) % {"n": "{n}"},
        "minutes_ago": ngettext("%(n)s minute ago", "%(n)s minutes ago", 2) % {"n": "{n}"},
        "hour_ago": ngettext("%(n)s hour ago", "%(n)s hours ago", 1) % {"n": "{n}"},
        "hours_ago": ngettext("%(n)s hour ago", "%(n)s hours ago", 2) % {"n": "{n}"},
        "copied": gettext("Copied"),
        "kept_one": gettext("1 filing waits on this phone"),
        "kept_many": gettext("%(n)s filings wait on this phone") % {"n": "{n}"},
        "kept_changed": gettext("It had arrived before; what you changed since was not sent."),
        "kept_put_away": gettext("Put away"),
    }
