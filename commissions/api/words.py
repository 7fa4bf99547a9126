"""Explanations in the caller's language."""

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext

from commissions.engine.explain import PlainWords


class CallersWords(PlainWords):
    """Django's catalogue and date formats; numbers as everywhere."""

    def gettext(self, message: str) -> str:
        return gettext(message)

    def day(self, on: date) -> str:
        return date_format(on, "DATE_FORMAT")

    def month(self, year: int, month: int) -> str:
        return date_format(date(year, month, 1), "YEAR_MONTH_FORMAT")
