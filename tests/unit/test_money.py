from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_platform.lib.money import (
    NotAnAmount,
    NotANumber,
    exact_text,
    format_amount,
    from_minor,
    half_up,
    minor_digits,
    parse_amount,
    parse_decimal,
    parse_fraction,
    round_half_up,
    split,
    split_minor,
    to_minor,
)

AMOUNTS = st.integers(-(10**15), 10**15)
FRACTIONS = (
    st.lists(st.integers(0, 50), min_size=1, max_size=8)
    .filter(any)
    .map(lambda given: [Fraction(one, sum(given)) for one in given])
)


@pytest.mark.parametrize(("currency", "digits"), [("CNY", 2), ("JPY", 0), ("KRW", 0), ("BHD", 3), ("USD", 2)])
def test_minor_digits_are_the_currencys_own(currency, digits):
    assert minor_digits(currency) == digits


@pytest.mark.parametrize("code", ["XXQ", "cny", "", "CNYY", "人民币"])
def test_a_code_that_is_no_currency_is_an_error_not_two_digits(code):
    with pytest.raises(ValueError, match="unknown currency"):
        minor_digits(code)


@pytest.mark.parametrize(
    ("value", "currency", "rounded"),
    [
        (Fraction(5, 1000), "CNY", "0.01"),
        (Fraction(4999999, 1000000000), "CNY", "0.00"),
        (Decimal("2.675"), "CNY", "2.68"),
        (Decimal("2.665"), "CNY", "2.67"),
        (Fraction(1, 3), "CNY", "0.33"),
        (Fraction(-5, 1000), "CNY", "-0.01"),
        (Fraction(-4, 1000), "CNY", "0.00"),
        (Decimal("0.5"), "JPY", "1"),
        (Decimal("1.0005"), "BHD", "1.001"),
        (7, "CNY", "7.00"),
    ],
)
def test_halves_round_away_from_zero_in_the_currencys_digits(value, currency, rounded):
    assert str(round_half_up(value, currency)) == rounded


@given(numerator=AMOUNTS, denominator=st.integers(1, 10**6))
def test_rounding_is_within_half_a_unit_and_symmetric(numerator, denominator):
    rounded = half_up(numerator, denominator)
    assert abs(Fraction(numerator, denominator) - rounded) <= Fraction(1, 2)
    assert half_up(-numerator, denominator) == -rounded


def test_rounding_refuses_a_denominator_that_is_not_positive():
    with pytest.raises(ValueError, match="positive"):
        half_up(1, 0)


@given(units=AMOUNTS, currency=st.sampled_from(["CNY", "JPY", "BHD"]))
def test_minor_units_go_there_and_back(units, currency):
    assert to_minor(from_minor(units, currency), currency) == units
    assert from_minor(units, currency).as_tuple().exponent == -minor_digits(currency)


def test_trailing_zeros_beyond_the_currencys_digits_are_no_digits():
    assert to_minor(Decimal("1280000.0000"), "CNY") == 128000000


@pytest.mark.parametrize("amount", ["0.001", "NaN", "Infinity"])
def test_what_the_currency_cannot_express_is_refused(amount):
    with pytest.raises(NotAnAmount):
        to_minor(Decimal(amount), "CNY")


def test_a_cent_left_over_goes_to_the_largest_remainder():
    assert split(Decimal("100.00"), [Fraction(1, 6), Fraction(5, 6)], "CNY") == (Decimal("16.67"), Decimal("83.33"))


def test_equal_remainders_give_the_cent_to_the_earlier_place():
    parts = split(Decimal("100.00"), [Fraction(1, 3)] * 3, "CNY")
    assert [str(part) for part in parts] == ["33.34", "33.33", "33.33"]


@given(units=AMOUNTS, fractions=FRACTIONS)
def test_parts_sum_to_the_whole_and_are_within_a_unit_of_exact(units, fractions):
    parts = split_minor(units, fractions)
    assert sum(parts) == units
    assert all(abs(part - units * fraction) < 1 for part, fraction in zip(parts, fractions, strict=True))


@pytest.mark.parametrize("fractions", [[], [Fraction(1, 2)], [Fraction(3, 2), Fraction(-1, 2)], [Fraction(2, 3)] * 2])
def test_fractions_that_are_no_whole_are_refused(fractions):
    with pytest.raises(ValueError, match="sum to 1"):
        split_minor(100, fractions)


@pytest.mark.parametrize(
    "text",
    [
        "1e3", "1_000", "1,000", "１２３", "٣", "NaN", "Infinity", "-Infinity", " 1", "1 ", "1\n", "+1", ".5", "5.", "",
        "-", "--1", "0x10", "1.2.3", "1" * 25, "0." + "1" * 13, None, 1, 1.5, True, Decimal(1), b"1",
    ],
)  # fmt: skip
def test_only_plain_decimals_are_numbers(text):
    with pytest.raises(NotANumber):
        parse_decimal(text)


def test_a_plain_decimal_is_read_exactly():
    assert str(parse_decimal("-0012.340")) == "-12.340"


@pytest.mark.parametrize(("text", "value"), [("0.062", Fraction(31, 500)), ("1/3", Fraction(1, 3)), ("2", Fraction(2))])
def test_a_fraction_is_a_decimal_or_a_ratio(text, value):
    assert parse_fraction(text) == value


@pytest.mark.parametrize("text", ["1/0", "1/-2", "-1/2", "1 / 2", "１/2", "1/2/3", "/2", "1e1/2", None, 0.5])
def test_other_ratios_are_refused(text):
    with pytest.raises(NotANumber):
        parse_fraction(text)


def test_an_amount_gets_its_currencys_digits_and_no_more():
    assert str(parse_amount("1.5", "CNY")) == "1.50"
    with pytest.raises(NotAnAmount):
        parse_amount("1.555", "CNY")
    with pytest.raises(NotAnAmount):
        parse_amount("1.5", "JPY")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1280000", "CNY", "1,280,000.00"),
        ("-0.5", "CNY", "-0.50"),
        ("1280000", "JPY", "1,280,000"),
        ("0", "BHD", "0.000"),
        ("1000.0000", "CNY", "1,000.00"),
    ],
)
def test_amounts_are_written_with_thousands_separators_and_the_currencys_digits(amount, currency, text):
    assert format_amount(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (20, "20"),
        (Fraction(20), "20"),
        (Fraction(41, 2), "20.5"),
        (Fraction(31, 500), "0.062"),
        (Fraction(1, 3), "1/3"),
        (Fraction(100), "100"),
        (Fraction(0), "0"),
        (Fraction(1, 8), "0.125"),
    ],
)
def test_exact_text_is_a_decimal_where_one_is_finite(number, text):
    assert exact_text(number) == text


@given(number=st.fractions(min_value=0, max_value=10**6, max_denominator=10**6))
def test_exact_text_reads_back_as_the_same_value(number):
    assert parse_fraction(exact_text(number)) == number
