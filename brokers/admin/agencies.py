"""Agencies in the admin: who they are, their stores, whether they may file."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from brokers.admin.grades import GradeFilter
from brokers.agency_files import AgencyResource, AgencySheet
from brokers.models import Agency, Agreement, Store
from brokers.selectors import with_grade
from brokers.services.agencies import create_agency, set_agency_status
from brokers.services.changes import change_agency, keep_store
from brokers.states import AgencyStatus
from channels_platform.accounts.permissions import Can, may
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act
from channels_platform.adminkit.base import Admin, Inline
from channels_platform.adminkit.filters import DaysFilter
from channels_platform.adminkit.forms import ReasonForm
from channels_platform.adminkit.imports import SheetImport
from projects.selectors import latest_today


class StoreInline(Inline):
    model = Store
    fields = ("name",)
    can_delete = False


def _set_status(status: AgencyStatus, done: Any) -> Any:
    def run(request: HttpRequest, agency: Agency, data: dict[str, Any]) -> str:
        set_agency_status(actor=request.user, agency=agency, status=status, reason=data["reason"])
        return done % {"agency": agency}

    return run


@admin.register(Agency)
class AgencyAdmin(SheetImport, Admin):
    list_display = ("code", "name", "kind", "grade", "badge", "brokers_count", "created_at")
    list_display_links = ("code", "name")
    list_filter = ("kind", GradeFilter, "status", ("created_at", DaysFilter))
    search_fields = ("code", "name", "licence_no")
    search_help_text = gettext_lazy("Code, name or licence number")
    ordering = ("code",)
    fieldsets = ((None, {"fields": ("code", "name", "kind", "licence_no", "licence_until", "grade", "badge")}),)
    sheet = AgencySheet
    resource_classes = (AgencyResource,)
    import_can = Can.EDIT_AGENCIES
    imported = "agencies.imported"
    sheet_told = (
        gettext_lazy("An agency is found by its code: changed where it is there, else made with name and kind."),
    )
    inlines = (StoreInline,)
    acts = (
        Act(
            name="suspend",
            label=gettext_lazy("Suspend"),
            icon="block",
            binding=True,
            can=Can.EDIT_AGENCIES,
            form=ReasonForm,
            when=lambda agency: agency.status == AgencyStatus.ACTIVE,
            run=_set_status(AgencyStatus.SUSPENDED, gettext_lazy("%(agency)s is suspended.")),
            happens=gettext_lazy(
                "Nobody of this agency can file clients. Referrals, deals and money stay as they are."
            ),
            undo=gettext_lazy("It can be reinstated at any time."),
            ends=True,
        ),
        Act(
            name="reinstate",
            label=gettext_lazy("Reinstate"),
            icon="check_circle",
            can=Can.EDIT_AGENCIES,
            form=ReasonForm,
            when=lambda agency: agency.status == AgencyStatus.SUSPENDED,
            run=_set_status(AgencyStatus.ACTIVE, gettext_lazy("%(agency)s is active again.")),
            happens=gettext_lazy("Its active brokers can file clients again, where an agreement is in force."),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agency]:
        agencies = with_grade(super().get_queryset(request), latest_today())
        return agencies.annotate(broker_count=Count("brokers", filter=Q(brokers__is_active=True)))

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def badge(self, agency: Agency) -> Any:
        if agency.status == AgencyStatus.SUSPENDED:
            return cells.badge(agency.get_status_display(), "bad", "slash-circle")
        return cells.badge(agency.get_status_display(), "good", "check-circle")

    @admin.display(description=gettext_lazy("agency grade"), ordering="grade_rank")
    def grade(self, agency: Any) -> str:
        return getattr(agency, "grade_code", None) or cells.DASH

    @admin.display(description=gettext_lazy("active brokers"), ordering="broker_count")
    def brokers_count(self, agency: Any) -> int:
        return int(agency.broker_count)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("code", "grade", "badge") if obj else ("grade", "badge")

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def act_links(self, request: HttpRequest, obj: Agency) -> list[dict[str, Any]]:
        links = super().act_links(request, obj)
        if may(request.user, Can.EDIT_AGENCIES):
            links.append(cells.header_link(_("Add a broker"), f"{_add('broker')}?agency={obj.pk}", "person_add"))
        if may(request.user, Can.DRAFT_AGREEMENT):
            links.append(cells.header_link(_("Draft an agreement"), f"{_add('agreement')}?agency={obj.pk}", "contract"))
        return links

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Agency:
        return create_agency(actor=request.user, **data)

    def amend(self, request: HttpRequest, stored: Agency, data: dict[str, Any]) -> Agency:
        return change_agency(actor=request.user, agency=stored, **data)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for store in formset.save(commit=False):
            keep_store(actor=request.user, store=store)

    def about(self, request: HttpRequest, obj: Agency) -> list[cells.Section]:
        brokers = obj.brokers.select_related("user", "store").order_by("-is_active", "-created_at")[:50]
        yes, no = _("yes"), _("no")
        people = [
            (cells.link(one), one.user.get_role_display(), one.store or cells.DASH, yes if one.is_active else no)
            for one in brokers
        ]
        agreements = self.reach(request, Agreement).filter(agency=obj).select_related("project", "agency")[:50]
        papers = [
            (
                cells.link(one, one.project),
                one.from_on,
                one.to_on or cells.DASH,
                cells.state("agreement", one.shown_state),
            )
            for one in agreements
        ]
        held = [
            (one.from_on, one.grade or _("No grade"), one.reason, one.entered_by or cells.DASH)
            for one in obj.held_grades.select_related("grade", "entered_by")[:50]
        ]
        add = _("Add one under Brokers.")
        return [
            cells.table(
                _("Brokers"), (_("Name"), _("Role"), _("Store"), _("Active")), people,
                empty=_("No brokers yet. %(add)s") % {"add": add},
            ),
            cells.table(
                _("Agreements"), (_("Project"), _("From"), _("To"), _("State")), papers,
                empty=_("No agreement yet: this agency can't file anywhere."),
            ),
            cells.table(
                _("Grades"), (_("From"), _("Agency grade"), _("Reason"), _("Entered by")), held,
                empty=_("No grade yet: plans that ask for one don't pay this agency."),
            ),
        ]  # fmt: skip


def _add(model: str) -> str:
    return reverse(f"admin:brokers_{model}_add")
