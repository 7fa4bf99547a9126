"""What an agency enters about its statement lines."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from channels_platform.files.forms import FilesField
from channels_platform.http.amounts import AmountField, in_currency
from channels_platform.http.once import OnceForm
from channels_platform.lib.money import minor_digits
from channels_platform.presentation import formats
from commissions.models import PayoutLine

VAT_RATES = ("0.06", "0.03", "0.01", "0.09", "0.13", "0")


class InvoiceForm(OnceForm):
    number = forms.CharField(
        label=gettext_lazy("Invoice number"), max_length=60, widget=forms.TextInput({"autocomplete": "off"})
    )
    amount = AmountField(
        label=gettext_lazy("Amount"),
        max_digits=18,
        decimal_places=4,
        help_text=gettext_lazy("Must equal the line's amount."),
    )
    vat_rate = forms.TypedChoiceField(label=gettext_lazy("VAT rate"), coerce=Decimal)

    def __init__(self, *args: Any, line: PayoutLine, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currency = line.batch.currency
        in_currency(self, currency).initial["amount"] = f"{line.gross:.{minor_digits(currency)}f}"
        rate = self.fields["vat_rate"]
        rate.choices = [(rate, formats.percent(rate)) for rate in VAT_RATES]  # type: ignore[attr-defined]


class ObjectionForm(OnceForm):
    """What is wrong with a statement's line, and what shows it."""

    text = forms.CharField(
        label=gettext_lazy("What is wrong"),
        max_length=2000,
        widget=forms.Textarea({"rows": 4}),
        error_messages={"required": gettext_lazy("Say what is wrong.")},
    )
    files = FilesField(  # type: ignore[assignment]
        label=gettext_lazy("Files"),
        required=False,
        help_text=gettext_lazy("Photos (JPEG, PNG) or PDF, at most 5, 10 MB each. Only finance reads them."),
    )
