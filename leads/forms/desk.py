"""The desk's forms: arrivals, who receives the client, walk-ins, a deal in draft."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.http.amounts import AmountField, in_currency
from channels_platform.http.once import OnceForm
from channels_platform.lib.names import clean_text
from channels_platform.lib.phones import fits_mask, national
from leads.forms.phones import NO_PHONE, PHONE, PhonesField, check_phone
from leads.models import Consultant, Deal, Referral
from projects.models import Project, Unit
from projects.states import UnitState


class ConfirmForm(OnceForm):
    """An arrival: full numbers where the filing is masked, a manager's reason where a check is set aside."""

    phones = PhonesField(label=gettext_lazy("Full numbers"), required=False)
    override_reason = forms.CharField(
        label=gettext_lazy("Reason for setting the check aside"),
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        error_messages={"required": gettext_lazy("Write down why the check is set aside.")},
    )

    def __init__(
        self, *args: Any, masks: Sequence[str] = (), may_override: bool = False, known: str = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.masks = list(masks)
        self.known = known
        if not may_override:
            del self.fields["override_reason"]

    def clean_override_reason(self) -> str:
        text = clean_text(self.cleaned_data["override_reason"])
        if not text:
            raise forms.ValidationError(self.fields["override_reason"].error_messages["required"], code="required")
        return text

    def clean_phones(self) -> list[str]:
        phones: list[str] = self.cleaned_data["phones"]
        if len(phones) != len(self.masks):
            raise forms.ValidationError(_("Enter the full number beside each mask."), code="required")
        for phone in phones:
            check_phone(phone, masked=False)
        return phones

    def phone_rows(self) -> list[tuple[str, str]]:
        if self.is_bound:
            typed = self["phones"].value() or []
        else:
            typed = [national(self.known) if self.known and fits_mask(self.known, one) else "" for one in self.masks]
        padded = [*typed, *[""] * len(self.masks)]
        return list(zip(self.masks, padded, strict=False))


class ConsultantField(forms.ModelChoiceField):
    """Consultants by name; who is off duty is marked."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj) if obj.on_duty else _("%(name)s (off duty)") % {"name": obj}


class AssignForm(OnceForm):
    consultant = ConsultantField(
        label=gettext_lazy("Consultant"),
        queryset=Consultant.objects.none(),
        empty_label=gettext_lazy("Choose a consultant"),
        error_messages={"required": gettext_lazy("Choose who receives the client.")},
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        error_messages={"required": gettext_lazy("Say why the consultant changes.")},
    )

    def __init__(self, *args: Any, referral: Referral, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        on_site = Consultant.objects.filter(project=referral.project_id, user__is_active=True).select_related("user")
        self.fields["consultant"].queryset = on_site.exclude(pk=referral.consultant_id)  # type: ignore[attr-defined]


class NaturalVisitForm(OnceForm):
    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        max_length=24,
        widget=forms.TextInput({**PHONE, "autofocus": True}),
        error_messages={"required": NO_PHONE},
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
    price = AmountField(label=gettext_lazy("Price"), min_value=Decimal("0.01"))
    method = forms.ChoiceField(label=gettext_lazy("Payment method"), choices=Deal.Method.choices)
    first_payment_amount = AmountField(label=gettext_lazy("First payment"), min_value=Decimal(0))
    loan_amount = AmountField(
        label=gettext_lazy("Loan"),
        required=False,
        min_value=Decimal("0.01"),
        help_text=gettext_lazy("For a mortgage; left empty, it is the rest of the price."),
    )
    names = PhonesField(required=False)
    phones = PhonesField(required=False)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = Unit.objects.filter(project=project, state__in=[UnitState.AVAILABLE, UnitState.RESERVED])
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        in_currency(self, project.currency)

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
