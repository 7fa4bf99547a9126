"""Explanations in the reader's language: the engine's sentences, written with the active translation.

Exports write a hundred thousand of them, so figures are formatted plainly (both languages group by comma) and what
repeats is remembered.
"""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from babel.dates import format_date
from django.utils.translation import gettext, gettext_noop, ngettext

from channels_platform.lib.money import exact_text, from_minor, parse_decimal, parse_fraction
from channels_platform.presentation import formats
from commissions.engine import explain
from commissions.engine.next_units import Outlook
from commissions.engine.rerating import why_adjusted
from commissions.engine.tiers import Number
from commissions.engine.waiting import Mover, Wait
from commissions.engine.waiting_words import render_mover, render_wait
from commissions.models import StatementLine
from commissions.states import LineNature

_PAYOUT = gettext_noop("paid out in batch {number}")
_RETURNED = gettext_noop("returned by the bank, batch {number}")
_REPAYMENT = gettext_noop("repaid by the payee")
_WRITE_OFF = gettext_noop("given up by the company")
_ADJUSTMENT = gettext_noop("adjustment: {reason} (asked for by {asked_by}, approved by {approved_by})")
_ADVANCE = gettext_noop("advanced on what is still pending (asked for by {asked_by}, approved by {approved_by})")
_ADVANCE_FEE = gettext_noop("fee of advance {number}: {rate} of {amount}")
_SETTLED = gettext_noop("what is released settles what was advanced")
_BEYOND = gettext_noop("advanced beyond what is still pending: owed back")
_NUMBERED = {
    "adjustment": gettext_noop("Adjustment"),
    "advance": gettext_noop("Advance"),
    "advance_fee": gettext_noop("Fee of advance"),
}
_PRIZE = gettext_noop("contest “{name}”, {round}: place {place}, {figure}, prize of {prizes}")
_SHARED_PRIZE = gettext_noop(
    "contest “{name}”, {round}: places {place}-{last} shared, {figure}, 1/{sharing} of {prizes}"
)


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
    if "returned" in explanation:
        return gettext(_RETURNED).format(number=explanation["returned"])
    if "repayment" in explanation:
        return gettext(_REPAYMENT)
    if "write_off" in explanation:
        return gettext(_WRITE_OFF)
    if "contest" in explanation:
        return _prize(explanation, words or ReaderWords())
    if said := _by_hand(explanation, words):
        return said
    return explain.render(explanation, words or ReaderWords()) if explanation else ""


# No price is negative, and no text of the database holds a NUL.
_LEFT_OUT, _HOLE = Decimal(-1), "\0"


class _PriceLeftOut(ReaderWords):
    """Words with a hole where the price goes."""

    def money(self, amount: Decimal) -> str:
        return _HOLE if amount == _LEFT_OUT else super().money(amount)


class RowExplainer:
    """`explain_row` for a hundred thousand rows, in the language active now.

    Deals that lie alike on a plan differ in their price only: the rest is worded once for all of them.
    """

    def __init__(self) -> None:
        self._words = _PriceLeftOut()
        self._around = lru_cache(maxsize=4096)(self._worded)

    def __call__(self, facts: str, price: str | None) -> str:
        """Return the explanation whose JSON is `facts`, but for its `price`."""
        if price is None:
            return self._around(facts)[0]
        return self._words.money(Decimal(price)).join(self._around(facts))

    def _worded(self, facts: str) -> list[str]:
        explanation = json.loads(facts)
        if explanation:
            explanation["price"] = str(_LEFT_OUT)
        return explain_row(explanation, self._words).split(_HOLE)


def _by_hand(facts: Mapping[str, Any], words: ReaderWords | None) -> str:
    if "advance_settled" in facts:
        said = {"released": _SETTLED, "beyond": _BEYOND}[facts["advance_settled"]]
        return gettext(said)
    if "advance_fee" in facts:
        by = words or ReaderWords()
        rate = by.percent(Fraction(facts["rate"]))
        return gettext(_ADVANCE_FEE).format(number=facts["number"], rate=rate, amount=by.money(Decimal(facts["of"])))
    if "advance" in facts or "adjustment" in facts:
        return gettext(_ADVANCE if "advance" in facts else _ADJUSTMENT).format_map(facts)
    return ""


def explain_line(line: StatementLine, words: ReaderWords | None = None) -> str:
    """Return why a statement's line is what it is; of a deal rated anew, what changed and which deal did it."""
    words = words or ReaderWords()
    if line.nature == LineNature.ADJUSTED and line.before:
        return why_adjusted(line.before, line.explanation, line.cause, words)
    return explain_row(line.explanation, words)


def _prize(facts: Mapping[str, Any], words: ReaderWords) -> str:
    alone = facts["sharing"] == 1
    return words.gettext(_PRIZE if alone else _SHARED_PRIZE).format(
        name=facts["contest"],
        round=round_words(facts["round"], words),
        place=facts["place"],
        last=facts["place"] + facts["sharing"] - 1,
        figure=figure_words(Fraction(facts["figure"]), facts["measure"]),
        sharing=facts["sharing"],
        prizes=" + ".join(words.money(Decimal(prize)) for prize in facts["prizes"]),
    )


def round_words(label: str, words: ReaderWords | None = None) -> str:
    """Return the round that a label names (engine.contests): a week of a year, or a month."""
    year, _, rest = label.partition("-")
    if rest.startswith("W"):
        return gettext("week %(week)s of %(year)s") % {"week": int(rest[1:]), "year": year}
    return (words or ReaderWords()).month(int(year), int(rest))


def figure_words(figure: Fraction, measure: str) -> str:
    """Return how many visits or deals."""
    many = 1 if figure == 1 else 2
    if measure == "deals":
        return ngettext("%(n)s deal", "%(n)s deals", many) % {"n": figure}
    return ngettext("%(n)s visit", "%(n)s visits", many) % {"n": figure}


def explain_wait(wait: Wait, words: ReaderWords | None = None) -> str:
    """Return what a part of a line waits for, in one sentence."""
    return render_wait(wait, words or ReaderWords())


def explain_mover(whose: Mover, words: ReaderWords | None = None) -> str:
    """Return whose move it is."""
    return render_mover(whose, words or ReaderWords())


def month_words(month: str, words: ReaderWords | None = None) -> str:
    """Return a month of what falls due (commissions.liability), also what has none."""
    if month == "overdue":
        return gettext("Overdue")
    if month == "undated":
        return gettext("No date yet")
    if month == "advances":
        return gettext("Advances to be settled")
    year, _, number = month.partition("-")
    return (words or ReaderWords()).month(int(year), int(number))


def outlook_words(outlook: Outlook, currency: str, words: ReaderWords | None = None) -> dict[str, Any]:
    """Return a retroactive plan's outlook as people read it: where it stands, what is next, and each reach."""
    words = words or ReaderWords()

    def size(total: Number) -> str:
        if outlook.amounts:
            return words.money(from_minor(int(total), currency))
        return words.number(Fraction(total))

    def pay(label: str) -> str:
        if outlook.fixed:
            return words.money(parse_decimal(label))
        return words.percent(parse_fraction(label))

    return {
        "period": explain.period_words(outlook.period, words),
        "total": size(outlook.total),
        "pay": pay(outlook.pay),
        "next_start": "" if outlook.next_start is None else size(outlook.next_start),
        "reaches": [(reach, pay(reach.pay)) for reach in outlook.reaches],
    }


def component(kind: str) -> str:
    """Return a line's component as people say it: commission, or a bonus by its name."""
    if kind.startswith("bonus:"):
        return gettext("Bonus: %(name)s") % {"name": kind.removeprefix("bonus:")}
    if kind.startswith("contest:"):
        return gettext("Contest: %(name)s") % {"name": kind.removeprefix("contest:")}
    prefix, _colon, number = kind.partition(":")
    if number and prefix in _NUMBERED:
        return f"{gettext(_NUMBERED[prefix])} {number}"
    named = {
        "commission": gettext("Commission"),
        "repayment": gettext("Repayment"),
        "write_off": gettext("Write-off"),
        "advance_settled": gettext("Advance settled"),
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
