"""Explanations in the reader's language: the engine's sentences, written with the active translation.

Exports write a hundred thousand of them, so figures are formatted plainly (both languages group by comma) and what
repeats is remembered.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from babel.dates import format_date
from django.utils.translation import gettext, gettext_noop

from channels_platform.lib.money import exact_text
from channels_platform.presentation import formats
from commissions.engine import explain

_PAYOUT = gettext_noop("paid out in batch {number}")
_REPAYMENT = gettext_noop("repaid by the payee")
_WRITE_OFF = gettext_noop("given up by the company")


class ReaderWords:
    """The way of writing of the language that is active when this is made; it remembers what repeats."""

    def __init__(self) -> None:
        self._chinese = formats.is_chinese()
        self._sentences: dict[str, str] = {}

    def gettext(self, message: str) -> str:
        found = self._sentences.get(message)
        if found is None:
            found = self._sentences[message] = gettext(message)
        return found

    def money(self, amount: Decimal) -> str:
        return f"{amount:,f}"

    def number(self, value: Fraction) -> str:
        return exact_text(value)

    def percent(self, fraction: Fraction) -> str:
        return _percent(fraction, chinese=self._chinese)

    def day(self, on: date) -> str:
        return _day(on, chinese=self._chinese)

    def month(self, year: int, month: int) -> str:
        return _month(year, month, chinese=self._chinese)


def explain_row(explanation: Mapping[str, Any], words: ReaderWords | None = None) -> str:
    """Return why a commission line or ledger entry is what it is, in one line; '' where nothing is recorded.

    `words`: for many rows of one reader.
    """
    if "payout" in explanation:
        return gettext(_PAYOUT).format(number=explanation["payout"])
    if "repayment" in explanation:
        return gettext(_REPAYMENT)
    if "write_off" in explanation:
        return gettext(_WRITE_OFF)
    return explain.render(explanation, words or ReaderWords()) if explanation else ""


def explain_waiting(explanation: Mapping[str, Any]) -> list[str]:
    """Return what is still to be released, and when, a sentence each."""
    return explain.waits(explanation, ReaderWords()) if explanation else []


def component(kind: str) -> str:
    """Return a line's component as people say it: commission, or a bonus by its name."""
    if kind.startswith("bonus:"):
        return gettext("Bonus: %(name)s") % {"name": kind.removeprefix("bonus:")}
    named = {
        "commission": gettext("Commission"),
        "repayment": gettext("Repayment"),
        "write_off": gettext("Write-off"),
    }
    return named.get(kind, kind)


@lru_cache(maxsize=2048)
def _percent(fraction: Fraction, *, chinese: bool) -> str:
    return formats.percent(fraction)


@lru_cache(maxsize=4096)
def _day(on: date, *, chinese: bool) -> str:
    return format_date(on, "y年M月d日" if chinese else "d MMMM y", locale=formats.locale())


@lru_cache(maxsize=1024)
def _month(year: int, month: int, *, chinese: bool) -> str:
    return format_date(date(year, month, 1), "y年M月" if chinese else "MMMM y", locale=formats.locale())
