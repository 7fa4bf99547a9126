"""What an agency's manager enters about brokers, and an agency from outside about itself."""

from datetime import date
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.db.models import QuerySet
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from brokers.broker_sheets import read_sheet
from brokers.models import Agency, AgencyApplication, Programme, Store
from brokers.models.individual import RelationChoice
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.files.forms import FilesField
from channels_platform.http.once import OnceForm
from channels_platform.http.sheet_forms import SheetForm
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid
from channels_platform.lib.names import clean_text
from channels_platform.lib.phones import parse_phone
from channels_platform.sms.forms import CodeField


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
        self.agency = agency
        self.fields["store"].widget.attrs["list"] = "stores"

    def stores(self) -> list[str]:
        return list(self.agency.stores.values_list("name", flat=True))

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        if phone:
            _must_exist(phone)
        return phone


class StoreForm(OnceForm):
    name = forms.CharField(
        label=gettext_lazy("Name of the store"), max_length=120, widget=forms.TextInput({"autocomplete": "off"})
    )

    def clean_name(self) -> str:
        return clean_text(self.cleaned_data["name"])


class CloseStoreForm(OnceForm):
    """Closing a store: where its brokers go, where there are any."""

    into = forms.ModelChoiceField(
        label=gettext_lazy("Its brokers go to"), queryset=Store.objects.none(), empty_label=gettext_lazy("Choose")
    )

    def __init__(self, *args: Any, others: QuerySet[Store], people: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if people:
            self.fields["into"].queryset = others  # type: ignore[attr-defined]
        else:
            del self.fields["into"]


class MoveForm(OnceForm):
    store = forms.ModelChoiceField(
        label=gettext_lazy("Store"),
        queryset=Store.objects.none(),
        required=False,
        empty_label=gettext_lazy("No store"),
    )

    def __init__(self, *args: Any, stores: QuerySet[Store], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["store"].queryset = stores  # type: ignore[attr-defined]


class SwitchForm(OnceForm):
    reason = forms.CharField(
        label=gettext_lazy("Why (optional)"), required=False, max_length=300, widget=forms.Textarea({"rows": 2})
    )


class BrokerSheetForm(SheetForm):
    """A spreadsheet of brokers to invite."""

    read = staticmethod(read_sheet)
    help_text = gettext_lazy("Up to 200 brokers. Each row is judged alone; the file is not kept.")
    faults = {
        "no_headings": gettext_lazy(
            "No headings for name and user name were found in the first ten rows. Use the template."
        ),
        "no_rows": gettext_lazy("There are no brokers below the headings."),
        "too_many_rows": gettext_lazy("At most 200 brokers in one file. Split it."),
    }


_MISSING = {"required": gettext_lazy("This is needed.")}


class ApplyForm(forms.Form):
    """An agency from outside tells who it is and where money goes."""

    name = forms.CharField(
        label=gettext_lazy("Name of the agency, as on the licence"), max_length=120, error_messages=_MISSING
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=AgencyApplication.Kind.choices)
    licence_no = forms.CharField(
        label=gettext_lazy("Licence number"),
        max_length=60,
        error_messages=_MISSING,
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    licence_until = forms.DateField(
        label=gettext_lazy("Licence valid until"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Left empty, it has no end."),
    )
    files = FilesField(
        label=gettext_lazy("Licence"),
        help_text=gettext_lazy("Photos or PDF, at most 5 files of 10 MB."),
        error_messages={"required": gettext_lazy("Add a photo or PDF of the licence.")},
    )
    bank_name = forms.CharField(label=gettext_lazy("Bank and branch"), max_length=120, error_messages=_MISSING)
    bank_account = forms.RegexField(
        regex=r"^[0-9 -]{8,40}$",
        label=gettext_lazy("Bank account"),
        max_length=40,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={**_MISSING, "invalid": gettext_lazy("Digits only, 8 or more.")},
        help_text=gettext_lazy("Commission is paid here; it must be the agency's own."),
    )
    contact_name = forms.CharField(
        label=gettext_lazy("Contact"),
        max_length=80,
        error_messages=_MISSING,
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    contact_phone = forms.CharField(
        label=gettext_lazy("Contact's phone"),
        max_length=24,
        error_messages=_MISSING,
        widget=forms.TextInput({"inputmode": "tel", "autocomplete": "tel"}),
    )
    contact_email = forms.EmailField(
        label=gettext_lazy("Contact's e-mail"),
        error_messages=_MISSING,
        help_text=gettext_lazy("We answer here; the manager's account is opened for this person."),
    )

    def clean_contact_phone(self) -> str:
        phone: str = self.cleaned_data["contact_phone"]
        _must_exist(phone)
        return phone

    def clean_bank_account(self) -> str:
        account: str = self.cleaned_data["bank_account"]
        return account.replace(" ", "").replace("-", "")

    def clean_licence_until(self) -> date | None:
        until: date | None = self.cleaned_data["licence_until"]
        if until is not None and until < clock.local_date(clock.now(), get_current_timezone()):
            raise forms.ValidationError(_("This licence has ended."), code="past")
        return until


class SupplyForm(forms.Form):
    """What the applicant was asked for."""

    answer = forms.CharField(
        label=gettext_lazy("Your answer"), required=False, max_length=2000, widget=forms.Textarea({"rows": 4})
    )
    files = FilesField(label=gettext_lazy("Papers"), required=False)


class SignUpForm(forms.Form):
    """An individual tells who they are; the account waits to be confirmed."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=80,
        error_messages=_MISSING,
        widget=forms.TextInput({"autocomplete": "name"}),
        help_text=gettext_lazy("As on your bank card: commission is paid to this name."),
    )
    phone = forms.CharField(
        label=gettext_lazy("Your phone"),
        max_length=24,
        error_messages=_MISSING,
        widget=forms.TextInput({"inputmode": "tel", "autocomplete": "tel"}),
        help_text=gettext_lazy("You sign in with it."),
    )
    relation = forms.ChoiceField(
        label=gettext_lazy("What you are to us"),
        choices=RelationChoice.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose one.")},
    )
    detail = forms.CharField(
        label=gettext_lazy("Which home, or which company"),
        max_length=120,
        required=False,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text=gettext_lazy("Building and number of your or your friend's home; the company you work for."),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        error_messages=_MISSING,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=gettext_lazy("At least 10 characters, not only digits."),
    )
    agreed = forms.BooleanField(
        label=gettext_lazy("My name and phone may be kept to confirm me and to pay me."),
        error_messages={"required": gettext_lazy("Without it no account can be opened.")},
    )

    def clean_name(self) -> str:
        name = clean_text(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError(_("This is needed."), code="required")
        return name

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        _must_exist(phone)
        return phone

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, User(name=self.cleaned_data.get("name", "")))
        return password


class ProveForm(forms.Form):
    digits = CodeField(label=gettext_lazy("Code from the text message"), autocomplete="one-time-code")


class ForgotForm(forms.Form):
    phone = forms.CharField(
        label=gettext_lazy("Your phone"),
        max_length=24,
        error_messages=_MISSING,
        widget=forms.TextInput({"inputmode": "tel", "autocomplete": "tel", "autofocus": True}),
    )

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        _must_exist(phone)
        return phone


class AnotherPasswordForm(ProveForm):
    password = forms.CharField(
        label=gettext_lazy("New password"),
        strip=False,
        error_messages=_MISSING,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=gettext_lazy("At least 10 characters, not only digits."),
    )

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password)
        return password


class LinkForm(OnceForm):
    """Whose programme a recruiting link is to be of."""

    programme = forms.ModelChoiceField(queryset=Programme.objects.none(), widget=forms.HiddenInput)

    def __init__(self, *args: Any, programmes: QuerySet[Programme], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["programme"].queryset = programmes  # type: ignore[attr-defined]


def _must_exist(phone: str) -> None:
    try:
        parse_phone(phone)
    except Invalid as wrong:
        raise forms.ValidationError(_("This is not a phone number that exists. Check the digits.")) from wrong
