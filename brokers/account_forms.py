"""What is entered about accounts at banks and identity numbers."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from brokers.models import Identity
from channels_platform.http.once import OnceForm

_TYPED = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
_MISSING = {"required": gettext_lazy("This is needed.")}


class AccountForm(OnceForm):
    """Where a party's commission is to go."""

    holder = forms.CharField(
        label=gettext_lazy("Account holder"),
        max_length=120,
        error_messages=_MISSING,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text=gettext_lazy("As the bank writes it; it must be your own account."),
    )
    bank_name = forms.CharField(
        label=gettext_lazy("Bank and branch"),
        max_length=120,
        error_messages=_MISSING,
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    branch_code = forms.CharField(
        label=gettext_lazy("Branch code"),
        max_length=30,
        required=False,
        widget=forms.TextInput(_TYPED),
        help_text=gettext_lazy("CNAPS or SWIFT code, where your bank asks for one."),
    )
    account = forms.CharField(
        label=gettext_lazy("Account number"),
        max_length=60,
        error_messages=_MISSING,
        widget=forms.TextInput({**_TYPED, "inputmode": "numeric"}),
    )


class StopForm(OnceForm):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        error_messages={"required": gettext_lazy("Write a reason.")},
    )


class IdentityForm(OnceForm):
    kind = forms.ChoiceField(label=gettext_lazy("Document"), choices=Identity.Kind.choices)
    number = forms.CharField(
        label=gettext_lazy("Number"),
        max_length=40,
        error_messages=_MISSING,
        widget=forms.TextInput(_TYPED),
        help_text=gettext_lazy("Kept encrypted; only its end is shown. It goes to the tax office with your income."),
    )

    def entered(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("kind", "number")}


WORDS = {
    "required": gettext_lazy("This is needed."),
    "account_number": gettext_lazy("6 to 34 digits or letters."),
    "branch_code": gettext_lazy("3 to 20 digits or letters."),
    "account_same": gettext_lazy("Money goes to this account already."),
    "identity_number": gettext_lazy("This is no number of such a document. Look at each digit again."),
    "reason_required": gettext_lazy("Write a reason."),
    "not_allowed": gettext_lazy("Its state has changed meanwhile, so this can't be done any more."),
}
