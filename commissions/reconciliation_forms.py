"""What an agency enters to have its own ledger compared."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.http.once import OnceForm
from channels_platform.lib.sheets import LARGEST
from commissions.ledger_rows import READ_FIELDS
from commissions.models import Reconciliation
from projects.models import PayingCompany

_DATE = {"type": "date"}
_WORDS = {
    "deal": gettext_lazy("Deal number"),
    "unit": gettext_lazy("Unit"),
    "client": gettext_lazy("Client"),
    "date": gettext_lazy("Contract date"),
    "amount": gettext_lazy("Amount"),
}


class LedgerForm(OnceForm):
    """The own ledger of a span; under which headings it holds what is remembered for the next time."""

    place = forms.ChoiceField(label=gettext_lazy("Paying company"))
    from_on = forms.DateField(
        label=gettext_lazy("Deals contracted from"), widget=forms.DateInput(_DATE, format="%Y-%m-%d")
    )
    to_on = forms.DateField(label=gettext_lazy("to"), widget=forms.DateInput(_DATE, format="%Y-%m-%d"))
    figure = forms.ChoiceField(label=gettext_lazy("What its amounts are"), choices=Reconciliation.Figure.choices)
    file = forms.FileField(
        label=gettext_lazy("Your ledger (XLSX or CSV)"),
        widget=forms.ClearableFileInput({"accept": ".xlsx,.csv,text/csv,text/plain"}),
        error_messages={"required": gettext_lazy("Choose the file.")},
    )

    def __init__(
        self, *args: Any, places: list[tuple[PayingCompany, str]], headings: dict[str, str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.places = {f"{company.code}:{currency}": (company, currency) for company, currency in places}
        place: Any = self.fields["place"]
        place.choices = [(key, f"{company.name} · {currency}") for key, (company, currency) in self.places.items()]
        for name in READ_FIELDS:
            self.fields[f"heading_{name}"] = forms.CharField(
                label=_WORDS[name], max_length=60, required=False, initial=headings.get(name, ""),
                widget=forms.TextInput({"autocomplete": "off"}),
            )  # fmt: skip

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError(_("This file is too large; the most is 2 MB."), code="file_too_large")
        return file

    def sent_ledger(self) -> dict[str, Any]:
        """Return what was entered, as the service takes it."""
        told = self.cleaned_data
        company, currency = self.places[told["place"]]
        span: dict[str, date] = {name: told[name] for name in ("from_on", "to_on")}
        return {
            "company": company,
            "currency": currency,
            **span,
            "figure": told["figure"],
            "name": told["file"].name,
            "data": told["file"].read(),
            "headings": {name: told[f"heading_{name}"] for name in READ_FIELDS},
        }

    def own_fields(self) -> list[Any]:
        return [self[name] for name in ("place", "from_on", "to_on", "figure", "file")]

    def heading_fields(self) -> list[Any]:
        return [self[f"heading_{name}"] for name in READ_FIELDS]
