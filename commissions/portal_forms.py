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

_PAPER = "image/jpeg,image/png,image/webp,application/pdf"
VAT_RATES = ("0.06", "0.03", "0.01", "0.09", "0.13", "0")


class PaperForm(OnceForm):
    """An invoice's number, day and file, with what it amounts to."""

    number = forms.CharField(
        label=gettext_lazy("Invoice number"), max_length=60, widget=forms.TextInput({"autocomplete": "off"})
    )
    issued_on = forms.DateField(
        label=gettext_lazy("Invoice date"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    attachment = forms.FileField(
        label=gettext_lazy("File (optional)"),
        required=False,
        help_text=gettext_lazy("A photo or PDF of up to 10 MB."),
        widget=forms.ClearableFileInput({"accept": _PAPER}),
    )


class InvoiceForm(PaperForm):
    amount = AmountField(
        label=gettext_lazy("Amount"),
        max_digits=18,
        decimal_places=4,
        help_text=gettext_lazy("Must equal the line's amount."),
    )
    vat_rate = forms.TypedChoiceField(label=gettext_lazy("VAT rate"), coerce=Decimal)
    field_order = ("number", "issued_on", "amount", "vat_rate", "attachment")

    def __init__(self, *args: Any, line: PayoutLine, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["issued_on"].required = False
        currency = line.batch.currency
        in_currency(self, currency).initial["amount"] = f"{line.gross:.{minor_digits(currency)}f}"
        rate = self.fields["vat_rate"]
        rate.choices = [(rate, formats.percent(rate)) for rate in VAT_RATES]  # type: ignore[attr-defined]

    def paper(self) -> dict[str, Any]:
        """Return the invoice as it was entered."""
        return {name: self.cleaned_data[name] for name in self.field_order}


class CreditNoteForm(PaperForm):
    """A negative invoice against an earlier one; its amount is written without the sign."""

    amount = AmountField(
        label=gettext_lazy("Amount taken off"),
        max_digits=18,
        decimal_places=4,
        help_text=gettext_lazy("VAT included, without a minus: at most what was paid back."),
    )
    field_order = ("number", "issued_on", "amount", "attachment")

    def __init__(self, *args: Any, invoice: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["number"].label = gettext_lazy("Credit note number")
        currency = invoice.line.batch.currency
        in_currency(self, currency)
        if invoice.creditable:
            self.initial["amount"] = f"{invoice.creditable:.{minor_digits(currency)}f}"

    def paper(self) -> dict[str, Any]:
        """Return the credit note as it was entered."""
        return {name: self.cleaned_data[name] for name in self.field_order}


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
