"""Agreements in the admin: drafted by one, approved by another, ended with a reason; what an ending holds."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from brokers.models import Agreement
from brokers.selectors import in_force_on
from brokers.services.agreements import approve_agreement, draft_agreement, end_agreement, lift_hold
from brokers.services.changes import change_draft
from brokers.states import AgreementState, Ending
from channels_platform.accounts.permissions import Can
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act
from channels_platform.adminkit.base import Admin
from channels_platform.adminkit.filters import ChoiceFilter, DaysFilter, ManyRelatedFilter, RelatedFilter
from channels_platform.adminkit.forms import ReasonForm
from channels_platform.lib import clock


class InForceFilter(ChoiceFilter):
    title = gettext_lazy("in force today")
    parameter_name = "in_force"
    options = (("yes", gettext_lazy("In force")), ("no", gettext_lazy("Not in force")))

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        condition = in_force_on(clock.local_date(clock.now(), get_current_timezone()))
        return queryset.filter(condition if value == "yes" else ~condition)


def _approve(request: HttpRequest, agreement: Agreement, data: dict[str, Any]) -> str:
    approve_agreement(actor=request.user, agreement=agreement)
    return _("Approved: %(agency)s can file for %(project)s from %(day)s on.") % {
        "agency": agreement.agency,
        "project": agreement.project,
        "day": agreement.from_on,
    }


class EndingForm(ReasonForm):
    """Why an agreement ends: what hangs on it stands beside the choice."""

    field_order = ("ending", "reason")
    ending = forms.ChoiceField(
        label=gettext_lazy("Why it ends"),
        choices=Agreement.Ending.choices,
        initial=Ending.AGREED,
        help_text=gettext_lazy(
            "For interception: what the agency and its brokers have unpaid in this project is held, also what is in a "
            "payout already. Another manager can lift that."
        ),
    )


def _end(request: HttpRequest, agreement: Agreement, data: dict[str, Any]) -> str:
    ending = Ending(data["ending"])
    end_agreement(actor=request.user, agreement=agreement, reason=data["reason"], ending=ending)
    if ending == Ending.INTERCEPTION:
        return _("The agreement has ended for interception: what is unpaid is held.")
    return _("The agreement has ended.")


def _lift(request: HttpRequest, agreement: Agreement, data: dict[str, Any]) -> str:
    lift_hold(actor=request.user, agreement=agreement, reason=data["reason"])
    return _("The hold is lifted: the next payout takes what was held.")


@admin.register(Agreement)
class AgreementAdmin(Admin):
    project_path = "project"
    list_display = ("agency", "project", "from_on", "to_on", "auto_renew", "badge", "author", "approved_by")
    list_display_links = ("agency", "project")
    list_select_related = ("agency", "project", "author", "approved_by")
    list_filter = (
        ("project", RelatedFilter),
        ("agency", ManyRelatedFilter),
        "state",
        "ending",
        InForceFilter,
        ("from_on", DaysFilter),
    )
    search_fields = ("agency__code", "agency__name", "project__code", "project__name")
    search_help_text = gettext_lazy("Agency or project")
    autocomplete_fields = ("agency",)
    ordering = ("-created_at",)
    acts = (
        Act(
            name="approve",
            label=gettext_lazy("Approve"),
            icon="verified",
            can=Can.APPROVE_AGREEMENT,
            when=lambda agreement: agreement.state == AgreementState.DRAFT,
            run=_approve,
            happens=gettext_lazy("While it is in force, the agency's brokers can file clients for the project."),
            undo=gettext_lazy("It can be ended, not taken back. Who drafted it can't approve it."),
        ),
        Act(
            name="end",
            label=gettext_lazy("End"),
            icon="cancel",
            binding=True,
            can=Can.APPROVE_AGREEMENT,
            form=EndingForm,
            when=lambda agreement: agreement.state == AgreementState.APPROVED,
            run=_end,
            happens=gettext_lazy("The agency can't file for the project any more. Referrals made stay protected."),
            undo=gettext_lazy("This can't be undone; a new agreement can be drafted."),
            ends=True,
        ),
        Act(
            name="lift",
            label=gettext_lazy("Lift the hold"),
            icon="lock_open",
            binding=True,
            can=Can.APPROVE_AGREEMENT,
            form=ReasonForm,
            when=lambda agreement: agreement.is_holding,
            run=_lift,
            happens=gettext_lazy("What the agency and its brokers have unpaid in the project can be paid again."),
            undo=gettext_lazy("Who ended the agreement can't do this. The agreement stays ended for interception."),
        ),
    )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        terms = ("agency", "project", "from_on", "to_on", "auto_renew")
        return (*terms, *self._history(obj)) if obj else terms

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self._history(obj) if obj else ()

    @staticmethod
    def _history(agreement: Agreement) -> tuple[str, ...]:
        ended = ("ending", "ended_by", "ended_at", "ended_reason") if agreement.ending else ()
        lifted = ("lifted_by", "lifted_at", "lifted_reason") if agreement.lifted_at else ()
        return ("badge", "author", "approved_by", "approved_at", "created_at", *ended, *lifted)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (not isinstance(obj, Agreement) or obj.state == AgreementState.DRAFT)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def badge(self, agreement: Agreement) -> Any:
        return cells.state("agreement", agreement.shown_state)

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Agreement:
        return draft_agreement(actor=request.user, **data)

    def amend(self, request: HttpRequest, stored: Agreement, data: dict[str, Any]) -> Agreement:
        return change_draft(actor=request.user, agreement=stored, **data)
