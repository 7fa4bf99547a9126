"""Arrivals and the people who receive them in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Can, Role
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act
from channels_platform.adminkit.base import Admin, ReadOnlyAdmin
from channels_platform.adminkit.filters import DaysFilter, RelatedFilter
from channels_platform.adminkit.forms import ReasonForm
from channels_platform.adminkit.imports import SheetImport
from channels_platform.adminkit.phone_search import PhoneFilter, PhoneSearch
from channels_platform.adminkit.refusals import words_for
from leads.admin.filters import ConfirmedFilter
from leads.assigned import why_assigned
from leads.models import Consultant, NaturalVisit, Visit
from leads.services.consultants import hand_over_clients
from leads.services.duty import place_consultant, set_duty
from leads.states import LIVE
from leads.walk_in_files import WalkInResource, WalkInSheet
from projects.models import Project


@admin.register(Visit)
class VisitAdmin(PhoneSearch, ReadOnlyAdmin):
    phone_path = "referral__phones__phone"
    project_path = "project"
    list_display = ("moment", "referral", "agency", "project", "client", "outcome", "consultant", "received_by")
    list_select_related = ("referral__agency", "project", "consultant__user", "received_by")
    list_filter = (
        PhoneFilter,
        ConfirmedFilter,
        ("project", RelatedFilter),
        ("consultant", RelatedFilter),
        ("arrived_at", DaysFilter),
    )
    search_fields = ("referral__number",)
    search_help_text = gettext_lazy("Number of the referral, or a full phone")
    ordering = ("-arrived_at", "-id")
    fields = (
        "moment",
        "referral",
        "project",
        "client",
        "outcome",
        "override_reason",
        "consultant",
        "assigned",
        "received_by",
    )

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = search_term.strip()
        return (queryset.filter(referral__number=term.upper()) if term else queryset), False

    @admin.display(description=gettext_lazy("arrived"), ordering="arrived_at")
    def moment(self, visit: Visit) -> Any:
        return cells.when(visit.arrived_at, visit.project.timezone)

    @admin.display(description=gettext_lazy("agency"))
    def agency(self, visit: Visit) -> str:
        return str(visit.referral.agency)

    @admin.display(description=gettext_lazy("client"))
    def client(self, visit: Visit) -> str:
        return visit.referral.client_masked or cells.DASH

    @admin.display(description=gettext_lazy("outcome"), ordering="confirmed")
    def outcome(self, visit: Visit) -> Any:
        if visit.confirmed:
            return cells.badge(_("Confirmed"), "good", "person-check")
        return cells.badge(words_for(visit.reason), "bad", "x-circle")

    @admin.display(description=gettext_lazy("why this consultant"))
    def assigned(self, visit: Visit) -> str:
        return why_assigned(visit) or cells.DASH


@admin.register(NaturalVisit)
class NaturalVisitAdmin(SheetImport, PhoneSearch, ReadOnlyAdmin):
    sheet = WalkInSheet
    resource_classes = (WalkInResource,)
    import_can = Can.RECORD_NATURAL_VISIT
    imported = "natural_visits.imported"
    sheet_told = (
        gettext_lazy("Project: its code. Visited at: day and time on the project's clock, in the past."),
        gettext_lazy("A visit of the same phone at the same time is known already and stays as it was."),
        gettext_lazy(
            "What was judged stays as it was judged. What is judged from now on sees these visits: filings within the "
            "look-back, added phones, first visits of masked filings, and deals where nothing is protected."
        ),
    )
    phone_path = "phone"
    project_path = "project"
    list_display = ("moment", "project", "client", "phone", "recorded_by")
    list_select_related = ("project", "phone", "recorded_by")
    list_filter = (PhoneFilter, ("project", RelatedFilter), ("visited_at", DaysFilter))
    search_help_text = gettext_lazy("A full phone")
    ordering = ("-visited_at", "-id")
    fields = ("moment", "project", "client", "phone", "recorded_by", "recorded_at")

    def get_import_resource_kwargs(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"actor": request.user, "projects": self.reach(request, Project)}

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return (queryset.none() if search_term.strip() else queryset), False

    @admin.display(description=gettext_lazy("visited"), ordering="visited_at")
    def moment(self, visit: NaturalVisit) -> Any:
        return cells.when(visit.visited_at, visit.project.timezone)

    @admin.display(description=gettext_lazy("client"))
    def client(self, visit: NaturalVisit) -> str:
        return visit.name_masked or cells.DASH


class SuccessorForm(ReasonForm):
    successor = forms.ModelChoiceField(label=gettext_lazy("Successor"), queryset=Consultant.objects.none())
    field_order = ("successor", "reason")

    def prepare(self) -> None:
        here = Consultant.objects.filter(project=self.target.project, user__is_active=True)
        self.fields["successor"].queryset = (
            here.exclude(pk=self.target.pk).select_related("user").order_by("user__name")
        )


def _hand_over(request: HttpRequest, consultant: Consultant, data: dict[str, Any]) -> str:
    moved = hand_over_clients(
        actor=request.user, leaving=consultant, successor=data["successor"], reason=data["reason"]
    )
    return ngettext(
        "%(n)s client went to %(successor)s.", "%(n)s clients went to %(successor)s.", moved
    ) % {"n": moved, "successor": data["successor"]}  # fmt: skip


@admin.register(Consultant)
class ConsultantAdmin(Admin):
    project_path = "project"
    list_display = ("user", "project", "duty", "open_clients", "last_assigned_at")
    list_display_links = ("user",)
    list_select_related = ("user", "project")
    list_filter = (("project", RelatedFilter), "on_duty")
    search_fields = ("user__name", "user__username")
    search_help_text = gettext_lazy("Name or username")
    ordering = ("project", "user__name")
    fields = ("user", "project", "on_duty")
    acts = (
        Act(
            name="handover",
            label=gettext_lazy("Hand over the clients"),
            icon="move_group",
            can=Can.EDIT_PROJECTS,
            form=SuccessorForm,
            run=_hand_over,
            happens=gettext_lazy("All open clients go to the successor and this consultant goes off duty."),
            undo=gettext_lazy("Who referred the clients does not change."),
            binding=True,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Consultant]:
        open_clients = Count("referrals", filter=Q(referrals__state__in=list(LIVE)))
        return super().get_queryset(request).annotate(clients=open_clients)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("user", "project") if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            kwargs["queryset"] = User.objects.filter(role=Role.CONSULTANT, is_active=True).order_by("name")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("on duty"), boolean=True, ordering="on_duty")
    def duty(self, consultant: Consultant) -> bool:
        return consultant.on_duty

    @admin.display(description=gettext_lazy("open clients"), ordering="clients")
    def open_clients(self, consultant: Any) -> int:
        return int(consultant.clients)

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Consultant:
        return place_consultant(actor=request.user, **data)

    def amend(self, request: HttpRequest, stored: Consultant, data: dict[str, Any]) -> Consultant:
        return set_duty(actor=request.user, consultant=stored, on_duty=data["on_duty"])
