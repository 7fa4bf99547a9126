"""What finance enters about files of payments: how a source reads, a file, which deal a waiting row is of."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.http.once import OnceForm
from channels_platform.lib.names import clean_text
from channels_platform.lib.sheets import LARGEST
from leads.models import Deal, PaymentSource
from leads.payment_rows import FIELDS, KINDS
from projects.models import Project

_TYPED = {"autocomplete": "off", "spellcheck": "false"}
FIELD_WORDS = {
    "reference": gettext_lazy("Bank reference"),
    "amount": gettext_lazy("Amount received"),
    "out": gettext_lazy("Amount paid out, if a column of its own"),
    "received": gettext_lazy("Day received"),
    "deal": gettext_lazy("Deal number, or a remark that holds it"),
    "unit": gettext_lazy("Unit"),
    "payer": gettext_lazy("Payer or buyer"),
    "kind": gettext_lazy("Kind of money"),
    "reverses": gettext_lazy("Reference of what is taken back"),
}
KIND_WORDS = {
    "own": gettext_lazy("Own money"),
    "loan": gettext_lazy("Bank loan"),
    "provident_fund": gettext_lazy("Provident fund"),
    "reversal": gettext_lazy("Taken back (reversal, refund)"),
}


class PaymentFileForm(OnceForm):
    """A file, and how it reads: as usual, or as a source of its project says."""

    reads = forms.ChoiceField(label=gettext_lazy("Project and source"))
    file = forms.FileField(
        label=gettext_lazy("File of payments (XLSX or CSV)"),
        widget=forms.ClearableFileInput({"accept": ".xlsx,.csv,text/csv,text/plain"}),
        error_messages={"required": gettext_lazy("Choose the file.")},
        help_text=gettext_lazy("Up to 2 MB and 20,000 rows. It is shown row by row before anything is recorded."),
    )

    def __init__(
        self, *args: Any, projects: Sequence[Project], sources: Sequence[PaymentSource], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._named: dict[str, tuple[Project, PaymentSource | None]] = {}
        choices = []
        for project in projects:
            self._named[str(project.pk)] = (project, None)
            choices.append((str(project.pk), _("%(project)s: usual headings") % {"project": project.name}))
            for source in sources:
                if source.project_id == project.pk:
                    self._named[str(source.pk)] = (project, source)
                    choices.append((str(source.pk), f"{project.name}: {source.name}"))
        reads: Any = self.fields["reads"]
        reads.choices = choices

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError(_("This file is too large; the most is 2 MB."), code="file_too_large")
        return file

    def chosen(self) -> tuple[Project, PaymentSource | None]:
        return self._named[self.cleaned_data["reads"]]


class PaymentSourceForm(OnceForm):
    """How the files of one source read; what is left empty is as usual."""

    project = forms.ChoiceField(label=gettext_lazy("Project"))
    name = forms.CharField(
        label=gettext_lazy("Name of the source"), max_length=60, widget=forms.TextInput(_TYPED),
        help_text=gettext_lazy("The bank or the sales system."),
    )  # fmt: skip
    encoding = forms.ChoiceField(
        label=gettext_lazy("Encoding of its CSV files"), choices=PaymentSource.Encoding.choices
    )
    days = forms.ChoiceField(label=gettext_lazy("How it writes days"), choices=PaymentSource.Days.choices)
    sign = forms.ChoiceField(label=gettext_lazy("Sign of amounts"), choices=PaymentSource.Sign.choices)

    def __init__(
        self, *args: Any, projects: Sequence[Project], source: PaymentSource | None = None, **kwargs: Any
    ) -> None:
        initial = {}
        if source is not None:
            initial = {name: getattr(source, name) for name in ("name", "encoding", "days", "sign")}
        super().__init__(*args, **{**kwargs, "initial": initial})
        if source is not None:
            del self.fields["project"]
        else:
            project: Any = self.fields["project"]
            project.choices = [(one.code, one.name) for one in projects]
        headings, words = (source.headings, source.words) if source else ({}, {})
        for name in FIELDS:
            self.fields[f"heading_{name}"] = _typed(FIELD_WORDS[name], 60, headings.get(name, ""))
        for name in KINDS:
            self.fields[f"word_{name}"] = _typed(KIND_WORDS[name], 200, ", ".join(words.get(name, [])))

    def reading(self) -> dict[str, Any]:
        """Return what `keep_source` takes."""
        told = self.cleaned_data
        return {
            **{name: told[name] for name in ("name", "encoding", "days", "sign")},
            "headings": {name: told[f"heading_{name}"] for name in FIELDS},
            "words": {name: told[f"word_{name}"] for name in KINDS},
        }

    def main_fields(self) -> list[Any]:
        return [self[name] for name in ("project", "name", "encoding", "days", "sign") if name in self.fields]

    def heading_fields(self) -> list[Any]:
        return [self[f"heading_{name}"] for name in FIELDS]

    def word_fields(self) -> list[Any]:
        return [self[f"word_{name}"] for name in KINDS]


def _typed(label: Any, longest: int, initial: str) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=longest, required=False, initial=initial, widget=forms.TextInput(_TYPED)
    )


class WaitingRowForm(OnceForm):
    """Which deal a waiting row is of: one that is suggested, or one by its number; or why it is of none."""

    deal = forms.CharField(
        label=gettext_lazy("Deal number"), max_length=40, required=False,
        widget=forms.TextInput(_TYPED),
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("Why it is no payment of a deal here"), max_length=500, required=False,
        widget=forms.Textarea({"rows": 2}),
    )  # fmt: skip

    def __init__(self, *args: Any, deals: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deals = deals
        self.found: Deal | None = None

    def clean(self) -> dict[str, Any]:
        told = self.cleaned_data
        if "aside" in self.data:
            if not clean_text(told.get("reason", "")):
                self.add_error("reason", _("Write a reason."))
            return told
        number = (self.data.get("pick") or told.get("deal", "")).strip().upper()
        self.found = self._deals.filter(number=number).first() if number else None
        if self.found is None:
            self.add_error("deal", _("No deal of this project has this number.") if number else _("Name the deal."))
        return told
