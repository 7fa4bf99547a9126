"""Inputs of phone numbers, and whether what was typed is one."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.lib.errors import Invalid
from channels_platform.lib.phones import parse_mask, parse_phone
from projects.models import Project
from projects.selectors import current_policy
from projects.states import PhoneMode

PHONE = {"inputmode": "tel", "autocomplete": "off", "maxlength": "24"}
NO_PHONE = gettext_lazy("Enter a phone number.")


class PhonesInput(forms.Widget):
    """Several inputs of one name; the page lays them out (portal/_phones.html)."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        values = data.getlist(name) if hasattr(data, "getlist") else data.get(name, [])
        return [value.strip() for value in values]


class PhonesField(forms.Field):
    widget = PhonesInput

    def to_python(self, value: Any) -> list[str]:
        return [one for one in value or [] if one]


def check_phone(raw: str, *, masked: bool) -> str:
    """Return what was typed if it is a phone here.

    Raises: ValidationError in words.
    """
    try:
        if masked:
            parse_mask(raw)
        else:
            parse_phone(raw)
    except Invalid as wrong:
        text = (
            _("Enter the first three and last four digits, like 138****5678.")
            if masked
            else _("This is not a phone number that exists. Check the digits.")
        )
        raise forms.ValidationError(text, code="invalid_phone") from wrong
    return raw


def is_masked(project: Project) -> bool:
    return current_policy(project).phone_mode == PhoneMode.MASKED
