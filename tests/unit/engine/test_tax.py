"""Domain 6.7: what is withheld from an individual."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissions.engine.tax import month_figures, month_tax, withhold

MONEY = st.integers(0, 200_000_00).map(lambda n: Decimal(n) / 100)


@pytest.mark.parametrize(
    ("income", "tax"),
    [
        ("0.00", "0.00"),
        ("800.00", "0.00"),
        ("800.02", "0.00"),
        ("800.03", "0.01"),
        ("3000.00", "440.00"),
        ("4000.00", "640.00"),
        ("4000.01", "640.00"),
        ("8000.00", "1280.00"),
        ("25000.00", "4000.00"),
        ("25000.01", "4000.00"),
        ("62500.00", "13000.00"),
        ("68000.00", "14760.00"),
    ],
)
def test_the_months_tax_by_bracket(income, tax):
    assert str(month_tax(Decimal(income))) == tax


def test_three_thousand_then_five_then_sixty_in_one_month():
    paid = withheld = Decimal(0)
    taken = []
    for income in ("3000.00", "5000.00", "60000.00"):
        tax = withhold(month_income_before=paid, withheld_before=withheld, income_now=Decimal(income))
        paid, withheld = paid + Decimal(income), withheld + tax
        taken.append(str(tax))
    assert taken == ["440.00", "840.00", "13480.00"]


def test_other_currencies_are_paid_without_tax():
    nothing = Decimal(0)
    tax = withhold(month_income_before=nothing, withheld_before=nothing, income_now=Decimal(9000), currency="JPY")
    assert str(tax) == "0"


@given(parts=st.lists(MONEY, max_size=6))
def test_payments_in_parts_are_taxed_as_their_sum(parts):
    paid = withheld = Decimal(0)
    for part in parts:
        withheld += withhold(month_income_before=paid, withheld_before=withheld, income_now=part)
        paid += part
    assert withheld == month_tax(paid)


@given(before=MONEY, withheld=MONEY, now=MONEY)
def test_never_negative_and_never_more_than_is_paid(before, withheld, now):
    assert 0 <= withhold(month_income_before=before, withheld_before=withheld, income_now=now) <= now


@pytest.mark.parametrize("name", ["month_income_before", "withheld_before", "income_now"])
def test_negative_amounts_are_refused(name):
    amounts = {"month_income_before": Decimal(1), "withheld_before": Decimal(0), "income_now": Decimal(1)}
    with pytest.raises(ValueError, match="negative"):
        withhold(**{**amounts, name: Decimal("-0.01")})


def test_a_negative_month_is_refused():
    with pytest.raises(ValueError, match="negative"):
        month_tax(Decimal("-0.01"))


@pytest.mark.parametrize(
    ("income", "taxable", "rate", "deduction", "tax"),
    [
        ("0", "0.00", "1/5", "0.00", "0.00"),
        ("800", "0.00", "1/5", "0.00", "0.00"),
        ("3000", "2200.00", "1/5", "0.00", "440.00"),
        ("4000.01", "3200.01", "1/5", "0.00", "640.00"),
        ("25000", "20000.00", "1/5", "0.00", "4000.00"),
        ("30000", "24000.00", "3/10", "2000.00", "5200.00"),
        ("100000", "80000.00", "2/5", "7000.00", "25000.00"),
    ],
)
def test_a_months_certificate_says_the_bracket_the_income_lies_in(income, taxable, rate, deduction, tax):
    found = month_figures(Decimal(income))
    assert (f"{found.taxable:f}", str(found.rate), f"{found.deduction:f}", f"{found.tax:f}") == (
        taxable,
        rate,
        deduction,
        tax,
    )
