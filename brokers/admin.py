"""Agencies in the admin: their stores and brokers, and the agreements under which they file."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IS_POPUP_VAR
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from brokers.models import Agency, Agreement, Broker, Store
from brokers.selectors import in_force_on
from brokers.services.agencies import create_agency, create_broker, set_agency_status, set_broker_active
from brokers.services.agreements import approve_agreement, draft_agreement, end_agreement
from brokers.services.changes import change_agency, change_broker, change_draft, keep_store
from brokers.states import AgencyStatus, AgreementState
from channels_platform.accounts.admin import invitation, waits_for_password
from channels_platform.accounts.models import RoleChoice
from channels_platform.accounts.permissions import AGENCY_ROLES, Can, may
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act, Shown
from channels_platform.adminkit.base import Admin, Inline
from channels_platform.adminkit.filters import ChoiceFilter, DaysFilter, ManyRelatedFilter, RelatedFilter
from channels_platform.adminkit.forms import ReasonForm, dress
from channels_platform.lib import clock


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
class AgencyAdmin(Admin):
    list_display = ("code", "name", "kind", "badge", "brokers_count", "created_at")
    list_display_links = ("code", "name")
    list_filter = ("kind", "status", ("created_at", DaysFilter))
    search_fields = ("code", "name", "licence_no")
    search_help_text = gettext_lazy("Code, name or licence number")
    ordering = ("code",)
    fieldsets = (
        (None, {"fields": ("code", "name", "kind", "licence_no", "badge")}),
        (gettext_lazy("Bank"), {"fields": ("bank_name", "bank_account")}),
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
        return super().get_queryset(request).annotate(broker_count=Count("brokers", filter=Q(brokers__is_active=True)))

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def badge(self, agency: Agency) -> Any:
        if agency.status == AgencyStatus.SUSPENDED:
            return cells.badge(agency.get_status_display(), "bad", "slash-circle")
        return cells.badge(agency.get_status_display(), "good", "check-circle")

    @admin.display(description=gettext_lazy("active brokers"), ordering="broker_count")
    def brokers_count(self, agency: Any) -> int:
        return int(agency.broker_count)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("code", "badge") if obj else ("badge",)

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
            (cells.link(one, one.project), one.from_on, one.to_on or cells.DASH, cells.state("agreement", one.state))
            for one in agreements
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
        ]  # fmt: skip


def _add(model: str) -> str:
    return reverse(f"admin:brokers_{model}_add")


class BrokerForm(forms.ModelForm):
    """A broker with the account that belongs to them."""

    username = forms.CharField(label=gettext_lazy("Username"), max_length=150)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    role = forms.ChoiceField(
        label=gettext_lazy("Role"), choices=[(role.value, RoleChoice(role).label) for role in sorted(AGENCY_ROLES)]
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("A broker can't file their own number. Leave empty to keep the one on record."),
    )
    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)

    class Meta:
        model = Broker
        fields = ("agency", "store", "recruited_by", "bank_name", "bank_account")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.user_id:
            for name in ("username", "role"):
                self.fields.pop(name, None)
            for name in ("name", "email"):
                if name in self.fields:
                    self.initial[name] = getattr(self.instance.user, name)
        dress(self)


class ProbingFilter(ChoiceFilter):
    title = gettext_lazy("flagged for probing")
    parameter_name = "probing"
    options = (("yes", gettext_lazy("Flagged")),)

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(probing_flagged_at__isnull=value != "yes")


def _invite(request: HttpRequest, broker: Any, data: dict[str, Any]) -> Shown:
    return invitation(request, broker.user)


def _set_active(active: bool, done: Any) -> Any:
    def run(request: HttpRequest, broker: Broker, data: dict[str, Any]) -> str:
        set_broker_active(actor=request.user, broker=broker, active=active, reason=data["reason"])
        return done % {"broker": broker}

    return run


@admin.register(Broker)
class BrokerAdmin(Admin):
    form = BrokerForm
    list_display = ("person", "username", "agency", "store", "role", "is_active", "probing", "created_at")
    list_select_related = ("user", "agency", "store")
    list_filter = (
        ("agency", ManyRelatedFilter),
        "is_active",
        ProbingFilter,
        ("created_at", DaysFilter),
    )
    search_fields = ("user__name", "user__username", "agency__name", "agency__code")
    search_help_text = gettext_lazy("Name, username or agency")
    autocomplete_fields = ("agency", "recruited_by")
    ordering = ("-created_at",)
    acts = (
        Act(
            name="invite",
            label=gettext_lazy("Invitation link"),
            icon="mail",
            can=Can.EDIT_AGENCIES,
            when=lambda broker: waits_for_password(broker.user),
            run=_invite,
            happens=gettext_lazy("You get a link that lets this person choose a password. Earlier links stay valid."),
        ),
        Act(
            name="disable",
            label=gettext_lazy("Disable"),
            icon="person_off",
            binding=True,
            can=Can.EDIT_AGENCIES,
            form=ReasonForm,
            when=lambda broker: broker.is_active,
            run=_set_active(False, gettext_lazy("%(broker)s is disabled.")),
            happens=gettext_lazy(
                "They can't sign in or file any more. The agency keeps their referrals and the money."
            ),
            undo=gettext_lazy("They can be enabled again."),
            ends=True,
        ),
        Act(
            name="enable",
            label=gettext_lazy("Enable"),
            icon="person_check",
            can=Can.EDIT_AGENCIES,
            form=ReasonForm,
            when=lambda broker: not broker.is_active,
            run=_set_active(True, gettext_lazy("%(broker)s is enabled again.")),
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        person: tuple[str, ...] = ("name", "email", "phone") if obj else ("username", "name", "role", "email", "phone")
        if obj and not self.has_change_permission(request, obj):
            person = ()
        state = ("username", "role", "phone_on_record", "is_active", "probing", "created_at") if obj else ()
        return (
            (None, {"fields": ("agency", "store", "recruited_by")}),
            (_("Account"), {"fields": (*person, *state)}),
            (_("Bank"), {"fields": ("bank_name", "bank_account")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        return ("agency", "username", "role", "phone_on_record", "is_active", "probing", "created_at")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "store":
            kwargs["queryset"] = Store.objects.select_related("agency").order_by("agency__name", "name")
            field = super().formfield_for_foreignkey(db_field, request, **kwargs)
            field.label_from_instance = lambda store: f"{store.agency} · {store.name}"
            return field
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("name"), ordering="user__name")
    def person(self, broker: Broker) -> str:
        return str(broker.user)

    @admin.display(description=gettext_lazy("username"), ordering="user__username")
    def username(self, broker: Broker) -> str:
        return broker.user.username

    @admin.display(description=gettext_lazy("role"), ordering="user__role")
    def role(self, broker: Broker) -> str:
        return str(broker.user.get_role_display())

    @admin.display(description=gettext_lazy("phone on record"))
    def phone_on_record(self, broker: Broker) -> str:
        return str(broker.user.phone or cells.DASH)

    @admin.display(description=gettext_lazy("probing"), ordering="probing_flagged_at")
    def probing(self, broker: Broker) -> Any:
        if broker.probing_flagged_at is None:
            return cells.DASH
        return cells.badge(_("Flagged"), "wait", "flag")

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Broker:
        facts = dict(data)
        bank = {name: facts.pop(name) for name in ("bank_name", "bank_account")}
        broker = create_broker(actor=request.user, **facts)
        return change_broker(actor=request.user, broker=broker, **bank) if any(bank.values()) else broker

    def amend(self, request: HttpRequest, stored: Broker, data: dict[str, Any]) -> Broker:
        return change_broker(actor=request.user, broker=stored, **data)

    def response_add(self, request: HttpRequest, obj: Broker, post_url_continue: Any = None) -> HttpResponse:
        answer = super().response_add(request, obj, post_url_continue)
        # In a pop-up the page that opened it waits for the answer; the link is then asked for on the person's page.
        return answer if IS_POPUP_VAR in request.POST else HttpResponseRedirect(self.act_url(obj, "invite"))


class InForceFilter(ChoiceFilter):
    title = gettext_lazy("in force today")
    parameter_name = "in_force"
    options = (("yes", gettext_lazy("In force")), ("no", gettext_lazy("Not in force")))

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        condition = in_force_on(clock.now().date())
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
