"""Amounts as people type and paste them."""

from decimal import Decimal

import pytest
from django import forms

from channels_platform.http.amounts import AmountField, in_currency, read_amount
from channels_platform.lib.money import NotANumber


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("1280000", "1280000"),
        ("1,280,000", "1280000"),
        (" 1,280,000.50 ", "1280000.50"),
        ("1，280，000", "1280000"),
        ("１２８００００．５", "1280000.5"),
        ("1 280 000", "1280000"),
        ("+5000", "5000"),
        ("1\u00a0280\u202f000", "1280000"),
        ("¥1,280,000", "1280000"),
        ("￥1280000元", "1280000"),
        ("1280000 元", "1280000"),
        ("128万", "1280000"),
        ("128.5 万元", "1285000"),
        ("128.888万", "1288880"),
        ("-1,000.00", "-1000.00"),
    ],
)
def test_what_people_type_is_read(typed, amount):
    assert read_amount(typed) == Decimal(amount)


@pytest.mark.parametrize("typed", ["125.505", "5.250", "999.999"])
def test_with_three_decimals_thousandths_are_read(typed):
    assert read_amount(typed, digits=3) == Decimal(typed)
    with pytest.raises(NotANumber):
        read_amount(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "1.280,00",
        "1.280",
        "12,80",
        "1,28,000",
        "1,2800",
        "1 280,000",
        "1e3",
        "1_000",
        "NaN",
        "万",
        "12 80",
        "一百",
        "",
        "5%",
    ],
)
def test_what_can_be_read_in_two_ways_or_in_none_is_not_read(typed):
    with pytest.raises(NotANumber):
        read_amount(typed)


class Asked(forms.Form):
    amount = AmountField(min_value=Decimal(1), max_digits=18, decimal_places=2)


@pytest.mark.parametrize(
    ("typed", "code"),
    [("12,80", "invalid_number"), ("0", "min_value"), ("1234.567", "max_decimal_places"), (" ", "required")],
)
def test_a_field_names_what_is_wrong_and_keeps_what_was_typed(typed, code):
    form = Asked({"amount": typed})
    assert [fault.code for fault in form.errors.as_data()["amount"]] == [code]
    assert f'value="{typed}"' in str(form["amount"]) or not typed.strip()
    assert 'inputmode="decimal"' in str(form["amount"])


def test_ten_thousands_leave_no_zeros_behind_the_point():
    form = Asked({"amount": "128.556万"})
    assert form.is_valid()
    assert str(form.cleaned_data["amount"]) == "1285560"


def test_a_form_reads_the_amounts_of_its_currency():
    assert in_currency(Asked({"amount": "125.505"}), "BHD").fields["amount"].to_python("125.505") == Decimal("125.505")
    with pytest.raises(forms.ValidationError):
        in_currency(Asked({"amount": "125.505"}), "CNY").fields["amount"].to_python("125.505")
