"""Tax withheld from an individual's pay, as labour remuneration, on the month's total."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from channels_platform.lib.money import round_half_up

TAXED_CURRENCY = "CNY"

_SMALL_INCOME = 4000
_SMALL_DEDUCTION = 800
_DEDUCTED_SHARE = Fraction(1, 5)
# (rate, quick deduction): the brackets are lines that cross where one ends, so the highest line is the one in force
_BRACKETS = ((Fraction(20, 100), 0), (Fraction(30, 100), 2000), (Fraction(40, 100), 7000))


def month_tax(income: Decimal) -> Decimal:
    """Return the tax on one month's whole income of one person from one paying company, in CNY.

    Raises: ValueError for a negative income.
    Source: domain 6.7.
    """
    if income < 0:
        raise ValueError("income must not be negative")
    taxable = _taxable(Fraction(income))
    return round_half_up(max(taxable * rate - deduction for rate, deduction in _BRACKETS), TAXED_CURRENCY)


def withhold(
    *, month_income_before: Decimal, withheld_before: Decimal, income_now: Decimal, currency: str = TAXED_CURRENCY
) -> Decimal:
    """Return what to withhold from a payment, given what the same month already paid and withheld.

    Never negative, never more than the payment; 0 in currencies other than CNY.
    Units:  amounts gross, in the currency; the result is 0 with its digits.
    Raises: ValueError for a negative amount.
    Source: domain 6.7.
    """
    if min(month_income_before, withheld_before, income_now) < 0:
        raise ValueError("amounts must not be negative")
    nothing = round_half_up(0, currency)
    if currency != TAXED_CURRENCY:
        return nothing
    due = month_tax(month_income_before + income_now) - withheld_before
    return max(nothing, min(due, income_now))


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """How one month's income of a person is taxed, as a certificate says it."""

    taxable: Decimal
    rate: Fraction
    deduction: Decimal
    tax: Decimal


def month_figures(income: Decimal) -> MonthFigures:
    """Return taxable income, rate, quick deduction and tax of a month's whole income, in CNY.

    Raises: ValueError for a negative income.
    Source: domain 6.7.
    """
    tax = month_tax(income)
    taxable = _taxable(Fraction(income))
    rate, deduction = max(_BRACKETS, key=lambda bracket: (taxable * bracket[0] - bracket[1], -bracket[1]))
    return MonthFigures(round_half_up(taxable, TAXED_CURRENCY), rate, round_half_up(deduction, TAXED_CURRENCY), tax)


def _taxable(gross: Fraction) -> Fraction:
    return max(gross - _SMALL_DEDUCTION, Fraction(0)) if gross <= _SMALL_INCOME else gross * (1 - _DEDUCTED_SHARE)
