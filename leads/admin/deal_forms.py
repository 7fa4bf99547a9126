"""The questions of a deal's moves."""

from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.adminkit.forms import ActForm, ReasonForm, dress
from channels_platform.http.amounts import AmountField, in_currency
from channels_platform.lib.errors import Invalid
from channels_platform.lib.money import exact_text, minor_digits, parse_fraction
from leads.models import Consultant, Deal, Payment, Referral
from leads.services.deals import Buyer
from leads.services.expected_dates import FIELDS
from projects.models import Project, Unit
from projects.states import UnitState

MOST_BUYERS = 4
MOST_SHARES = 6
_BUYERS = frozenset(f"buyer_{place}_{part}" for place in range(MOST_BUYERS) for part in ("name", "phone"))


class MomentField(forms.DateTimeField):
    """When it happened; empty: now. People write the project's local time: see `on_project_clock`."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("help_text", gettext_lazy("The project's local time; empty: now."))
        super().__init__(**kwargs)


def on_project_clock(data: dict[str, Any], zone: ZoneInfo, *names: str) -> None:
    """Read what was typed as the project's local time: the form read it as the site's."""
    for name in names:
        if data.get(name) is not None:
            data[name] = timezone.make_naive(data[name]).replace(tzinfo=zone)


def amount_field(label: Any, *, required: bool = True, **kwargs: Any) -> AmountField:
    return AmountField(label=label, required=required, max_digits=18, decimal_places=4, **kwargs)


def check_digits(form: forms.Form, currency: str, *names: str) -> None:
    """Put a fault beside each amount that the currency cannot express."""
    digits = minor_digits(currency)
    for name in names:
        value = form.cleaned_data.get(name)
        if value is not None and value != round(value, digits):
            message = _("%(currency)s has %(n)s digits after the point.") % {"currency": currency, "n": digits}
            form.add_error(name, ValidationError(message, code="too_many_decimals"))


class MoveForm(ActForm):
    at = MomentField(label=gettext_lazy("When"))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        on_project_clock(data, self.target.project.zone, "at")
        return data


class CancelForm(MoveForm):
    reason = forms.CharField(
        label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), help_text=gettext_lazy("Kept for ever.")
    )


def _buyer_rows(form: forms.Form, *, first_required: bool) -> None:
    for place in range(MOST_BUYERS):
        needed = first_required and place == 0
        form.fields[f"buyer_{place}_name"] = forms.CharField(
            label=_("Buyer %(n)s: name") % {"n": place + 1}, required=needed, max_length=80
        )
        form.fields[f"buyer_{place}_phone"] = forms.CharField(
            label=_("Buyer %(n)s: phone") % {"n": place + 1}, required=needed, max_length=40
        )


def read_buyers(data: dict[str, Any]) -> list[Buyer]:
    """Return the buyers filled in, in their order."""
    rows = [(data.get(f"buyer_{n}_name") or "", data.get(f"buyer_{n}_phone") or "") for n in range(MOST_BUYERS)]
    return [Buyer(name=name, phone=phone) for name, phone in rows if name or phone]


class AmendForm(ReasonForm):
    """What changes; what stays empty stays as it is."""

    half = _BUYERS | {"price", "first_payment_amount"}

    price = amount_field(gettext_lazy("New price"), required=False)
    first_payment_amount = amount_field(gettext_lazy("New first payment"), required=False)
    loan_amount = amount_field(gettext_lazy("New loan"), required=False)
    unit = forms.ModelChoiceField(label=gettext_lazy("Another unit"), queryset=Unit.objects.none(), required=False)

    def prepare(self) -> None:
        in_currency(self, self.target.project.currency)
        free = Unit.objects.filter(project=self.target.project, state__in=[UnitState.AVAILABLE, UnitState.RESERVED])
        self.fields["unit"].queryset = free.order_by("building", "number")
        if self.target.loan_amount is None:
            del self.fields["loan_amount"]
        _buyer_rows(self, first_required=False)
        for place in range(MOST_BUYERS):
            self.fields[f"buyer_{place}_name"].label = _("New buyer %(n)s: name") % {"n": place + 1}
            self.fields[f"buyer_{place}_phone"].label = _("New buyer %(n)s: phone") % {"n": place + 1}
        self.order_fields([name for name in self.fields if name != "reason"] + ["reason"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        check_digits(self, self.target.project.currency, "price", "first_payment_amount", "loan_amount")
        return data


class PaymentForm(ActForm):
    amount = amount_field(gettext_lazy("Amount"), help_text=gettext_lazy("A refund is negative."))
    source = forms.ChoiceField(label=gettext_lazy("Source"), choices=Payment.Source.choices)
    reference = forms.CharField(
        label=gettext_lazy("Bank reference"),
        max_length=80,
        help_text=gettext_lazy("Each counts once per project, however often it is entered."),
    )
    received_at = MomentField(label=gettext_lazy("Received"))

    def prepare(self) -> None:
        in_currency(self, self.target.project.currency)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        check_digits(self, self.target.project.currency, "amount")
        on_project_clock(data, self.target.project.zone, "received_at")
        return data


class ExpectedForm(ActForm):
    """When milestones are expected; a field left empty is not known."""

    half = frozenset(FIELDS)

    first_payment_due_on = forms.DateField(label=gettext_lazy("First payment due"), required=False)
    loan_expected_on = forms.DateField(label=gettext_lazy("Loan expected"), required=False)
    full_payment_due_on = forms.DateField(label=gettext_lazy("Full payment due"), required=False)
    handover_expected_on = forms.DateField(label=gettext_lazy("Handover expected"), required=False)

    def prepare(self) -> None:
        for name, field in self.fields.items():
            field.initial = getattr(self.target, name)
        if self.target.loan_amount is None:
            del self.fields["loan_expected_on"]


class SharesForm(ReasonForm):
    """Who has the deal: referrals of its project with fractions that sum to exactly 1, or nobody."""

    half = frozenset(f"{part}_{place}" for place in range(MOST_SHARES) for part in ("referral", "fraction"))

    natural = forms.BooleanField(
        label=gettext_lazy("Nobody: a natural deal"),
        required=False,
        help_text=gettext_lazy("Then all rows below stay empty."),
    )

    def deal(self) -> Deal:
        return self.target

    def prepare(self) -> None:
        held = list(self.deal().shares.filter(ended_at__isnull=True).select_related("referral").order_by("pk"))
        for place in range(MOST_SHARES):
            share = held[place] if place < len(held) else None
            self.fields[f"referral_{place}"] = forms.CharField(
                label=_("Referral %(n)s") % {"n": place + 1},
                required=False,
                max_length=40,
                initial=share.referral.number if share else "",
            )
            self.fields[f"fraction_{place}"] = forms.CharField(
                label=_("Share %(n)s") % {"n": place + 1},
                required=False,
                max_length=20,
                initial=exact_text(share.fraction) if share else "",
                help_text=_("Such as 1, 1/2 or 0.5.") if place == 0 else "",
            )
        self.order_fields([name for name in self.fields if name != "reason"] + ["reason"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["shares"] = [share for place in range(MOST_SHARES) if (share := self._share(place))]
        if self.errors:
            return data
        if data.get("natural") and data["shares"]:
            self.add_error("natural", _("Either nobody has the deal, or the referrals below."))
        elif not data.get("natural") and sum(fraction for _referral, fraction in data["shares"]) != 1:
            self.add_error(None, _("The shares must sum to exactly 1; for a natural deal say so."))
        return data

    def _share(self, place: int) -> tuple[Referral, Fraction] | None:
        number = (self.cleaned_data.get(f"referral_{place}") or "").strip()
        text = (self.cleaned_data.get(f"fraction_{place}") or "").strip()
        if not number and not text:
            return None
        referral = Referral.objects.filter(project=self.deal().project, number=number.upper()).first()
        if referral is None:
            self.add_error(f"referral_{place}", _("This project has no referral of that number."))
        try:
            fraction = parse_fraction(text)
        except Invalid:
            self.add_error(f"fraction_{place}", _("Write a fraction such as 1/2 or 0.5."))
            return None
        if not 0 < fraction <= 1:
            self.add_error(f"fraction_{place}", _("A share is above 0 and at most 1."))
            return None
        return (referral, fraction) if referral else None


class SubscribeForm(forms.ModelForm):
    """A new deal, with its buyers of record."""

    visitor_number = forms.CharField(
        label=gettext_lazy("Came under referral"),
        required=False,
        max_length=40,
        help_text=gettext_lazy("Its number; counts only where the project credits purchases in another name."),
    )
    at = MomentField(label=gettext_lazy("Subscribed"))

    class Meta:
        model = Deal
        fields = ("project", "unit", "price", "method", "first_payment_amount", "loan_amount", "consultant")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "unit" in self.fields:
            _buyer_rows(self, first_required=True)
        dress(self)

    def _post_clean(self) -> None:
        # The service judges and makes the deal; a half-filled instance would only be judged twice.
        self.instance = Deal()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        project: Project | None = data.get("project")
        if project is None:
            return data
        check_digits(self, project.currency, "price", "first_payment_amount", "loan_amount")
        on_project_clock(data, project.zone, "at")
        unit: Unit | None = data.get("unit")
        if unit is not None and unit.project_id != project.pk:
            self.add_error("unit", _("That unit belongs to another project."))
        consultant: Consultant | None = data.get("consultant")
        if consultant is not None and consultant.project_id != project.pk:
            self.add_error("consultant", _("That consultant works on another project."))
        number = (data.get("visitor_number") or "").strip()
        data["visitor"] = Referral.objects.filter(project=project, number=number.upper()).first() if number else None
        if number and data["visitor"] is None:
            self.add_error("visitor_number", _("This project has no referral of that number."))
        return data
