"""What finance enters about the bank: accounts, how its files look, how its results read."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from brokers.account_forms import AccountForm
from brokers.models import Agency, Broker
from channels_platform.http.once import OnceForm
from channels_platform.lib.errors import Invalid
from channels_platform.lib.names import clean_text
from channels_platform.lib.sheets import LARGEST
from commissions.engine.bank_files import FIELDS, FileColumn, Layout
from commissions.engine.bank_results import OUTCOMES
from commissions.models import BankTemplate
from commissions.services.bank_results import READ_FIELDS

_TYPED = {"autocomplete": "off", "spellcheck": "false"}
FIELD_WORDS = {
    "": gettext_lazy("(no column)"),
    "line": gettext_lazy("Line's id"),
    "number": gettext_lazy("Running number"),
    "holder": gettext_lazy("Account holder"),
    "bank": gettext_lazy("Bank and branch"),
    "branch": gettext_lazy("Branch code"),
    "account": gettext_lazy("Account number"),
    "amount": gettext_lazy("Amount"),
    "currency": gettext_lazy("Currency"),
    "purpose": gettext_lazy("Batch number"),
    "company": gettext_lazy("Paying company"),
    "day": gettext_lazy("Day of the file"),
    "text": gettext_lazy("A fixed text"),
}
OUTCOME_WORDS = {
    "paid": gettext_lazy("Paid"),
    "failed": gettext_lazy("Failed"),
    "returned": gettext_lazy("Returned"),
    "unknown": gettext_lazy("Unknown, to be asked"),
}
READ_WORDS = {
    "line": gettext_lazy("Line's id"),
    "account": gettext_lazy("Account number"),
    "amount": gettext_lazy("Amount"),
    "outcome": gettext_lazy("Result"),
    "reference": gettext_lazy("Bank reference"),
    "reason": gettext_lazy("Reason"),
}
SPARE_ROWS = 3


class PartyAccountForm(AccountForm):
    """An account of an agency, named by its code, or of a broker, named by the user name."""

    party = forms.CharField(
        label=gettext_lazy("Agency's code, or broker's user name"), max_length=150, widget=forms.TextInput(_TYPED)
    )
    field_order = ("party", "holder", "bank_name", "branch_code", "account")

    def __init__(self, *args: Any, agencies: QuerySet[Agency], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.agencies = agencies

    def clean_party(self) -> Agency | Broker:
        named = self.cleaned_data["party"].strip()
        brokers = Broker.objects.select_related("user").filter(agency__in=self.agencies)
        found = self.agencies.filter(code=named).first() or brokers.filter(user__username=named).first()
        if found is None:
            raise forms.ValidationError(_("No agency or broker is called this."), code="unknown")
        return found


class ConfirmForm(OnceForm):
    number = forms.CharField(
        label=gettext_lazy("Account number, as the payee's papers show it"),
        max_length=60,
        widget=forms.TextInput({**_TYPED, "inputmode": "numeric"}),
        error_messages={"required": gettext_lazy("This is needed.")},
        help_text=gettext_lazy("Type it from the papers: it has to be the one that was asked for."),
    )


@dataclass
class ColumnRow:
    """One row of the template's table, as shown."""

    field: str
    heading: str
    text: str


class TemplateForm(OnceForm):
    """A company's bank file; its columns are rows of a table, read from `field-N`, `heading-N`, `text-N`."""

    name = forms.CharField(label=gettext_lazy("Template's name"), max_length=80, widget=forms.TextInput(_TYPED))
    headings = forms.BooleanField(label=gettext_lazy("A line of headings"), required=False)
    first_line = forms.CharField(
        label=gettext_lazy("First line"),
        max_length=200,
        required=False,
        strip=False,
        widget=forms.TextInput(_TYPED),
        help_text=gettext_lazy("May hold {count}, {total}, {batch}, {company} and {day}. Empty: none."),
    )
    last_line = forms.CharField(
        label=gettext_lazy("Last line"), max_length=200, required=False, strip=False, widget=forms.TextInput(_TYPED)
    )
    delimiter = forms.ChoiceField(label=gettext_lazy("Between columns"), choices=BankTemplate.Delimiter.choices)
    encoding = forms.ChoiceField(label=gettext_lazy("Encoding"), choices=BankTemplate.Encoding.choices)
    amounts = forms.ChoiceField(label=gettext_lazy("Amounts"), choices=BankTemplate.Amounts.choices)
    line_end = forms.ChoiceField(label=gettext_lazy("Line end"), choices=BankTemplate.LineEnd.choices)

    def __init__(self, data: Any = None, *, layout: Layout, name: str = "", **kwargs: Any) -> None:
        facts = layout.as_facts()
        super().__init__(data, initial={**facts, "name": name}, **kwargs)
        self.rows = _sent_rows(data) if data is not None else [ColumnRow(**column) for column in facts["columns"]]
        self.shown_rows = [*self.rows, *(ColumnRow("", "", "") for _spare in range(SPARE_ROWS))]

    def layout(self) -> Layout:
        """Return what was entered as a template."""
        names = ("headings", "first_line", "last_line", "delimiter", "encoding", "amounts", "line_end")
        columns = tuple(FileColumn(row.field, row.heading, row.text) for row in self.rows)
        return Layout(columns=columns, **{name: self.cleaned_data[name] for name in names})


def _sent_rows(data: Any) -> list[ColumnRow]:
    rows = []
    for place in range(60):
        field = data.get(f"field-{place}", "")
        if field in FIELDS:
            heading, text = (clean_text(data.get(f"{name}-{place}", ""))[:80] for name in ("heading", "text"))
            rows.append(ColumnRow(field, heading, text))
    return rows


class ResultsForm(OnceForm):
    """A result file of the bank; how it reads may be told beside it, and is remembered."""

    file = forms.FileField(
        label=gettext_lazy("The bank's result file (XLSX or CSV)"),
        widget=forms.ClearableFileInput({"accept": ".xlsx,.csv,text/csv,text/plain"}),
        error_messages={"required": gettext_lazy("Choose the file.")},
    )

    def __init__(self, *args: Any, headings: dict[str, str], words: dict[str, list[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in READ_FIELDS:
            self.fields[f"heading_{name}"] = forms.CharField(
                label=READ_WORDS[name], max_length=60, required=False, initial=headings.get(name, ""),
                widget=forms.TextInput(_TYPED),
            )  # fmt: skip
        for name in OUTCOMES:
            self.fields[f"word_{name}"] = forms.CharField(
                label=OUTCOME_WORDS[name], max_length=200, required=False, initial=", ".join(words.get(name, [])),
                widget=forms.TextInput(_TYPED),
            )  # fmt: skip

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError(_("This file is too large; the most is 2 MB."), code="file_too_large")
        return file

    def reading(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the headings and words that were told."""
        told = self.cleaned_data
        headings = {name: told[f"heading_{name}"] for name in READ_FIELDS}
        return headings, {name: told[f"word_{name}"] for name in OUTCOMES}

    def heading_fields(self) -> list[Any]:
        return [self[f"heading_{name}"] for name in READ_FIELDS]

    def word_fields(self) -> list[Any]:
        return [self[f"word_{name}"] for name in OUTCOMES]


class AnswerForm(OnceForm):
    """What the bank answered about one line."""

    outcome = forms.ChoiceField(label=gettext_lazy("What the bank answered"), widget=forms.RadioSelect)
    reference = forms.CharField(
        label=gettext_lazy("Bank reference"),
        max_length=80,
        required=False,
        widget=forms.TextInput(_TYPED),
        help_text=gettext_lazy("Of what was paid."),
    )
    reason = forms.CharField(
        label=gettext_lazy("In its words"), max_length=500, required=False, widget=forms.Textarea({"rows": 3})
    )

    def __init__(self, *args: Any, outcomes: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["outcome"]
        field.choices = [(name, OUTCOME_WORDS[name]) for name in outcomes]
        if len(outcomes) == 1:
            field.initial = outcomes[0]
        if "paid" not in outcomes:
            del self.fields["reference"]


def template_fault(refused: Invalid) -> str:
    """Say what is wrong with a template."""
    if refused.code == "columns_needed":
        lacking = ", ".join(str(FIELD_WORDS[field]) for field in refused.facts["fields"])
        return _("These columns are needed: %(fields)s.") % {"fields": lacking}
    if refused.code == "unknown_place":
        return _("{%(place)s} is not known here.") % {"place": refused.facts["place"]}
    if refused.code == "not_in_encoding":
        return _("The encoding cannot write: %(signs)s") % {"signs": refused.facts["characters"]}
    return ""
