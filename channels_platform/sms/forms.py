"""Entering the one-time code of a text message."""

import unicodedata
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.sms.digits import DIGITS


class CodeField(forms.CharField):
    """Six digits, however they are spaced or wide."""

    def __init__(self, *, autocomplete: str = "off", **kwargs: Any) -> None:
        attributes = {
            "inputmode": "numeric",
            "autocomplete": autocomplete,
            "maxlength": "12",
            "pattern": "[0-9 ]*",
            "autofocus": True,
        }
        missing = {"required": gettext_lazy("Enter the six digits.")}
        super().__init__(max_length=12, widget=forms.TextInput(attributes), error_messages=missing, **kwargs)

    def clean(self, value: Any) -> str:
        typed = "".join(unicodedata.normalize("NFKC", super().clean(value)).split())
        if not (typed.isascii() and typed.isdigit() and len(typed) == DIGITS):
            raise forms.ValidationError(_("Enter the six digits."), code="invalid")
        return typed
