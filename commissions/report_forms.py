"""What finance enters beside a report: a view's name, a schedule."""

from typing import Any

from babel.dates import get_day_names
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from channels_platform.http.once import OnceForm
from channels_platform.presentation import formats
from commissions.models import ReportSchedule


class KeepViewForm(OnceForm):
    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=60)
    shared = forms.BooleanField(
        label=gettext_lazy("Share it with everybody who sees money; each reads it within the own projects."),
        required=False,
    )


def when_words(schedule: ReportSchedule) -> str:
    """Return on which day a schedule makes its file, such as: On day 5 of each month"""
    return {value: words for _group, days in _days() for value, words in days}[f"{schedule.every}:{schedule.day}"]


def _days() -> list[tuple[str, list[tuple[str, str]]]]:
    names = get_day_names("wide", locale=formats.locale())
    weekly = [(f"week:{day}", _("Each %(weekday)s") % {"weekday": names[day]}) for day in range(7)]
    monthly = [(f"month:{day}", _("On day %(day)s of each month") % {"day": day}) for day in range(1, 29)]
    return [(str(_("Weekly")), weekly), (str(_("Monthly")), monthly)]


class ScheduleForm(OnceForm):
    """`when` names how often and the day in one: `week:0` is each Monday, `month:5` the fifth of each month."""

    when = forms.ChoiceField(label=gettext_lazy("How often"))
    at = forms.TimeField(
        label=gettext_lazy("Time"), widget=forms.TimeInput({"type": "time"}, format="%H:%M"), input_formats=["%H:%M"]
    )
    form = forms.ChoiceField(label=gettext_lazy("Form of the file"), choices=ReportSchedule.Form.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["when"].choices = _days()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        every, _colon, day = cleaned.get("when", "").partition(":")
        return cleaned | ({"every": every, "day": int(day)} if day else {})
