"""Grading an agency in the admin: asked on the agency's page; plans that ask for grades follow."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from brokers.admin.agencies import AgencyAdmin
from brokers.models import Agency, AgencyGrade
from brokers.selectors import grade_held
from channels_platform.accounts.permissions import Can
from channels_platform.adminkit.acts import Act
from channels_platform.adminkit.forms import ReasonForm
from commissions.services.grading import grade_agency
from projects.selectors import latest_today


class GradeForm(ReasonForm):
    grade = forms.ModelChoiceField(
        label=gettext_lazy("Agency grade"),
        queryset=AgencyGrade.objects.all(),
        required=False,
        empty_label=gettext_lazy("No grade"),
    )
    from_on = forms.DateField(
        label=gettext_lazy("From"), help_text=gettext_lazy("Today or later; deals subscribed before keep their grade.")
    )
    field_order = ("grade", "from_on", "reason")

    def prepare(self) -> None:
        today = latest_today()
        self.fields["from_on"].initial = today
        self.fields["grade"].initial = grade_held(self.target, today)


def _grade(request: HttpRequest, agency: Agency, data: dict[str, Any]) -> str:
    grade_agency(actor=request.user, agency=agency, grade=data["grade"], from_on=data["from_on"], reason=data["reason"])
    return _("The grade is entered.")


AgencyAdmin.offer(
    Act(
        name="grade",
        label=gettext_lazy("Set the grade"),
        icon="workspace_premium",
        can=Can.GRADE_AGENCIES,
        form=GradeForm,
        run=_grade,
        happens=gettext_lazy(
            "Deals that the agency's clients subscribe from that day on go by this grade, where a plan asks for one."
        ),
        undo=gettext_lazy("What is past stays. Until its day has passed, another entry for the same day replaces it."),
    )
)
