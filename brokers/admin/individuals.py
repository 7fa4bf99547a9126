"""Individuals in the admin: the queue of who signed up."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from brokers.models import Individual
from brokers.services.individuals import confirm_individuals, decline_individuals
from brokers.states import IndividualState
from channels_platform.accounts.permissions import Can, may
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act
from channels_platform.adminkit.base import ReadOnlyAdmin
from channels_platform.adminkit.filters import ChoiceFilter, DaysFilter, ManyRelatedFilter, RelatedFilter
from channels_platform.adminkit.forms import ReasonForm
from channels_platform.adminkit.refusals import add_refusal, words_for
from channels_platform.lib.errors import Refused


class ProvenFilter(ChoiceFilter):
    title = gettext_lazy("phone")
    parameter_name = "proven"
    options = (("yes", gettext_lazy("Proven")), ("no", gettext_lazy("Not proven")))

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(phone_proven_at__isnull=value == "no")


def _confirm_one(request: HttpRequest, individual: Individual, data: dict[str, Any]) -> str:
    _only(confirm_individuals(actor=request.user, individuals=[individual]))
    return _("Confirmed. A notice tells the person.")


def _decline_one(request: HttpRequest, individual: Individual, data: dict[str, Any]) -> str:
    _only(decline_individuals(actor=request.user, individuals=[individual], reason=data["reason"]))
    return _("Declined. The person reads the reason on signing in.")


def _only(outcomes: dict[Individual, str]) -> None:
    """Tell the one outcome of one as its refusal.

    Raises: Refused.
    """
    for code in outcomes.values():
        if code:
            raise Refused(code=code)


def _count_done(outcomes: dict[Individual, str]) -> int:
    return sum(not code for code in outcomes.values())


def _waits(individual: Individual) -> bool:
    return individual.state == IndividualState.WAITING


@admin.register(Individual)
class IndividualAdmin(ReadOnlyAdmin):
    project_path = "link__programme__project"
    list_display = ("person", "badge", "relation", "home", "proven", "programme", "recruiter", "signed_up_at")
    list_select_related = (
        "broker__user",
        "broker__recruited_by",
        "link__programme__project",
        "link__programme__agency",
    )
    list_filter = (
        "state",
        "relation",
        ProvenFilter,
        ("link__programme", RelatedFilter),
        ("broker__recruited_by", ManyRelatedFilter),
        ("signed_up_at", DaysFilter),
    )
    search_fields = ("broker__user__name", "broker__user__username", "link__code")
    search_help_text = gettext_lazy("Name, username or link's code")
    ordering = ("-signed_up_at", "-id")
    actions = ("confirm_chosen", "decline_chosen")
    fieldsets = (
        (None, {"fields": ("person", "username", "badge", "relation", "home", "number", "proven", "signed_up_at")}),
        (gettext_lazy("Came by"), {"fields": ("programme", "link", "recruiter")}),
        (gettext_lazy("What became of it"), {"fields": ("by_rule", "decided_by", "decided_at", "reason", "broker")}),
    )
    acts = (
        Act(
            name="confirm",
            label=gettext_lazy("Confirm"),
            icon="person_check",
            can=Can.EDIT_AGENCIES,
            when=_waits,
            run=_confirm_one,
            happens=gettext_lazy("The person can file clients from now on, and signs in with the phone."),
            undo=gettext_lazy("The broker can be disabled later."),
        ),
        Act(
            name="decline",
            label=gettext_lazy("Decline"),
            icon="block",
            can=Can.EDIT_AGENCIES,
            form=ReasonForm,
            when=_waits,
            run=_decline_one,
            happens=gettext_lazy("The person reads the reason, and may sign up again."),
            binding=True,
            ends=True,
        ),
    )

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return may(request.user, Can.EDIT_AGENCIES)

    @admin.action(description=gettext_lazy("Confirm the chosen"), permissions=["decide"])
    def confirm_chosen(self, request: HttpRequest, queryset: QuerySet[Individual]) -> None:
        outcomes = confirm_individuals(actor=request.user, individuals=self._waiting(queryset))
        done = _count_done(outcomes)
        said = ngettext("%(n)s person is confirmed.", "%(n)s people are confirmed.", done)
        self._tell(request, said % {"n": done}, outcomes)

    @admin.action(description=gettext_lazy("Decline the chosen"), permissions=["decide"])
    def decline_chosen(self, request: HttpRequest, queryset: QuerySet[Individual]) -> HttpResponse | None:
        """Ask why, once for all."""
        chosen = list(self._waiting(queryset))
        asked = "reason" in request.POST
        form = ReasonForm(request.POST if asked else None, target=None, request=request)
        if asked and form.is_valid():
            try:
                outcomes = decline_individuals(
                    actor=request.user, individuals=chosen, reason=form.cleaned_data["reason"]
                )
            except Refused as refusal:
                add_refusal(form, refusal)
            else:
                done = _count_done(outcomes)
                said = ngettext("%(n)s person is declined.", "%(n)s people are declined.", done)
                self._tell(request, said % {"n": done}, outcomes)
                return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Decline"),
            "opts": self.opts,
            "form": form,
            "chosen": chosen,
            "back": reverse("admin:brokers_individual_changelist"),
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "admin/decline_chosen.html", context, status=422 if form.errors else 200)

    @staticmethod
    def _waiting(queryset: QuerySet[Individual]) -> Iterable[Individual]:
        return queryset.filter(state=IndividualState.WAITING).order_by("pk")

    @staticmethod
    def _tell(request: HttpRequest, said: str, outcomes: dict[Individual, str]) -> None:
        messages.success(request, said)
        for individual, code in outcomes.items():
            if code:
                messages.warning(request, f"{individual.broker.user.name}: {words_for(code)}")

    @admin.display(description=gettext_lazy("name"), ordering="broker__user__name")
    def person(self, individual: Individual) -> str:
        return str(individual.broker.user)

    @admin.display(description=gettext_lazy("username"))
    def username(self, individual: Individual) -> str:
        return individual.broker.user.username

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def badge(self, individual: Individual) -> Any:
        return cells.state("individual", individual.state)

    @admin.display(description=gettext_lazy("home or employer"))
    def home(self, individual: Individual) -> str:
        return individual.detail or cells.DASH

    @admin.display(description=gettext_lazy("phone"))
    def number(self, individual: Individual) -> str:
        return str(individual.phone)

    @admin.display(description=gettext_lazy("phone proven"), ordering="phone_proven_at")
    def proven(self, individual: Individual) -> Any:
        if individual.phone_proven_at is None:
            return cells.badge(_("Not proven"), "wait", "hourglass-split")
        return cells.badge(_("Proven"), "good", "check-circle")

    @admin.display(description=gettext_lazy("programme"))
    def programme(self, individual: Individual) -> str:
        return str(individual.link.programme.project)

    @admin.display(description=gettext_lazy("recruited by"), ordering="broker__recruited_by__name")
    def recruiter(self, individual: Individual) -> str:
        return str(individual.broker.recruited_by or cells.DASH)
