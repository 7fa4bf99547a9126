"""Agreements in the admin: drafted by one, approved by another, ended with a reason."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from brokers.models import Agreement
from brokers.selectors import in_force_on
from brokers.services.agreements import approve_agreement, draft_agreement, end_agreement
from brokers.services.changes import change_draft
from brokers.states import AgreementState
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


def _end(request: HttpRequest, agreement: Agreement, data: dict[str, Any]) -> str:
    end_agreement(actor=request.user, agreement=agreement, reason=data["reason"])
    return _("The agreement has ended.")


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
            form=ReasonForm,
            when=lambda agreement: agreement.state == AgreementState.APPROVED,
            run=_end,
            happens=gettext_lazy("The agency can't file for the project any more. Referrals made stay protected."),
            undo=gettext_lazy("This can't be undone; a new agreement can be drafted."),
            ends=True,
        ),
    )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        terms = ("agency", "project", "from_on", "to_on", "auto_renew")
        return (*terms, "badge", "author", "approved_by", "approved_at", "created_at") if obj else terms

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("badge", "author", "approved_by", "approved_at", "created_at") if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (not isinstance(obj, Agreement) or obj.state == AgreementState.DRAFT)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def badge(self, agreement: Agreement) -> Any:
        return cells.state("agreement", agreement.state)

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Agreement:
        return draft_agreement(actor=request.user, **data)

    def amend(self, request: HttpRequest, stored: Agreement, data: dict[str, Any]) -> Agreement:
        return change_draft(actor=request.user, agreement=stored, **data)
