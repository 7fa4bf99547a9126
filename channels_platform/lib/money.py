"""Exact money: minor units, the one rounding, exact splits, strict parsing, plain formatting.

A figure is a Decimal with its currency's digits; which currency is known by context. Sums that must be
fast are done in integer minor units (`to_minor`, `from_minor`), ratios in Fractions, never in floats.
"""

import re
from collections.abc import Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction
from functools import cache

from babel.core import get_global
from babel.numbers import get_currency_precision

from channels_platform.lib.errors import Invalid

# Shifting the point must not round; 60 digits is far beyond any column, and more raises instead.
_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])

# More than any home costs, in whatever currency.
BEYOND_ANY_PRICE = Decimal(10) ** 13

# ASCII digits only: Decimal() itself takes 1e3, 1_000, full-width digits, NaN and surrounding blanks.
_DECIMAL = re.compile(r"-?[0-9]{1,24}(\.[0-9]{1,12})?", re.ASCII)
_RATIO = re.compile(r"[0-9]{1,24}/[0-9]{1,24}", re.ASCII)


class NotANumber(Invalid):
    """Text that is not a plain decimal number."""

    code = "invalid_number"


class NotAnAmount(Invalid):
    """A number that the currency cannot express."""

    code = "invalid_amount"


@cache
def minor_digits(currency: str) -> int:
    """Return how many digits the currency has after the point (CNY 2, JPY 0, BHD 3).

    Raises: ValueError for a code that is no currency; Babel itself would answer 2.
    """
    # the codes themselves, not their names in some language, which would be loaded for it
    if currency not in get_global("all_currencies"):
        raise ValueError(f"unknown currency {currency!r}")
    return get_currency_precision(currency)


def to_minor(amount: Decimal, currency: str) -> int:
    """Return the amount in minor units (1.23 CNY is 123).

    Raises: NotAnAmount where the amount has more digits than the currency.
    """
    try:
        shifted = amount.scaleb(minor_digits(currency), _EXACT)
        whole = int(shifted)
    except (InvalidOperation, Inexact, ValueError, OverflowError):
        raise NotAnAmount(f"{amount} is no amount of {currency}") from None
    if whole != shifted:
        raise NotAnAmount(f"{amount} has more digits than {currency}")
    return whole


def from_minor(units: int, currency: str) -> Decimal:
    """Return minor units as an amount with the currency's digits (123 is 1.23 CNY)."""
    return Decimal(units).scaleb(-minor_digits(currency), _EXACT)


def half_up(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded to a whole number, halves away from zero.

    Raises: ValueError unless the denominator is positive.
    """
    if denominator <= 0:
        raise ValueError("denominator must be positive")
    if numerator < 0:
        return -((-2 * numerator + denominator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def round_half_up(value: Fraction | Decimal | int, currency: str) -> Decimal:
    """Return the exact value rounded half-up, once, to the currency's minor unit.

    Source: domain 6.3.
    """
    exact = Fraction(value) * 10 ** minor_digits(currency)
    return from_minor(half_up(exact.numerator, exact.denominator), currency)


def split_minor(units: int, fractions: Sequence[Fraction | int]) -> tuple[int, ...]:
    """Lay whole units over fractions by largest remainder; ties go to the earlier place.

    Shape:  as many parts as fractions, in their order; the parts sum to `units`.
    Raises: ValueError unless the fractions are not negative and sum to exactly 1.
    """
    if sum(fractions) != 1 or any(fraction < 0 for fraction in fractions):
        raise ValueError("fractions must not be negative and must sum to 1")
    exact = [units * Fraction(fraction) for fraction in fractions]
    parts = [part.numerator // part.denominator for part in exact]
    left = units - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in by_remainder[:left]:
        parts[place] += 1
    return tuple(parts)


def split(amount: Decimal, fractions: Sequence[Fraction | int], currency: str) -> tuple[Decimal, ...]:
    """Lay an amount over fractions by largest remainder in minor units; ties go to the earlier place.

    Raises: ValueError unless the fractions sum to 1; NotAnAmount as `to_minor`.
    Source: domain 6.4.
    """
    return tuple(from_minor(part, currency) for part in split_minor(to_minor(amount, currency), fractions))


def parse_decimal(text: str) -> Decimal:
    """Read a plain decimal number: ASCII digits, one point, perhaps a leading minus; nothing else.

    Raises: NotANumber for 1e3, 1_000, 1,000, full-width digits, NaN, blanks, or anything that is not text.
    """
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise NotANumber("not a plain decimal number")
    return Decimal(text)


def parse_fraction(text: str) -> Fraction:
    """Read a fraction written as a plain decimal (`0.5`) or as a ratio of whole numbers (`1/3`).

    Raises: NotANumber as `parse_decimal`, and for a ratio over 0.
    """
    if isinstance(text, str) and _RATIO.fullmatch(text):
        numerator, denominator = text.split("/")
        if int(denominator) == 0:
            raise NotANumber("a ratio over 0")
        return Fraction(int(numerator), int(denominator))
    return Fraction(parse_decimal(text))


def parse_amount(text: str, currency: str) -> Decimal:
    """Read an amount of the currency and give it the currency's digits (`1.5` is 1.50 CNY).

    Raises: NotANumber as `parse_decimal`; NotAnAmount where it has more digits than the currency.
    """
    return from_minor(to_minor(parse_decimal(text), currency), currency)


def format_amount(amount: Decimal, currency: str) -> str:
    """Return the amount with thousands separators and the currency's digits, without the currency.

    Raises: NotAnAmount where the amount has more digits than the currency.
    """
    return f"{from_minor(to_minor(amount, currency), currency):,f}"


def exact_text(number: Fraction | int) -> str:
    """Return the exact value as text: a decimal where one is finite (`0.062`), else a ratio (`1/3`).

    The inverse of `parse_fraction` for what is not negative.
    """
    if isinstance(number, int):
        return str(number)
    denominator, places = number.denominator, 0
    while denominator % 10 == 0:
        denominator, places = denominator // 10, places + 1
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator, places = denominator // prime, places + 1
    if denominator != 1 or places > 12:
        return str(number)
    scaled = number * 10**places
    text = str(Decimal(scaled.numerator).scaleb(-places, _EXACT)) if places else str(scaled.numerator)
    return text.rstrip("0").rstrip(".") if "." in text else text
