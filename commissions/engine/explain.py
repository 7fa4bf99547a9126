"""Explanations in words: why a row is what it is, what is released when, why it is nothing.

The sentences are English templates handed to the reader's `gettext`; numbers, money and dates are written by the
reader's `Words` too, so that one stored explanation reads right in every language.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, Protocol

from channels_platform.lib.money import exact_text
from channels_platform.lib.money import parse_decimal as read_decimal
from channels_platform.lib.money import parse_fraction as read_fraction
from commissions.engine.types import Measure, Milestone, Mode, ZeroReason


def gettext_noop(message: str) -> str:
    """Mark a template for makemessages; it is translated where it is used."""
    return message


# Rates, tiers and totals repeat from row to row, and exports explain a hundred thousand.
parse_decimal = lru_cache(maxsize=4096)(read_decimal)
parse_fraction = lru_cache(maxsize=4096)(read_fraction)


class Words(Protocol):
    """How a reader's language writes things; a face implements it with its framework's formats."""

    def gettext(self, message: str) -> str: ...
    def money(self, amount: Decimal) -> str: ...
    def number(self, value: Fraction) -> str: ...
    def percent(self, fraction: Fraction) -> str: ...
    def day(self, on: date) -> str: ...
    def month(self, year: int, month: int) -> str: ...


_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class PlainWords:
    """English without a framework, for log lines, tests and the docs."""

    def gettext(self, message: str) -> str:
        return message

    def money(self, amount: Decimal) -> str:
        return f"{amount:,f}"

    def number(self, value: Fraction) -> str:
        return exact_text(value)

    def percent(self, fraction: Fraction) -> str:
        hundredths = fraction * 10000
        text = exact_text(hundredths / 100)
        # a third of a hundred has no end: two digits are what a person reads
        return f"{text if '/' not in text else exact_text(Fraction(round(hundredths), 100))} %"

    def day(self, on: date) -> str:
        return f"{on.day} {_MONTHS[on.month - 1]} {on.year}"

    def month(self, year: int, month: int) -> str:
        return f"{_MONTHS[month - 1]} {year}"


_MOMENTS = {
    Milestone.SUBSCRIBED: gettext_noop("at subscription"),
    Milestone.CONTRACTED: gettext_noop("when the contract is signed"),
    Milestone.FIRST_PAYMENT: gettext_noop("when the first payment is collected"),
    Milestone.LOAN_RELEASED: gettext_noop("when the loan is paid out"),
    Milestone.FULLY_COLLECTED: gettext_noop("when the full price is collected"),
    Milestone.HANDOVER: gettext_noop("at handover"),
}

_ZERO = {
    ZeroReason.NOT_CONTRACTED: gettext_noop("Nothing earned yet: the contract is not signed."),
    ZeroReason.CANCELLED: gettext_noop("Nothing earned: the deal was cancelled on {day} before handover."),
    ZeroReason.OTHER_GRADE: gettext_noop(
        "Not under this plan: the agency held grade {grade} on {day}; the plan pays {grades}."
    ),
    ZeroReason.OTHER_UNIT: gettext_noop("Not under this plan: the deal names no unit, and the plan asks for some."),
    ZeroReason.NO_LONGER_DUE: gettext_noop(
        "Nothing earned any more: the deal no longer falls under this plan and referral."
    ),
}
_NO_GRADE = gettext_noop("Not under this plan: the agency held no grade on {day}; the plan pays {grades}.")
_OTHER_UNIT = {
    "unit_type": gettext_noop("Not under this plan: the unit's type is {has}; the plan pays {paid}."),
    "building": gettext_noop("Not under this plan: the unit is in building {has}; the plan pays {paid}."),
    "area": gettext_noop("Not under this plan: the unit has {has} m²; the plan pays {paid}."),
    "price": gettext_noop("Not under this plan: the price is {has}; the plan pays {paid}."),
}
_NO_UNIT_TYPE = gettext_noop("Not under this plan: the unit's type is not recorded; the plan pays {paid}.")
_BAND = gettext_noop("from {low} to below {below}")
_BAND_FROM = gettext_noop("from {low} on")
_BAND_BELOW = gettext_noop("below {below}")
_CUT_DEAL = gettext_noop("cut from {before} to {after}: at most {most} a deal")
_CUT_PERIOD = gettext_noop("cut from {before} to {after}: at most {most} in {period}")
_AND = gettext_noop("{first} and {last}")
_OR = gettext_noop("{first} or {last}")

_MARGINAL_UNITS = gettext_noop("units {begin}-{end} of {period} at {pay}")
_MARGINAL_AMOUNT = gettext_noop("{begin}-{end} of {period} at {pay}")
_RETROACTIVE_UNITS = gettext_noop("units in {period}: {total}, so all at the tier from {begin}: {pay}")
_RETROACTIVE_AMOUNT = gettext_noop("sales in {period}: {total}, so all at the tier from {begin}: {pay}")
_RATE_OF = gettext_noop("{rate} of {base}")
_PER_UNIT = gettext_noop("{amount} a unit × {units}")
_TIMES_SHARE = gettext_noop("{base} × {share}")
_BONUS = gettext_noop("bonus “{name}”: {base}")
_QUARTER = gettext_noop("quarter {quarter} of {year}")
_WHOLE_PLAN = gettext_noop("the whole plan")
_WAITS = gettext_noop("{part} is released {moment}.")
_WAITS_EXPECTED = gettext_noop("{part} is released {moment} (expected {day}).")
_WAITS_MORE = gettext_noop("{part} more is released {moment}.")
_WAITS_MORE_EXPECTED = gettext_noop("{part} more is released {moment} (expected {day}).")
_BONUS_WAITS = gettext_noop("The bonus is released {moment}.")
_BONUS_WAITS_EXPECTED = gettext_noop("The bonus is released {moment} (expected {day}).")
_KEPT = gettext_noop("{part} of what is released is kept until handover.")
_KEPT_EXPECTED = gettext_noop("{part} of what is released is kept until handover (expected {day}).")


def says_the_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two explanations give the same reasons.

    A retroactive period's running total is left aside: each new deal moves it for every row of the period, though the
    tier reached, which decides, stays.
    """
    if one.keys() != other.keys():
        return False
    return all(one[key] == other[key] for key in one if key != "total")


def render(explanation: Mapping[str, Any], words: Words) -> str:
    """Return how the row's figure comes about, in one line; why it is nothing where it is.

    Such as: units 20-21 of March 2026 at 6.2 % of 1,280,000.00 × 1/2
    """
    if "parts" in explanation:
        return "; ".join(render(part, words) for part in explanation["parts"])
    zero = why_zero(explanation, words)
    if zero is not None:
        return zero
    if "bonus" in explanation:
        base = _of_share(explanation["amount"], explanation["share"], words)
        return words.gettext(_BONUS).format(name=explanation["bonus"], base=base)
    lines = [_slice(explanation, piece, words) for piece in explanation["slices"]]
    return "; ".join([*lines, *(_cut(explanation, cut, words) for cut in explanation.get("cuts", ()))])


def _cut(explanation: Mapping[str, Any], cut: Mapping[str, str], words: Words) -> str:
    amounts = {
        name: words.money(parse_decimal(cut[key]))
        for name, key in (("before", "from"), ("after", "to"), ("most", "most"))
    }
    template = _CUT_DEAL if cut["of"] == "deal" else _CUT_PERIOD
    return words.gettext(template).format(period=period_words(explanation["period"], words), **amounts)


def why_zero(explanation: Mapping[str, Any], words: Words) -> str | None:
    """Return why the row earns nothing, or None where it does earn."""
    if "zero" not in explanation:
        return None
    if "of" in explanation and explanation["of"] in _OTHER_UNIT:
        return _other_unit(explanation, words)
    template = _ZERO[ZeroReason(explanation["zero"])]
    facts = {"day": words.day(date.fromisoformat(explanation["on"])) if "on" in explanation else ""}
    if "grades" in explanation:
        template = template if explanation["grade"] else _NO_GRADE
        facts |= {"grade": explanation["grade"], "grades": listed(explanation["grades"], words)}
    return words.gettext(template).format(**facts)


def _other_unit(explanation: Mapping[str, Any], words: Words) -> str:
    of, has = explanation["of"], explanation["has"]
    if "band" in explanation:
        paid = band_words(explanation["band"], words, money=of == "price")
        has = _measured(has, words, money=of == "price")
    else:
        paid = listed(explanation["paid"], words, either=True)
    template = _OTHER_UNIT[of] if has else _NO_UNIT_TYPE
    return words.gettext(template).format(has=has, paid=paid)


def band_words(band: Mapping[str, str], words: Words, *, money: bool) -> str:
    """Return a band of area or price, such as: from 90 to below 144"""
    low, below = (_measured(band[name], words, money=money) if name in band else "" for name in ("from", "below"))
    template = _BAND if low and below else _BAND_FROM if low else _BAND_BELOW
    return words.gettext(template).format(low=low, below=below)


def _measured(text: str, words: Words, *, money: bool) -> str:
    return words.money(parse_decimal(text)) if money else words.number(parse_fraction(text))


def listed(names: Sequence[str], words: Words, *, either: bool = False) -> str:
    """Return names in a row, such as: A, B and C; or A, B or C"""
    if len(names) < 2:
        return "".join(names)
    return words.gettext(_OR if either else _AND).format(first=", ".join(names[:-1]), last=names[-1])


def release_words(when: Milestone, part: Fraction, words: Words, *, more: bool, on: date | None = None) -> str:
    """Return what of a commission is released when; `more`: something is before it; `on`: the day expected."""
    template, dated = (_WAITS_MORE, _WAITS_MORE_EXPECTED) if more else (_WAITS, _WAITS_EXPECTED)
    return _dated(template, dated, on, words, part=words.percent(part), moment=words.gettext(_MOMENTS[when]))


def bonus_words(when: Milestone, words: Words, *, on: date | None = None) -> str:
    """Return when a bonus is released."""
    return _dated(_BONUS_WAITS, _BONUS_WAITS_EXPECTED, on, words, moment=words.gettext(_MOMENTS[when]))


def kept_words(part: Fraction, words: Words, *, on: date | None = None) -> str:
    """Return what of what is released a retention keeps."""
    return _dated(_KEPT, _KEPT_EXPECTED, on, words, part=words.percent(part))


def _dated(template: str, dated: str, on: date | None, words: Words, **facts: str) -> str:
    if on is None:
        return words.gettext(template).format(**facts)
    return words.gettext(dated).format(day=words.day(on), **facts)


def _slice(explanation: Mapping[str, Any], piece: Mapping[str, str], words: Words) -> str:
    amounts = explanation["measure"] == Measure.AMOUNT
    facts = {
        "begin": _position(piece["from"], words, amounts=amounts),
        "period": period_words(explanation["period"], words),
        "pay": _pay(explanation, piece, words),
    }
    if explanation["mode"] == Mode.RETROACTIVE:
        template = _RETROACTIVE_AMOUNT if amounts else _RETROACTIVE_UNITS
        facts["total"] = _position(explanation["total"], words, amounts=amounts)
    else:
        template = _MARGINAL_AMOUNT if amounts else _MARGINAL_UNITS
        facts["end"] = _position(piece["to"], words, amounts=amounts)
    return words.gettext(template).format(**facts)


def _pay(explanation: Mapping[str, Any], piece: Mapping[str, str], words: Words) -> str:
    if "amount" in piece:
        units = words.number(parse_fraction(piece["base"])) if "base" in piece else explanation["share"]
        return words.gettext(_PER_UNIT).format(amount=words.money(parse_decimal(piece["amount"])), units=units)
    if "base" in piece:
        base = _position(piece["base"], words, amounts=True)
    else:
        base = _of_share(explanation["price"], explanation["share"], words)
    return words.gettext(_RATE_OF).format(rate=words.percent(parse_fraction(piece["rate"])), base=base)


def _of_share(amount: str, share: str, words: Words) -> str:
    base = words.money(parse_decimal(amount))
    return base if share == "1" else words.gettext(_TIMES_SHARE).format(base=base, share=share)


def _position(text: str, words: Words, *, amounts: bool) -> str:
    """A position or base that no decimal expresses is written as the ratio it is."""
    if amounts and "/" not in text:
        return words.money(parse_decimal(text))
    return words.number(parse_fraction(text))


def period_words(label: str, words: Words) -> str:
    """Return the period a `period_label` names."""
    year, _, rest = label.partition("-")
    if not label:
        return words.gettext(_WHOLE_PLAN)
    if rest.startswith("Q"):
        return words.gettext(_QUARTER).format(quarter=rest[1:], year=year)
    return words.month(int(year), int(rest)) if rest else year
