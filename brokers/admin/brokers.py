"""Brokers in the admin: the person, the account, the invitation."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IS_POPUP_VAR
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from brokers.models import Broker, Store
from brokers.services.agencies import create_broker, set_broker_active
from brokers.services.changes import change_broker
from brokers.services.inviting import invite_again
from channels_platform.accounts.admin import invitation, waits_for_password
from channels_platform.accounts.models import RoleChoice
from channels_platform.accounts.permissions import AGENCY_ROLES, Can
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act, Shown
from channels_platform.adminkit.base import Admin
from channels_platform.adminkit.filters import ChoiceFilter, DaysFilter, ManyRelatedFilter
from channels_platform.adminkit.forms import ReasonForm, dress


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


def _invite_again(request: HttpRequest, broker: Any, data: dict[str, Any]) -> Shown:
    return invitation(request, broker.user, invite_again(actor=request.user, broker=broker))


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
            name="forgot",
            label=gettext_lazy("Forgot the password"),
            icon="key",
            binding=True,
            can=Can.EDIT_AGENCIES,
            when=lambda broker: broker.user.is_active and broker.user.has_usable_password(),
            run=_invite_again,
            happens=gettext_lazy(
                "The password is void at once, and you get a link to set another. Hand it to the person."
            ),
        ),
        Act(
            name="disable",
            label=gettext_lazy("Disable"),
            icon="person_off",
            binding=True,
            can=Can.EDIT_AGENCIES,
            form=ReasonForm,
            when=lambda broker: broker.is_active or (not broker.barred and broker.is_confirmed),
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
            when=lambda broker: not broker.is_active and broker.is_confirmed,
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
