"""What each person chooses to hear, and when."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from channels_platform.notices.kinds import kinds_for


class ChoicesForm(forms.Form):
    """Which kinds also come by e-mail, the quiet hours, the digest."""

    mailed = forms.MultipleChoiceField(
        label=_("Also by e-mail"), required=False, widget=forms.CheckboxSelectMultiple, help_text=""
    )
    digest_at = forms.TimeField(
        label=_("Once a day in one e-mail, at"),
        required=False,
        widget=forms.TimeInput({"type": "time"}, format="%H:%M"),
        help_text=_("Empty: each at once. What is urgent never waits."),
    )
    quiet_from = forms.TimeField(
        label=_("No e-mail from"), required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M")
    )
    quiet_until = forms.TimeField(
        label=_("until"),
        required=False,
        widget=forms.TimeInput({"type": "time"}, format="%H:%M"),
        help_text=_("What comes up meanwhile is sent when the quiet hours end."),
    )

    def __init__(self, *args: Any, person: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["mailed"].choices = [(kind.name, kind.label) for kind in kinds_for(person)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for missing, given in (("quiet_from", "quiet_until"), ("quiet_until", "quiet_from")):
            if data.get(given) and not data.get(missing) and missing not in self.errors:
                self.add_error(missing, forms.ValidationError(_("Quiet hours need both ends."), code="quiet_hours"))
        return data
