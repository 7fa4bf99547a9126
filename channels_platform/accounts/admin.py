"""People in the admin: the developer's own staff are made and changed here, brokers under their agency."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IS_POPUP_VAR
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from channels_platform.accounts.models import RoleChoice, User
from channels_platform.accounts.permissions import ALLOWED, Can
from channels_platform.accounts.services.invitations import VALID_FOR, issue_invitation
from channels_platform.accounts.services.staff import STAFF_ROLES, change_staff, create_staff, set_staff_active
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act, Shown
from channels_platform.adminkit.base import Admin
from channels_platform.adminkit.filters import ChoiceFilter
from channels_platform.adminkit.forms import ReasonForm, dress


class StaffForm(forms.ModelForm):
    """A member of staff: no password is set or shown, the person chooses it by invitation."""

    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Nobody can file a colleague's number. Leave empty to keep the one on record."),
    )

    class Meta:
        model = User
        fields = ("username", "name", "role", "email", "all_projects", "projects")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "role" in self.fields:
            self.fields["role"].choices = [(role.value, RoleChoice(role).label) for role in STAFF_ROLES]
            self.fields["role"].required = True
        if "name" in self.fields:
            self.fields["name"].required = True
        self.initial.pop("phone", None)
        dress(self)

    def clean_phone(self) -> str:
        return str(self.cleaned_data["phone"])

    def _post_clean(self) -> None:
        # The phone is text here and a row there; the service brings one to the other.
        phone = self.cleaned_data.pop("phone", None)
        super()._post_clean()
        if phone is not None:
            self.cleaned_data["phone"] = phone


class SideFilter(ChoiceFilter):
    title = gettext_lazy("side")
    parameter_name = "side"
    options = (("staff", gettext_lazy("Staff")), ("agency", gettext_lazy("Agency people")))

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(role__in=STAFF_ROLES) if value == "staff" else queryset.exclude(role__in=STAFF_ROLES)


def _invite(request: HttpRequest, person: User, data: dict[str, Any]) -> Shown:
    return invitation(request, person)


def invitation(request: HttpRequest, person: User, token: str = "") -> Shown:
    """Show, once, the link by which the person sets a password, to be handed over; issued here unless given."""
    token = token or issue_invitation(user=person, actor=request.user)
    note = ngettext(
        "Send this link to them. It works once, for %(n)s day; the password they choose is known to nobody else.",
        "Send this link to them. It works once, for %(n)s days; the password they choose is known to nobody else.",
        VALID_FOR.days,
    )
    return Shown(
        title=_("Invitation for %(person)s") % {"person": person},
        text=request.build_absolute_uri(reverse("invitation", args=[token])),
        note=note % {"n": VALID_FOR.days},
    )


def waits_for_password(person: User) -> bool:
    return person.is_active and not person.has_usable_password()


def _set_active(active: bool, done: Any) -> Any:
    def run(request: HttpRequest, person: User, data: dict[str, Any]) -> str:
        set_staff_active(actor=request.user, user=person, active=active, reason=data["reason"])
        return done % {"person": person}

    return run


@admin.register(User)
class UserAdmin(Admin):
    form = StaffForm
    list_display = ("username", "name", "role", "scope", "is_active", "last_login")
    list_display_links = ("username", "name")
    list_filter = (SideFilter, "role", "is_active")
    search_fields = ("username", "name", "email")
    search_help_text = gettext_lazy("Username, name or e-mail")
    ordering = ("username",)
    acts = (
        Act(
            name="invite",
            label=gettext_lazy("Invitation link"),
            icon="mail",
            can=Can.MANAGE_STAFF,
            when=waits_for_password,
            run=_invite,
            happens=gettext_lazy("You get a link that lets this person choose a password. Earlier links stay valid."),
        ),
        Act(
            name="disable",
            label=gettext_lazy("Disable"),
            icon="person_off",
            binding=True,
            can=Can.MANAGE_STAFF,
            form=ReasonForm,
            when=lambda person: person.is_active and not person.is_agency_side,
            run=_set_active(False, gettext_lazy("%(person)s is disabled.")),
            happens=gettext_lazy("They can't sign in any more. What they did stays under their name."),
            undo=gettext_lazy("They can be enabled again."),
            ends=True,
        ),
        Act(
            name="enable",
            label=gettext_lazy("Enable"),
            icon="person_check",
            can=Can.MANAGE_STAFF,
            form=ReasonForm,
            when=lambda person: not person.is_active and not person.is_agency_side,
            run=_set_active(True, gettext_lazy("%(person)s is enabled again.")),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).select_related("phone")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        account = ("username", "name", "role", "email", "phone")
        if obj is not None:
            typed = ("phone",) if self.has_change_permission(request, obj) else ()
            account = ("username", "name", "role", "email", *typed, "phone_on_record", "is_active", "last_login")
        return ((None, {"fields": account}), (_("Projects"), {"fields": ("all_projects", "projects")}))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        fixed = ("username", "phone_on_record", "is_active", "last_login")
        return (*fixed, "role", "all_projects", "projects") if obj.pk == request.user.pk else fixed

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if isinstance(obj, User) and (obj.is_agency_side or (obj.is_superuser and not request.user.is_superuser)):
            return False
        return super().has_change_permission(request, obj)

    @admin.display(description=gettext_lazy("projects"))
    def scope(self, person: User) -> str:
        if person.is_agency_side:
            return cells.DASH
        return _("all") if person.all_projects else _("assigned")

    @admin.display(description=gettext_lazy("phone on record"))
    def phone_on_record(self, person: User) -> str:
        return str(person.phone or cells.DASH)

    def create(self, request: HttpRequest, data: dict[str, Any]) -> User:
        return create_staff(actor=request.user, **data)

    def amend(self, request: HttpRequest, stored: User, data: dict[str, Any]) -> User:
        return change_staff(actor=request.user, user=stored, **data)

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: Any = None) -> HttpResponse:
        answer = super().response_add(request, obj, post_url_continue)
        # In a pop-up the page that opened it waits for the answer; the link is then asked for on the person's page.
        return answer if IS_POPUP_VAR in request.POST else HttpResponseRedirect(self.act_url(obj, "invite"))

    def about(self, request: HttpRequest, obj: User) -> list[cells.Section]:
        acts = [_ACT_WORDS[act] for act in Can if act in ALLOWED.get(obj.role, frozenset())]
        return [cells.words(_("What this role may do"), acts, empty=_("Nothing: the account has no role."))]


_ACT_WORDS = {
    Can.SEE_ADMIN: gettext_lazy("open the administration"),
    Can.EDIT_PROJECTS: gettext_lazy("edit projects, units and protection rules"),
    Can.EDIT_AGENCIES: gettext_lazy("edit agencies, stores and brokers"),
    Can.EDIT_OWN_BROKERS: gettext_lazy("manage the own agency's brokers"),
    Can.RECRUIT: gettext_lazy("recruit individuals by an own link"),
    Can.DRAFT_AGREEMENT: gettext_lazy("draft agreements"),
    Can.APPROVE_AGREEMENT: gettext_lazy("approve agreements that others drafted"),
    Can.GRADE_AGENCIES: gettext_lazy("keep the grades of agencies"),
    Can.DRAFT_PLAN: gettext_lazy("draft commission plans"),
    Can.APPROVE_PLAN: gettext_lazy("approve commission plans that others drafted"),
    Can.DRAFT_CONTEST: gettext_lazy("draft contests"),
    Can.APPROVE_CONTEST: gettext_lazy("approve contests that others drafted, and the prizes of their rounds"),
    Can.FILE_REFERRAL: gettext_lazy("file clients"),
    Can.SEE_REFERRALS: gettext_lazy("see referrals"),
    Can.CONFIRM_VISIT: gettext_lazy("confirm visits"),
    Can.OVERRIDE_VISIT: gettext_lazy("let a late or early visit count, with a reason"),
    Can.RECORD_NATURAL_VISIT: gettext_lazy("record natural visits"),
    Can.TRANSFER_CLIENT: gettext_lazy("transfer clients to a colleague within their agency, with a reason"),
    Can.EXTEND_PROTECTION: gettext_lazy("extend protection, with a reason"),
    Can.RELEASE_CLIENT: gettext_lazy("release clients, with a reason"),
    Can.REVEAL_PHONE: gettext_lazy("see a full phone, with a reason"),
    Can.DECIDE_DISPUTE: gettext_lazy("decide disputes"),
    Can.JUDGE_SIGNAL: gettext_lazy("judge risk signals"),
    Can.RAISE_DISPUTE: gettext_lazy("contest an outcome"),
    Can.TAKE_CLIENT: gettext_lazy("take clients out of the pool"),
    Can.SUBSCRIBE_DEAL: gettext_lazy("record subscriptions"),
    Can.MOVE_DEAL: gettext_lazy("record contracts, handovers, cancellations and amendments"),
    Can.RECORD_PAYMENT: gettext_lazy("record payments"),
    Can.SEE_DEALS: gettext_lazy("see deals"),
    Can.SEE_MONEY: gettext_lazy("see commission, balances and batches"),
    Can.SEE_OWN_MONEY: gettext_lazy("see the own money"),
    Can.PREPARE_PAYOUT: gettext_lazy("prepare payout batches"),
    Can.APPROVE_PAYOUT: gettext_lazy("approve payout batches that others prepared"),
    Can.INVOICE_LINE: gettext_lazy("send invoices for payout lines"),
    Can.ASK_ADVANCE: gettext_lazy("ask for advances"),
    Can.ASK_ACCOUNT: gettext_lazy("ask for another bank account"),
    Can.CONFIRM_ACCOUNT: gettext_lazy("confirm bank accounts that others asked for"),
    Can.KEEP_IDENTITY: gettext_lazy("keep identity numbers for the tax office"),
    Can.EXPORT_IDENTITIES: gettext_lazy("export full identity numbers, on record"),
    Can.KEEP_BANK_FILES: gettext_lazy("say how banks want their files"),
    Can.CLOSE_MONTH: gettext_lazy("close months and issue statements"),
    Can.ANSWER_STATEMENT: gettext_lazy("confirm or contest statements"),
    Can.CHECK_LEDGER: gettext_lazy("have the ledger proven"),
    Can.RECONCILE: gettext_lazy("compare ledgers with agencies and sign"),
    Can.RECONCILE_OWN: gettext_lazy("send the agency's own ledger and sign for it"),
    Can.SEE_AUDIT: gettext_lazy("read the audit trail"),
    Can.MANAGE_STAFF: gettext_lazy("manage staff"),
}
