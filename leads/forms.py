"""What people enter about clients, checked before any rule is asked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.http.once import OnceForm
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid
from channels_platform.lib.phones import parse_mask, parse_phone
from leads.models import Consultant, Deal, Referral
from leads.services.filing import MOST_PHONES
from projects.models import Project, Unit
from projects.selectors import current_policy
from projects.states import PhoneMode, UnitState

_PHONE = {"inputmode": "tel", "autocomplete": "off", "maxlength": "24"}
_AMOUNT = {"inputmode": "decimal", "autocomplete": "off", "maxlength": "20"}


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


class FileForm(OnceForm):
    """A broker files a client; times are the project's."""

    project = forms.ModelChoiceField(
        label=gettext_lazy("Project"), queryset=Project.objects.none(), empty_label=gettext_lazy("Choose a project")
    )
    client_name = forms.CharField(
        label=gettext_lazy("Client's name"), max_length=80, widget=forms.TextInput({"autocomplete": "off"})
    )
    phones = PhonesField(label=gettext_lazy("Phone"))
    expected_arrival = forms.DateTimeField(
        label=gettext_lazy("Expected arrival"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )
    party_size = forms.IntegerField(
        label=gettext_lazy("How many people"),
        required=False,
        min_value=1,
        max_value=50,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )
    note = forms.CharField(
        label=gettext_lazy("Note for reception"), required=False, max_length=500, widget=forms.Textarea({"rows": 2})
    )

    def __init__(self, *args: Any, projects: QuerySet[Project], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wrong_phones: set[str] = set()
        self.fields["project"].queryset = projects  # type: ignore[attr-defined]
        self.fields["project"].widget.attrs["data-project-choice"] = ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        project = cleaned.get("project")
        if project is not None:
            self._check_phones(cleaned.get("phones") or [], project)
            self._check_arrival(cleaned, project)
        return cleaned

    def _check_phones(self, phones: Sequence[str], project: Project) -> None:
        if len(phones) > MOST_PHONES:
            self.add_error("phones", _("At most %(n)s phones.") % {"n": MOST_PHONES})
        masked = is_masked(project)
        for phone in phones:
            try:
                check_phone(phone, masked=masked)
            except forms.ValidationError as wrong:
                self.wrong_phones.add(phone)
                if "phones" not in self.errors:
                    self.add_error("phones", wrong)

    def _check_arrival(self, cleaned: dict[str, Any], project: Project) -> None:
        arrival: datetime | None = cleaned.get("expected_arrival")
        if arrival is None:
            return
        # The browser sends wall-clock time; it is the project's, wherever the broker is.
        arrival = arrival.replace(tzinfo=project.zone)
        cleaned["expected_arrival"] = arrival
        if arrival < clock.now() - timedelta(minutes=5):
            self.add_error("expected_arrival", _("This time is past."))

    def phone_rows(self) -> list[tuple[str, bool]]:
        """What stands in the phone inputs, and whether it is at fault: as typed, padded to the most there may be."""
        typed = [one for one in (self["phones"].value() or []) if one] if self.is_bound else []
        rows = [(one, one in self.wrong_phones) for one in typed] or [("", bool(self["phones"].errors))]
        return [*rows, *[("", False)] * MOST_PHONES][:MOST_PHONES]


class PhoneForm(OnceForm):
    phone = forms.CharField(label=gettext_lazy("Phone"), max_length=24, widget=forms.TextInput(_PHONE))

    def __init__(self, *args: Any, masked: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.masked = masked
        if masked:
            self.fields["phone"].widget.attrs["placeholder"] = "138****5678"
            self.fields["phone"].help_text = _("The first three and last four digits.")

    def clean_phone(self) -> str:
        return check_phone(self.cleaned_data["phone"], masked=self.masked)


class WithdrawForm(OnceForm):
    reason = forms.CharField(
        label=gettext_lazy("Why (optional)"), required=False, max_length=500, widget=forms.Textarea({"rows": 2})
    )


class ContestForm(OnceForm):
    claim_text = forms.CharField(
        label=gettext_lazy("What happened, and why the outcome is wrong"),
        max_length=2000,
        widget=forms.Textarea({"rows": 5}),
        help_text=gettext_lazy("Say when you met the client, and what shows it. A manager reads and decides."),
    )


class ConfirmForm(OnceForm):
    """An arrival: full numbers where the filing is masked, a manager's reason where a check is set aside."""

    phones = PhonesField(label=gettext_lazy("Full numbers"), required=False)
    override_reason = forms.CharField(
        label=gettext_lazy("Reason for setting the check aside"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
    )

    def __init__(self, *args: Any, masks: Sequence[str] = (), may_override: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.masks = list(masks)
        if not may_override:
            del self.fields["override_reason"]

    def clean_phones(self) -> list[str]:
        phones: list[str] = self.cleaned_data["phones"]
        if len(phones) != len(self.masks):
            raise forms.ValidationError(_("Enter the full number beside each mask."), code="required")
        for phone in phones:
            check_phone(phone, masked=False)
        return phones

    def phone_rows(self) -> list[tuple[str, str]]:
        typed = (self["phones"].value() or []) if self.is_bound else []
        padded = [*typed, *[""] * len(self.masks)]
        return list(zip(self.masks, padded, strict=False))


class AssignForm(OnceForm):
    consultant = forms.ModelChoiceField(label=gettext_lazy("Consultant"), queryset=Consultant.objects.none())
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)

    def __init__(self, *args: Any, referral: Referral, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        on_site = Consultant.objects.filter(project=referral.project_id, user__is_active=True).select_related("user")
        self.fields["consultant"].queryset = on_site.exclude(pk=referral.consultant_id)  # type: ignore[attr-defined]


class NaturalVisitForm(OnceForm):
    phone = forms.CharField(
        label=gettext_lazy("Phone"), max_length=24, widget=forms.TextInput({**_PHONE, "autofocus": True})
    )
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=80, required=False, widget=forms.TextInput({"autocomplete": "off"})
    )

    def clean_phone(self) -> str:
        return check_phone(self.cleaned_data["phone"], masked=False)


class SubscribeForm(OnceForm):
    """A deal in draft by the consultant: unit, terms and buyers of record."""

    MOST_BUYERS = 4
    unit = forms.ModelChoiceField(
        label=gettext_lazy("Unit"),
        queryset=Unit.objects.none(),
        required=False,
        empty_label=gettext_lazy("No unit yet"),
    )
    price = forms.DecimalField(label=gettext_lazy("Price"), min_value=Decimal("0.01"), widget=forms.TextInput(_AMOUNT))
    method = forms.ChoiceField(label=gettext_lazy("Payment method"), choices=Deal.Method.choices)
    first_payment_amount = forms.DecimalField(
        label=gettext_lazy("First payment"), min_value=Decimal(0), widget=forms.TextInput(_AMOUNT)
    )
    loan_amount = forms.DecimalField(
        label=gettext_lazy("Loan"),
        required=False,
        min_value=Decimal("0.01"),
        widget=forms.TextInput(_AMOUNT),
        help_text=gettext_lazy("For a mortgage; left empty, it is the rest of the price."),
    )
    names = PhonesField(required=False)
    phones = PhonesField(required=False)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = Unit.objects.filter(project=project, state__in=[UnitState.AVAILABLE, UnitState.RESERVED])
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["buyers"] = [(name, phone) for name, phone in self.buyer_rows() if name or phone]
        if not cleaned["buyers"]:
            self.add_error("phones", _("Enter at least one buyer with a phone."))
        for _name, phone in cleaned["buyers"]:
            try:
                check_phone(phone, masked=False)
            except forms.ValidationError as wrong:
                self.add_error("phones", wrong)
                break
        return cleaned

    def buyer_rows(self) -> list[tuple[str, str]]:
        if not self.is_bound:
            return [("", "")] * self.MOST_BUYERS
        names, phones = self["names"].value() or [], self["phones"].value() or []
        rows = list(zip([*names, *[""] * self.MOST_BUYERS], [*phones, *[""] * self.MOST_BUYERS], strict=False))
        return rows[: self.MOST_BUYERS]
