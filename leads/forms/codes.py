"""The one-time code at the desk: sending it, and what the client reads out."""

import unicodedata
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.http.once import OnceForm
from leads.models import Referral


class SendCodeForm(OnceForm):
    position = forms.TypedChoiceField(label=gettext_lazy("Phone"), coerce=int)

    def __init__(self, *args: Any, referral: Referral, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(one.position, one.masked) for one in referral.phones.all() if one.phone_id is not None]
        self.fields["position"].choices = known  # type: ignore[attr-defined]


class CheckCodeForm(forms.Form):
    digits = forms.CharField(
        label=gettext_lazy("Code the client reads out"),
        max_length=12,
        widget=forms.TextInput(
            {"inputmode": "numeric", "autocomplete": "off", "maxlength": "12", "pattern": "[0-9 ]*", "autofocus": True}
        ),
        error_messages={"required": gettext_lazy("Enter the six digits.")},
    )

    def clean_digits(self) -> str:
        typed = "".join(unicodedata.normalize("NFKC", self.cleaned_data["digits"]).split())
        if not (typed.isascii() and typed.isdigit() and len(typed) == 6):
            raise forms.ValidationError(_("Enter the six digits."), code="invalid")
        return typed
