"""The desk's forms for looking after clients: a follow-up, and handing over all clients of one who leaves."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from channels_platform.http.once import OnceForm
from leads.models import ClientCare, Consultant


class FollowUpForm(OnceForm):
    note = forms.CharField(
        label=gettext_lazy("What was said"),
        max_length=1000,
        required=False,
        widget=forms.Textarea({"rows": 3, "autofocus": True}),
    )
    grade = forms.ChoiceField(
        label=gettext_lazy("Grade"),
        choices=ClientCare.Grade.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Say how promising the client is.")},
    )
    next_on = forms.DateField(
        label=gettext_lazy("Next contact"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("On this day the client stands in your list; left empty, nothing is planned."),
    )


class LeaveForm(OnceForm):
    """Who receives the clients of one who leaves; shown again with the counts before it is done."""

    receivers = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Who receives the clients"),
        queryset=Consultant.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one colleague.")},
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        error_messages={"required": gettext_lazy("Say why the clients are handed over.")},
    )

    def __init__(self, *args: Any, leaving: Consultant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here = Consultant.objects.filter(project=leaving.project_id, user__is_active=True).exclude(pk=leaving.pk)
        self.fields["receivers"].queryset = here.select_related("user").order_by("user__name")  # type: ignore[attr-defined]
