"""What finance enters, checked before any rule is asked."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from brokers.models import Agency
from channels_platform.http.amounts import AmountField
from channels_platform.http.once import OnceForm
from channels_platform.presentation import formats
from commissions.advances import Room
from commissions.batch_sheets import currencies_of
from leads.models import Payment
from projects.models import PayingCompany, Project

_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_REFERENCE = {"autocomplete": "off", "maxlength": "80", "spellcheck": "false"}
_INSTANTS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M"]


class LocalInstantField(forms.DateTimeField):
    """Wall-clock time as it is typed; whose clock it is, the form knows."""

    widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    input_formats = _INSTANTS  # type: ignore[assignment]

    def to_python(self, value: Any) -> datetime | None:
        found = None
        for pattern in _INSTANTS if isinstance(value, str) else ():
            try:
                found = datetime.strptime(value.strip(), pattern)  # noqa: DTZ007 - a wall clock's
            except ValueError:
                continue
            break
        if found is None and value not in self.empty_values:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return found


class DraftForm(OnceForm):
    """Which company's payables to gather, up to when; times are the company's."""

    company = forms.ModelChoiceField(
        label=gettext_lazy("Paying company"), queryset=PayingCompany.objects.none(), to_field_name="code"
    )
    currency = forms.CharField(label=gettext_lazy("Currency"), max_length=3, required=False)
    cutoff = LocalInstantField(label=gettext_lazy("Cut-off"), required=False)

    def __init__(self, *args: Any, companies: QuerySet[PayingCompany], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["company"].queryset = companies  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        company = cleaned.get("company")
        if company is None:
            return cleaned
        known = currencies_of(company)
        if not cleaned.get("currency") and len(known) == 1:
            cleaned["currency"] = known[0]
        elif not cleaned.get("currency"):
            self.add_error("currency", _("The company's projects have several currencies: choose one."))
        elif cleaned["currency"] not in known:
            self.add_error("currency", _("None of the company's projects has this currency."))
        if cleaned.get("cutoff") is not None:
            cleaned["cutoff"] = cleaned["cutoff"].replace(tzinfo=company.zone)
        return cleaned


class ReasonForm(OnceForm):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        error_messages={"required": gettext_lazy("Write a reason.")},
    )


class CallBackForm(ReasonForm):
    """Returning or giving up a batch that bank files were made of: whether they may pay it has to be said."""

    unsent = forms.BooleanField(
        label=gettext_lazy("No bank file of this batch was sent, or the bank refused all of it"),
        error_messages={
            "required": gettext_lazy("If a file is at the bank, the money may go out twice: ask the bank first.")
        },
    )
    not_sent = forms.CharField(
        label=gettext_lazy("How this is known"),
        max_length=2000,
        widget=forms.Textarea({"rows": 2}),
        error_messages={"required": gettext_lazy("Say how this is known: who looked, or whom the bank told.")},
    )
    field_order = ("reason", "unsent", "not_sent")


class SeenForm(OnceForm):
    """`seen`: the digest of what stood on the page; nobody decides without it."""

    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("seen"):
            raise forms.ValidationError(_("Open this page again and look at it, then decide."), code="required")
        return cleaned


class HoldForm(ReasonForm):
    """Whole days, on the clock of the project that they were entered at."""

    everywhere = forms.BooleanField(label=gettext_lazy("In all projects"), required=False)
    from_on = forms.DateField(
        label=gettext_lazy("First day"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Empty: from now on."),
    )
    until_on = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Empty: until another person lifts it."),
    )
    field_order = ("reason", "everywhere", "from_on", "until_on")

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._zone = zone
        self.fields["reason"].help_text = gettext_lazy("The payee reads it.")

    def span(self) -> dict[str, datetime | None]:
        """Return the instants from which and until which it holds."""
        first, last = self.cleaned_data["from_on"], self.cleaned_data["until_on"]
        return {
            "from_at": self._midnight(first) if first is not None else None,
            "until_at": self._midnight(last + timedelta(days=1)) if last is not None else None,
        }

    def clean_until_on(self) -> date | None:
        last: date | None = self.cleaned_data["until_on"]
        if last is not None and last.year > _LAST_YEAR:
            raise forms.ValidationError(_("This day is too far away."), code="out_of_range")
        return last

    def clean_from_on(self) -> date | None:
        first: date | None = self.cleaned_data["from_on"]
        if first is not None and not _FIRST_YEAR <= first.year <= _LAST_YEAR:
            raise forms.ValidationError(_("This day is too far away."), code="out_of_range")
        return first

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=self._zone)


class PaymentForm(OnceForm):
    """Money received for a deal, or given back; times are the project's."""

    way = forms.ChoiceField(
        label=gettext_lazy("What happened"),
        choices=[("received", gettext_lazy("Received")), ("refunded", gettext_lazy("Refunded"))],
        initial="received",
    )
    amount = AmountField(label=gettext_lazy("Amount"))
    source = forms.ChoiceField(label=gettext_lazy("Source"), choices=Payment.Source.choices)
    received_at = LocalInstantField(
        label=gettext_lazy("When"), required=False, help_text=gettext_lazy("The project's time. Empty: now.")
    )
    reference = forms.CharField(
        label=gettext_lazy("Bank reference"),
        max_length=80,
        widget=forms.TextInput(_REFERENCE),
        help_text=gettext_lazy("As on the bank statement. Each reference is recorded once per project."),
    )

    def clean_amount(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount"]
        if amount <= 0:
            raise forms.ValidationError(_("The amount must be above 0. A refund is chosen above."), code="not_positive")
        return amount

    @property
    def signed_amount(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount"]
        return -amount if self.cleaned_data["way"] == "refunded" else amount


class RepaymentForm(OnceForm):
    amount = AmountField(label=gettext_lazy("Amount"))
    reference = forms.CharField(label=gettext_lazy("Bank reference"), max_length=80, widget=forms.TextInput(_REFERENCE))


class WriteOffForm(ReasonForm):
    amount = AmountField(label=gettext_lazy("Amount"))
    field_order = ("amount", "reason")


class AdjustmentForm(ReasonForm):
    """An amount to give to a payee or to take, with the paper that says why."""

    way = forms.ChoiceField(
        label=gettext_lazy("What is to happen"),
        choices=[("give", gettext_lazy("Give to the payee")), ("take", gettext_lazy("Take from the payee"))],
        initial="give",
    )
    amount = AmountField(label=gettext_lazy("Amount"))
    attachment = forms.FileField(
        label=gettext_lazy("Paper (optional)"),
        required=False,
        help_text=gettext_lazy("A photo or PDF of up to 10 MB: a letter, an approval."),
        widget=forms.ClearableFileInput({"accept": "image/jpeg,image/png,image/webp,application/pdf"}),
    )
    field_order = ("way", "amount", "reason", "attachment")

    def clean_amount(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount"]
        if amount <= 0:
            raise forms.ValidationError(_("The amount must be above 0."), code="not_positive")
        return amount

    @property
    def signed_amount(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount"]
        return -amount if self.cleaned_data["way"] == "take" else amount


class AdvanceForm(ReasonForm):
    """How much of what is pending to pay now, to whom and for which project."""

    place = forms.ChoiceField(label=gettext_lazy("Agency and project"))
    amount = AmountField(label=gettext_lazy("Amount"))
    field_order = ("place", "amount", "reason")

    def __init__(self, *args: Any, rooms: list[Room], own: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rooms = {f"{room.agency.pk}:{room.project.pk}": room for room in rooms}
        place = self.fields["place"]
        place.choices = [(key, _place(room, own)) for key, room in self.rooms.items()]  # type: ignore[attr-defined]
        if own:
            place.label = gettext_lazy("Project")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["room"] = self.rooms.get(cleaned.get("place", ""))
        return cleaned


def _place(room: Room, own: bool) -> str:
    currency = room.project.currency
    facts = {
        "place": room.project.name if own else f"{room.agency.name} · {room.project.name}",
        "most": f"{formats.money(room.most, currency)} {currency}",
    }
    return _("%(place)s (up to %(most)s)") % facts


class AdvanceLimitForm(ReasonForm):
    """Up to how much an agency may have advanced, where, and for which fee."""

    agency = forms.ModelChoiceField(
        label=gettext_lazy("Agency"),
        queryset=Agency.objects.order_by("name"),
        to_field_name="code",
        empty_label=gettext_lazy("Choose"),
    )
    place = forms.ChoiceField(label=gettext_lazy("Where"))
    amount = AmountField(label=gettext_lazy("Limit"), help_text=gettext_lazy("0 ends the limit there is."))
    fee = forms.DecimalField(
        label=gettext_lazy("Fee (%)"),
        min_value=0,
        max_value=99,
        max_digits=6,
        decimal_places=4,
        initial=Decimal(0),
        help_text=gettext_lazy("Of each advance, kept by the company."),
        widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}),
    )
    field_order = ("agency", "place", "amount", "fee", "reason")

    def __init__(self, *args: Any, projects: list[Project], companies: list[PayingCompany], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places: dict[str, tuple[PayingCompany, Project | None, str]] = {}
        choices = []
        for project in projects:
            key = f"p:{project.pk}"
            self.places[key] = (project.company, project, project.currency)
            choices.append((key, f"{project.name} ({project.currency})"))
        for company in companies:
            for currency in currencies_of(company):
                key = f"c:{company.pk}:{currency}"
                self.places[key] = (company, None, currency)
                facts = {"company": company.name, "currency": currency}
                choices.append((key, _("All projects of %(company)s (%(currency)s)") % facts))
        self.fields["place"].choices = choices  # type: ignore[attr-defined]

    @property
    def entered(self) -> dict[str, Any]:
        """What the service asks for."""
        cleaned = self.cleaned_data
        company, project, currency = self.places[cleaned["place"]]
        return {
            "agency": cleaned["agency"],
            "company": company,
            "project": project,
            "currency": currency,
            "amount": cleaned["amount"],
            "fee_rate": cleaned["fee"] / 100,
            "reason": cleaned["reason"],
        }


class DecisionForm(OnceForm):
    """A decision that says why where it declines."""

    decision = forms.ChoiceField(choices=[("approve", "approve"), ("decline", "decline")], widget=forms.HiddenInput)
    answer = forms.CharField(
        label=gettext_lazy("Why (needed to decline)"),
        required=False,
        max_length=2000,
        widget=forms.Textarea({"rows": 2}),
    )


class AnswerForm(OnceForm):
    """How a contested line is answered."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("What becomes of it"),
        choices=[
            ("upheld", gettext_lazy("It stands as it is")),
            ("corrected", gettext_lazy("It was corrected: the next statement shows it")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Say what becomes of it.")},
    )
    answer = forms.CharField(
        label=gettext_lazy("Answer"),
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("The payee reads it."),
        error_messages={"required": gettext_lazy("Write an answer.")},
    )
