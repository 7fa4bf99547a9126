"""Amounts as people type and paste them: 1280000, 1,280,000.00, １，２８０，０００, 1 280 000 元, 128万."""

import re
import unicodedata
from decimal import Decimal
from typing import Any, TypeVar

from django import forms
from django.utils.translation import gettext_lazy

from channels_platform.lib.money import NotANumber, minor_digits, parse_decimal

_GROUPED = re.compile(r"-?[0-9]{1,3}([, ])[0-9]{3}(\1[0-9]{3})*(\.[0-9]+)?", re.ASCII)
# as much a thousand and more as a little over one
_EITHER = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}", re.ASCII)
_TEN_THOUSANDS = Decimal(10_000)
_TYPED = {"inputmode": "decimal", "autocomplete": "off", "maxlength": "28"}


def read_amount(text: str, *, digits: int = 2) -> Decimal:
    """Read an amount as typed: full-width signs, thousands set apart, a plus, 元 or ¥ beside it, 万 for ten thousands.

    `digits` are those of its currency: with three of them 1.280 is read in one way only.
    Raises: NotANumber for anything that can be read in two ways (12,80; 1.280; 1.280,00) or in none.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split()).removeprefix("¥").removesuffix("元").strip()
    if plain[:1] == "+" and plain[1:2].isdigit():
        plain = plain[1:]
    ten_thousands = plain.endswith(("万", "萬"))
    if ten_thousands:
        plain = plain[:-1].strip()
    if digits != 3 and not ten_thousands and _EITHER.fullmatch(plain):
        raise NotANumber("thousands, or thousandths")
    if found := _GROUPED.fullmatch(plain):
        plain = plain.replace(found[1], "")
    amount = parse_decimal(plain)
    return _whole(amount * _TEN_THOUSANDS) if ten_thousands else amount


def _whole(amount: Decimal) -> Decimal:
    """Return the same number without the zeros that multiplying leaves behind its point."""
    bare = amount.normalize()
    return bare if int(bare.as_tuple().exponent) < 0 else bare.quantize(Decimal(1))


class AmountField(forms.DecimalField):
    """An exact amount, read as `read_amount` does; what could not be read stands there again as it was typed."""

    widget = forms.TextInput
    digits = 2
    default_error_messages = {"invalid": gettext_lazy("Write an amount like 1280000.00.")}

    def to_python(self, value: Any) -> Decimal | None:
        if value in self.empty_values or not str(value).strip():
            return None
        if isinstance(value, Decimal):
            return value
        try:
            return read_amount(str(value), digits=self.digits)
        except NotANumber as wrong:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid_number") from wrong

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), **_TYPED}


F = TypeVar("F", bound=forms.BaseForm)


def in_currency(form: F, currency: str) -> F:
    """Have the amounts of a form read as those of a currency."""
    for field in form.fields.values():
        if isinstance(field, AmountField):
            field.digits = minor_digits(currency)
    return form
