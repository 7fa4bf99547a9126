"""What an agency's manager enters about brokers."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from brokers.models import Agency
from channels_platform.accounts.permissions import Role
from channels_platform.http.once import OnceForm
from channels_platform.lib.errors import Invalid
from channels_platform.lib.phones import parse_phone


class InviteForm(OnceForm):
    """A new broker of the agency; the account waits for its invitation."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, widget=forms.TextInput({"autocomplete": "off"}))
    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=60,
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        help_text=gettext_lazy("The broker signs in with it."),
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        required=False,
        max_length=24,
        widget=forms.TextInput({"inputmode": "tel", "autocomplete": "off"}),
        help_text=gettext_lazy("Clients cannot be filed under a broker's own number."),
    )
    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)
    store = forms.CharField(label=gettext_lazy("Store"), required=False, max_length=120)
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=[(Role.BROKER, gettext_lazy("Broker")), (Role.AGENCY_ADMIN, gettext_lazy("Agency manager"))],
    )

    def __init__(self, *args: Any, agency: Agency, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stores = list(agency.stores.values_list("name", flat=True))
        self.fields["store"].widget.attrs["list"] = "stores"

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        if phone:
            try:
                parse_phone(phone)
            except Invalid as wrong:
                raise forms.ValidationError(_("This is not a phone number that exists. Check the digits.")) from wrong
        return phone


class SwitchForm(OnceForm):
    reason = forms.CharField(
        label=gettext_lazy("Why (optional)"), required=False, max_length=300, widget=forms.Textarea({"rows": 2})
    )
