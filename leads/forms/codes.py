"""The one-time code at the desk: sending it, and what the client reads out."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from channels_platform.http.once import OnceForm
from channels_platform.sms.forms import CodeField
from leads.models import Referral


class SendCodeForm(OnceForm):
    position = forms.TypedChoiceField(label=gettext_lazy("Phone"), coerce=int)

    def __init__(self, *args: Any, referral: Referral, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(one.position, one.masked) for one in referral.phones.all() if one.phone_id is not None]
        self.fields["position"].choices = known  # type: ignore[attr-defined]


class CheckCodeForm(forms.Form):
    digits = CodeField(label=gettext_lazy("Code the client reads out"))
