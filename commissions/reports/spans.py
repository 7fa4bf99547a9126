"""Spans of months by name, so that a saved view of last month means last month whenever it is opened."""

from datetime import date, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

OWN = "own"
SPANS: tuple[tuple[str, str | Promise], ...] = (
    ("this_month", _("This month")),
    ("last_month", _("Last month")),
    ("this_quarter", _("This quarter")),
    ("last_quarter", _("Last quarter")),
    ("this_year", _("This year")),
    ("last_year", _("Last year")),
    ("all", _("All time")),
    (OWN, _("Months of your choice")),
)


def span_named(name: str, today: date) -> tuple[date | None, date | None]:
    """Return the first and last day of a named span; (None, None) for all time.

    Raises: KeyError for a name that needs months beside it, or is none.
    """
    if name == "all":
        return None, None
    months = {"month": 1, "quarter": 3, "year": 12}[name.partition("_")[2]]
    first = date(today.year, (today.month - 1) // months * months + 1, 1)
    if name.startswith("last_"):
        first = month_after(first, -months)
    return first, last_day(first, months)


def month_after(month: date, many: int) -> date:
    """Return the first day of the month so many months later."""
    place = month.year * 12 + month.month - 1 + many
    return date(place // 12, place % 12 + 1, 1)


def last_day(month: date, many: int = 1) -> date:
    """Return the last day of so many months that begin with `month`."""
    return month_after(month, many) - timedelta(days=1)
