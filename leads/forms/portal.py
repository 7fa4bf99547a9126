"""The portal's forms: filing a client, a further phone, withdrawing, contesting."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from brokers.models import Broker
from channels_platform.files.forms import FilesField
from channels_platform.http.once import OnceForm
from channels_platform.http.sheet_forms import SheetForm
from channels_platform.lib import clock
from channels_platform.lib.names import clean_text
from leads.chat_message import LONGEST
from leads.client_sheets import read_sheet
from leads.forms.phones import NO_PHONE, PHONE, PhonesField, check_phone, is_masked
from leads.models import Consultant
from leads.selectors import consultants_of
from leads.services.filing import MOST_AHEAD, MOST_PHONES
from projects.models import Project

FILES_HELP = gettext_lazy(
    "Photos (JPEG, PNG) or PDF, at most 5, 10 MB each: chats, visit sheets, call lists. Only who judges sees them."
)


class FileForm(OnceForm):
    """A broker files a client; times are the project's."""

    project = forms.ModelChoiceField(
        label=gettext_lazy("Project"),
        queryset=Project.objects.none(),
        empty_label=gettext_lazy("Choose a project"),
        error_messages={
            "required": gettext_lazy("Choose the project."),
            "invalid_choice": gettext_lazy("Your agency can't file for this project now."),
        },
    )
    client_name = forms.CharField(
        label=gettext_lazy("Client's name"),
        max_length=80,
        widget=forms.TextInput({"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Enter the client's name.")},
    )
    phones = PhonesField(label=gettext_lazy("Phone"), error_messages={"required": NO_PHONE})
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
    preferred_consultant = forms.ModelChoiceField(
        label=gettext_lazy("Preferred consultant"),
        queryset=Consultant.objects.none(),
        required=False,
        empty_label=gettext_lazy("Whoever is free"),
        help_text=gettext_lazy("Receives the client if on duty at the arrival."),
    )
    note = forms.CharField(
        label=gettext_lazy("Note for reception"), required=False, max_length=500, widget=forms.Textarea({"rows": 2})
    )

    def __init__(self, *args: Any, projects: QuerySet[Project], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wrong_phones: set[str] = set()
        self.fields["project"].queryset = projects  # type: ignore[attr-defined]
        self.fields["project"].widget.attrs["data-project-choice"] = ""
        self.fields["preferred_consultant"].queryset = consultants_of(projects)  # type: ignore[attr-defined]

    def clean_client_name(self) -> str:
        name = clean_text(self.cleaned_data["client_name"])
        if not name:
            raise forms.ValidationError(self.fields["client_name"].error_messages["required"], code="required")
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        project = cleaned.get("project")
        if project is not None:
            self._check_phones(cleaned.get("phones") or [], project)
            self._check_arrival(cleaned, project)
            consultant = cleaned.get("preferred_consultant")
            if consultant is not None and consultant.project_id != project.pk:
                self.add_error("preferred_consultant", _("This consultant works on another project."))
        return cleaned

    def consultants(self) -> list[tuple[Project, list[Consultant]]]:
        """Return whom the broker may ask for, by project: the page shows the chosen project's."""
        people = self.fields["preferred_consultant"].queryset  # type: ignore[attr-defined]
        return [(project, list(group)) for project, group in groupby(people, key=attrgetter("project"))]

    def aside(self) -> bool:
        """Whether something stands, or is wrong, in the part that the page keeps closed."""
        return any(self[name].errors or self[name].value() for name in ("party_size", "preferred_consultant", "note"))

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
        elif arrival > clock.now() + MOST_AHEAD:
            self.add_error("expected_arrival", _("This is more than a year ahead. Check the date, or leave it out."))

    def phone_rows(self) -> list[tuple[str, bool]]:
        """What stands in the phone inputs, and whether it is at fault: as typed, padded to the most there may be."""
        typed = [one for one in (self["phones"].value() or []) if one]
        rows = [(one, one in self.wrong_phones) for one in typed] or [("", bool(self["phones"].errors))]
        return [*rows, *[("", False)] * MOST_PHONES][:MOST_PHONES]


class ChatMessageForm(forms.Form):
    """A chat message to read into the form; it is kept nowhere."""

    message = forms.CharField(
        label=gettext_lazy("Chat message"),
        max_length=LONGEST,
        strip=False,
        widget=forms.Textarea({"rows": 4, "autocomplete": "off"}),
    )


class ClientSheetForm(SheetForm):
    """A spreadsheet of clients, and the project of rows that name none."""

    read = staticmethod(read_sheet)
    help_text = gettext_lazy("Up to 500 clients. Each row is judged as if filed alone.")
    faults = {
        "no_headings": gettext_lazy(
            "No headings for name and phone were found in the first ten rows. Use the template."
        ),
        "no_rows": gettext_lazy("There are no clients below the headings."),
        "too_many_rows": gettext_lazy("At most 500 clients in one file. Split it."),
    }

    project = forms.ModelChoiceField(
        label=gettext_lazy("Project of rows that name none"),
        queryset=Project.objects.none(),
        required=False,
        empty_label=gettext_lazy("Every row names its own"),
    )

    def __init__(self, *args: Any, projects: QuerySet[Project], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = projects  # type: ignore[attr-defined]


class PhoneForm(OnceForm):
    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        max_length=24,
        widget=forms.TextInput(PHONE),
        error_messages={"required": NO_PHONE},
    )

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
        error_messages={"required": gettext_lazy("Say what happened.")},
    )
    files = FilesField(label=gettext_lazy("Evidence (optional)"), required=False, help_text=FILES_HELP)


class AnswerForm(OnceForm):
    """An agency answers what a manager asked."""

    text = forms.CharField(
        label=gettext_lazy("Your answer"),
        max_length=2000,
        widget=forms.Textarea({"rows": 5}),
        error_messages={"required": gettext_lazy("Write your answer.")},
    )
    files = FilesField(label=gettext_lazy("Evidence (optional)"), required=False, help_text=FILES_HELP)


class AppealForm(OnceForm):
    """A side appeals against a decision, once."""

    claim_text = forms.CharField(
        label=gettext_lazy("What is wrong with the decision"),
        max_length=2000,
        widget=forms.Textarea({"rows": 5}),
        help_text=gettext_lazy("Say what was overlooked, and what shows it. Another manager reads and decides."),
        error_messages={"required": gettext_lazy("Say what is wrong with the decision.")},
    )
    files = FilesField(label=gettext_lazy("Evidence (optional)"), required=False, help_text=FILES_HELP)


class SuccessorForm(OnceForm):
    """Who takes over the open clients of a broker who left; shown again with the counts before it is done."""

    successor = forms.ModelChoiceField(
        label=gettext_lazy("Successor"),
        queryset=Broker.objects.none(),
        empty_label=gettext_lazy("Choose"),
        error_messages={"required": gettext_lazy("Choose who takes over.")},
    )

    def __init__(self, *args: Any, successors: QuerySet[Broker], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["successor"].queryset = successors  # type: ignore[attr-defined]
