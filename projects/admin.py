"""Projects in the admin: what is sold, by which rules, and who pays."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.admin import ExportMixin
from unfold.contrib.import_export.forms import ExportForm

from channels_platform.accounts.permissions import Can
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act
from channels_platform.adminkit.base import Admin, Inline, ReadOnlyAdmin
from channels_platform.adminkit.filters import DaysFilter, RelatedFilter
from channels_platform.adminkit.forms import dress
from channels_platform.adminkit.imports import SheetImport
from channels_platform.audit.services import record
from projects.holiday_files import HolidayResource, HolidaySheet
from projects.models import Holiday, Material, PayingCompany, Permit, Phase, Policy, Project, Unit
from projects.services.details import (
    change_unit,
    keep_company,
    keep_detail,
    keep_holiday,
    remove_detail,
)
from projects.services.projects import change_project, create_project, set_policy
from projects.services.units import create_unit
from projects.unit_files import SafeCsv, UnitResource, UnitSheet
from projects.wording import policy_in_words


class PolicyForm(forms.ModelForm):
    """The next version of the rules, starting from the one in force."""

    half: frozenset[str] = frozenset()

    class Meta:
        model = Policy
        fields = Policy.RULES

    def __init__(self, *args: Any, target: Project, request: HttpRequest, site: Any = None, **kwargs: Any) -> None:
        current = target.policies.order_by("-version").first()
        first = {name: getattr(current, name) for name in Policy.RULES} if current else {}
        super().__init__(*args, initial=first, **kwargs)
        for name, field in self.fields.items():
            if isinstance(field.widget, forms.Select):
                field.widget = forms.RadioSelect(choices=field.choices)
            field.help_text = _POLICY_HELP.get(name, "")
        dress(self)

    def _post_clean(self) -> None:
        # The service judges the version as a whole; Django's instance checks would only say it less well.
        self.instance = Policy()


_POLICY_HELP = {
    "visit_within_hours": gettext_lazy("Without a visit by then the filing lapses; empty: never."),
    "lead_time_minutes": gettext_lazy("A visit counts only if filed at least this long before; 0: no such rule."),
    "lookback_days": gettext_lazy("A walk-in within these days before the filing refuses it; 0: off."),
    "max_protection_days": gettext_lazy("Re-visits never extend protection past this; empty: no cap."),
    "daily_filing_limit": gettext_lazy("Empty: no limit."),
    "credit_days": gettext_lazy("Only where nothing is protected; empty: for ever."),
    "dispute_days": gettext_lazy("How long an agency may contest a refusal or a deal."),
}


def _set_policy(request: HttpRequest, project: Project, data: dict[str, Any]) -> str:
    policy = set_policy(project=project, actor=request.user, **data)
    return _("Version %(version)s of the rules is in force for what is filed from now on.") % {
        "version": policy.version
    }


class _DetailInline(Inline):
    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("project")


class PhaseInline(_DetailInline):
    model = Phase
    fields = ("name",)


class PermitInline(_DetailInline):
    model = Permit
    fields = ("number", "issued_on", "scope")


class MaterialInline(_DetailInline):
    model = Material
    fields = ("name", "link")


@admin.register(Project)
class ProjectAdmin(Admin):
    project_path = "pk"
    list_display = ("code", "name", "city", "company", "currency", "badge")
    list_display_links = ("code", "name")
    list_select_related = ("company",)
    list_filter = ("status", ("company", RelatedFilter), "city")
    search_fields = ("code", "name", "city")
    search_help_text = gettext_lazy("Code, name or city")
    ordering = ("code",)
    fieldsets = (
        (None, {"fields": ("code", "name", "status", "company")}),
        (gettext_lazy("Place"), {"fields": ("city", "district", "address", "timezone")}),
        (gettext_lazy("Money"), {"fields": ("currency", "commission_ceiling")}),
        (gettext_lazy("Clients on site"), {"fields": ("pool_after_days",)}),
        (
            gettext_lazy("When money is expected"),
            {"fields": ("first_payment_days", "loan_days", "full_payment_days", "handover_expected_on")},
        ),
    )
    inlines = (PhaseInline, PermitInline, MaterialInline)
    acts = (
        Act(
            name="rules",
            label=gettext_lazy("Change the protection rules"),
            icon="policy",
            can=Can.EDIT_PROJECTS,
            form=PolicyForm,
            run=_set_policy,
            happens=gettext_lazy(
                "A new version begins now. What was filed before keeps the version it was filed under."
            ),
            undo=gettext_lazy("A version can't be changed or taken back; the next one replaces it."),
        ),
    )

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def badge(self, project: Project) -> Any:
        return cells.state("project", project.status)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("code",) if obj else ()

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Project:
        return create_project(actor=request.user, **data)

    def amend(self, request: HttpRequest, stored: Project, data: dict[str, Any]) -> Project:
        return change_project(actor=request.user, project=stored, **data)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for detail in formset.save(commit=False):
            keep_detail(actor=request.user, detail=detail)
        for detail in formset.deleted_objects:
            remove_detail(actor=request.user, detail=detail)

    def about(self, request: HttpRequest, obj: Project) -> list[cells.Section]:
        onward = cells.words(_("Go on"), _links(request, obj))
        versions = list(obj.policies.select_related("created_by").order_by("-version")[:20])
        if not versions:
            return [onward, cells.words(_("Protection rules"), [], empty=_("None yet: nothing can be filed."))]
        title = _("Protection rules in force: version %(version)s") % {"version": versions[0].version}
        rows = [
            (cells.link(one, f"v{one.version}"), cells.when(one.created_at, obj.timezone), one.created_by or cells.DASH,
             one.get_exclusive_from_display())
            for one in versions
        ]  # fmt: skip
        head = (_("Version"), _("In force since"), _("By"), _("Protection starts"))
        return [
            onward,
            cells.words(title, policy_in_words(versions[0])),
            cells.table(_("Versions of the rules"), head, rows),
        ]


def _links(request: HttpRequest, project: Project) -> list[Any]:
    """Where to go from a project: the lists of what hangs on it."""
    places = (
        (_("Units"), "projects.unit", "project__id__exact"),
        (_("Agreements"), "brokers.agreement", "project__id__exact"),
        (_("Commission plans"), "commissions.planversion", "plan__project__id__exact"),
        (_("Referrals"), "leads.referral", "project__id__exact"),
        (_("Deals"), "leads.deal", "project__id__exact"),
    )
    return [
        format_html('<a class="text-link" href="{}">{}</a>', cells.address(model, **{lookup: project.pk}), name)
        for name, model, lookup in places
        if request.user.has_perm(f"{model.replace('.', '.view_')}")  # type: ignore[union-attr]
    ]


@admin.register(Policy)
class PolicyAdmin(ReadOnlyAdmin):
    project_path = "project"
    list_display = ("project", "version", "exclusive_from", "protection_days", "phone_mode", "created_at", "created_by")
    list_display_links = ("project", "version")
    list_select_related = ("project", "created_by")
    list_filter = (("project", RelatedFilter), "exclusive_from", ("created_at", DaysFilter))
    ordering = ("-created_at",)
    fields = ("project", "version", *Policy.RULES, "created_at", "created_by")

    def about(self, request: HttpRequest, obj: Policy) -> list[cells.Section]:
        return [cells.words(_("In words"), policy_in_words(obj))]


@admin.register(Unit)
class UnitAdmin(SheetImport, ExportMixin, Admin):
    project_path = "project"
    resource_classes = (UnitResource,)
    sheet = UnitSheet
    import_can = Can.EDIT_PROJECTS
    imported = "units.imported"
    import_export_change_list_template = "admin/import_export/change_list_import_export.html"
    sheet_told = (
        gettext_lazy(
            "A unit is found by project (its code), building and number: changed where it is there, else made."
        ),
        gettext_lazy("A new unit needs area and list price, and opens its phase where that is new."),
        gettext_lazy("The state moves with the unit's deal; a column for it is not read."),
    )
    export_form_class = ExportForm
    list_display = ("building", "number", "project", "phase", "unit_type", "area", "price", "badge")
    list_display_links = ("building", "number")
    list_select_related = ("project", "phase")
    list_filter = (("project", RelatedFilter), "state", ("phase", RelatedFilter))
    search_fields = ("building", "number")
    search_help_text = gettext_lazy("Building and number")
    ordering = ("project", "building", "number")
    fields = ("project", "phase", "building", "number", "unit_type", "area", "list_price", "badge")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("project", "badge") if obj else ("badge",)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "phase":
            kwargs["queryset"] = self.reach(request, Phase).select_related("project").order_by("project", "name")
            field = super().formfield_for_foreignkey(db_field, request, **kwargs)
            field.label_from_instance = lambda phase: f"{phase.project} · {phase.name}"
            return field
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def badge(self, unit: Unit) -> Any:
        return cells.state("unit", unit.state)

    @admin.display(description=gettext_lazy("list price"), ordering="list_price")
    def price(self, unit: Unit) -> Any:
        return cells.money(unit.list_price, unit.project.currency)

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Unit:
        return create_unit(actor=request.user, **data)

    def amend(self, request: HttpRequest, stored: Unit, data: dict[str, Any]) -> Unit:
        return change_unit(actor=request.user, unit=stored, **data)

    # --- files ----------------------------------------------------------------------------------------------

    def get_export_formats(self) -> list[Any]:
        return [SafeCsv]

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_import_resource_kwargs(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"actor": request.user, "projects": self.reach(request, Project)}

    def get_export_resource_kwargs(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"actor": request.user, "projects": self.reach(request, Project)}

    def get_export_data(self, file_format: Any, request: HttpRequest, queryset: Any, **kwargs: Any) -> Any:
        record("units.exported", actor=request.user, after={"rows": queryset.count()})
        return super().get_export_data(file_format, request, queryset, **kwargs)


@admin.register(Phase)
class PhaseAdmin(Admin):
    """Phases have no page of their own in the side bar; other pages choose among them."""

    project_path = "project"
    list_display = ("name", "project")
    list_select_related = ("project",)
    search_fields = ("name",)
    fields = ("project", "name")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("project",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Phase:
        return keep_detail(actor=request.user, detail=Phase(**data))  # type: ignore[return-value]

    def amend(self, request: HttpRequest, stored: Phase, data: dict[str, Any]) -> Phase:
        return keep_detail(actor=request.user, detail=stored)  # type: ignore[return-value]


@admin.register(PayingCompany)
class PayingCompanyAdmin(Admin):
    list_display = ("code", "name", "timezone", "payout_day", "payout_time")
    list_display_links = ("code", "name")
    search_fields = ("code", "name")
    ordering = ("code",)
    fields = (
        "code", "name", "address", "tax_number", "phone", "timezone", "payout_day", "payout_time", "cutoff_day",
        "working_days_only", "minimum_amount",
    )  # fmt: skip

    def create(self, request: HttpRequest, data: dict[str, Any]) -> PayingCompany:
        return keep_company(actor=request.user, company=PayingCompany(**data))

    def amend(self, request: HttpRequest, stored: PayingCompany, data: dict[str, Any]) -> PayingCompany:
        return keep_company(actor=request.user, company=stored)


@admin.register(Holiday)
class HolidayAdmin(SheetImport, Admin):
    resource_classes = (HolidayResource,)
    sheet = HolidaySheet
    import_can = Can.MANAGE_STAFF
    imported = "holidays.imported"
    sheet_told = (
        gettext_lazy("A day is a holiday unless its row says that it is worked; weekends need no row."),
        gettext_lazy("With a paying company's code a row is that company's, without one it is for all."),
    )
    list_display = ("day", "name", "kind", "whose")
    list_select_related = ("company",)
    list_filter = ("works", ("company", RelatedFilter), ("day", DaysFilter))
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name")
    ordering = ("-day",)
    fields = ("company", "day", "works", "name")

    @admin.display(description=gettext_lazy("kind"), ordering="works")
    def kind(self, holiday: Holiday) -> str:
        return _("worked") if holiday.works else _("holiday")

    @admin.display(description=gettext_lazy("paying company"))
    def whose(self, holiday: Holiday) -> str:
        return str(holiday.company or _("all companies"))

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Holiday:
        return keep_holiday(actor=request.user, holiday=Holiday(**data))

    def amend(self, request: HttpRequest, stored: Holiday, data: dict[str, Any]) -> Holiday:
        return keep_holiday(actor=request.user, holiday=stored)
