"""Referrals and claims in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.accounts.permissions import Can
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act, Done, Shown
from channels_platform.adminkit.base import ReadOnlyAdmin
from channels_platform.adminkit.filters import DaysFilter, ManyRelatedFilter, RelatedFilter
from channels_platform.adminkit.forms import ActForm, ReasonForm
from channels_platform.adminkit.phone_search import PhoneFilter, PhoneSearch
from channels_platform.adminkit.refusals import words_for
from channels_platform.lib import clock
from channels_platform.privacy.models import Phone
from channels_platform.privacy.services import reveal_phone
from leads.admin.evidence import EVIDENCE
from leads.admin.filters import ClaimFilter, ReasonFilter, StateFilter
from leads.admin.many import ManyActs
from leads.admin.told import told_section
from leads.admin.whatif import WhatIfPage
from leads.explanations import explanations_of
from leads.history import history
from leads.messages import visit_outcome
from leads.models import Claim, Consultant, Referral
from leads.selectors import claim_spans, search_referrals
from leads.services.consultants import assign_consultant
from leads.services.visits import confirm_visit
from leads.services.withdrawal import release_referral
from leads.states import LIVE, ReferralState
from projects.states import PhoneMode


class RevealForm(ReasonForm):
    phone = forms.ModelChoiceField(
        label=gettext_lazy("Phone"), queryset=Phone.objects.none(), widget=forms.RadioSelect, empty_label=None
    )
    field_order = ("phone", "reason")

    def prepare(self) -> None:
        known = Phone.objects.filter(pk__in=self.target.phones.exclude(phone=None).values("phone")).order_by("pk")
        self.fields["phone"].queryset = known
        self.fields["phone"].initial = known.first()


class OverrideForm(ActForm):
    """A visit that comes too late or too early, let count by a manager; masked filings bring their numbers."""

    phones = forms.CharField(
        label=gettext_lazy("Full phones"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("One a line, in the order filed; each must fit its mask."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Kept with the visit and on the audit trail."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def prepare(self) -> None:
        masked = self.target.policy.phone_mode == PhoneMode.MASKED and self.target.first_visited_at is None
        if not masked:
            del self.fields["phones"]

    def clean_phones(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["phones"].splitlines() if line.strip()]


class ConsultantForm(ReasonForm):
    consultant = forms.ModelChoiceField(label=gettext_lazy("Consultant"), queryset=Consultant.objects.none())
    field_order = ("consultant", "reason")

    def prepare(self) -> None:
        here = Consultant.objects.filter(project=self.target.project, user__is_active=True).select_related("user")
        self.fields["consultant"].queryset = here.exclude(pk=self.target.consultant_id).order_by("user__name")


def _reveal(request: HttpRequest, referral: Referral, data: dict[str, Any]) -> Shown:
    number = reveal_phone(
        phone=data["phone"],
        actor=request.user,
        reason=data["reason"],
        target=referral,
        project=referral.project_id,
    )
    return Shown(
        title=referral.client_masked or referral.number, text=number, note=_("This look is on the audit trail.")
    )


def _override(request: HttpRequest, referral: Referral, data: dict[str, Any]) -> Done:
    visit = confirm_visit(
        actor=request.user, referral=referral, phones=data.get("phones", ()), override_reason=data["reason"]
    )
    outcome = visit_outcome(visit, request.user)
    text = " ".join(filter(None, (outcome.title + ":", outcome.text, outcome.follow)))
    return Done(text, level="success" if visit.confirmed else "warning")


def _assign(request: HttpRequest, referral: Referral, data: dict[str, Any]) -> str:
    assign_consultant(actor=request.user, referral=referral, consultant=data["consultant"], reason=data["reason"])
    return _("%(consultant)s looks after this client now.") % {"consultant": data["consultant"]}


def _withdraw(request: HttpRequest, referral: Referral, data: dict[str, Any]) -> str:
    release_referral(actor=request.user, referral=referral, reason=data["reason"])
    return _("%(number)s is withdrawn.") % {"number": referral.number}


def _state(referral: Referral) -> ReferralState:
    return referral.state_at(clock.now())


@admin.register(Referral)
class ReferralAdmin(ManyActs, WhatIfPage, PhoneSearch, ReadOnlyAdmin):
    project_path = "project"
    list_display = ("number", "project", "agency", "broker", "client", "phone", "badge", "why", "filed", "ends")
    list_select_related = ("project", "policy", "agency", "broker__user", "consultant__user")
    list_filter = (
        PhoneFilter,
        StateFilter,
        ReasonFilter,
        ("project", RelatedFilter),
        ("agency", ManyRelatedFilter),
        ("broker", ManyRelatedFilter),
        ("filed_at", DaysFilter),
    )
    search_fields = ("number",)
    search_help_text = gettext_lazy("Number, full phone, or last four digits")
    ordering = ("-filed_at", "-id")
    fieldsets = (
        (None, {"fields": ("number", "project", "policy", "badge", "why")}),
        (gettext_lazy("Client"), {"fields": ("client", "phone", "expected", "party_size")}),
        (gettext_lazy("Filed by"), {"fields": ("agency", "broker", "filed")}),
        (gettext_lazy("On site"), {"fields": ("first_visit", "consultant", "lapse", "window")}),
    )
    acts = (
        Act(
            name="reveal",
            label=gettext_lazy("Show the full phone"),
            icon="visibility",
            can=Can.REVEAL_PHONE,
            form=RevealForm,
            when=lambda referral: any(phone.phone_id for phone in referral.phones.all()),
            run=_reveal,
            happens=gettext_lazy("The full number is shown once, to you. Who looked, at whose and why is recorded."),
        ),
        Act(
            name="override",
            label=gettext_lazy("Let the visit count"),
            icon="how_to_reg",
            can=Can.OVERRIDE_VISIT,
            form=OverrideForm,
            when=lambda referral: _state(referral) in (*LIVE, ReferralState.LAPSED),
            run=_override,
            happens=gettext_lazy(
                "The client is here now: the arrival is confirmed although it is too early or the filing lapsed. "
                "All other checks still hold."
            ),
            undo=gettext_lazy("A confirmed visit can't be taken back."),
            binding=True,
        ),
        Act(
            name="consultant",
            label=gettext_lazy("Change the consultant"),
            icon="support_agent",
            can=Can.CONFIRM_VISIT,
            form=ConsultantForm,
            when=lambda referral: _state(referral) in (*LIVE, ReferralState.WON),
            run=_assign,
            happens=gettext_lazy("Another consultant looks after the client. Who referred the client never changes."),
        ),
        Act(
            name="withdraw",
            label=gettext_lazy("Withdraw"),
            icon="undo",
            can=Can.RELEASE_CLIENT,
            form=ReasonForm,
            when=lambda referral: _state(referral) in LIVE,
            run=_withdraw,
            happens=gettext_lazy("The referral ends and its phones are free at once."),
            undo=gettext_lazy("This can't be undone; the client can be filed again."),
            binding=True,
            ends=True,
        ),
        EVIDENCE,
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("phones")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return search_referrals(queryset, search_term), False

    @admin.display(description=gettext_lazy("client"))
    def client(self, referral: Referral) -> str:
        return referral.client_masked or cells.DASH

    @admin.display(description=gettext_lazy("phone"))
    def phone(self, referral: Referral) -> str:
        return ", ".join(phone.masked for phone in referral.phones.all()) or cells.DASH

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def badge(self, referral: Referral) -> Any:
        return cells.state("referral", _state(referral))

    @admin.display(description=gettext_lazy("reason"))
    def why(self, referral: Referral) -> str:
        return words_for(referral.reason) if referral.reason else cells.DASH

    @admin.display(description=gettext_lazy("filed"), ordering="filed_at")
    def filed(self, referral: Referral) -> Any:
        return cells.recently(referral.filed_at, referral.project.timezone)

    @admin.display(description=gettext_lazy("ends"))
    def ends(self, referral: Referral) -> Any:
        """When it lapses or its protection ends, while it is live."""
        state = _state(referral)
        if state not in LIVE:
            return cells.DASH
        ends = [referral.window_ends_at, referral.lapse_at if state is ReferralState.FILED else None]
        return cells.when(min((end for end in ends if end), default=None), referral.project.timezone)

    @admin.display(description=gettext_lazy("expected arrival"))
    def expected(self, referral: Referral) -> Any:
        return cells.when(referral.expected_arrival, referral.project.timezone)

    @admin.display(description=gettext_lazy("first visit"))
    def first_visit(self, referral: Referral) -> Any:
        return cells.when(referral.first_visited_at, referral.project.timezone)

    @admin.display(description=gettext_lazy("visit by"))
    def lapse(self, referral: Referral) -> Any:
        return cells.when(referral.lapse_at, referral.project.timezone)

    @admin.display(description=gettext_lazy("protected"))
    def window(self, referral: Referral) -> Any:
        if referral.window_starts_at is None:
            return cells.DASH
        zone = referral.project.timezone
        return _("%(start)s to %(end)s") % {
            "start": cells.plain_when(referral.window_starts_at, zone),
            "end": cells.plain_when(referral.window_ends_at, zone),
        }

    def about(self, request: HttpRequest, obj: Referral) -> list[cells.Section]:
        zone = obj.project.timezone
        visits = obj.visits.select_related("received_by", "consultant__user").order_by("-arrived_at")
        deals = obj.shares.select_related("deal").order_by("-since")
        disputes = obj.disputes.select_related("agency").order_by("-raised_at")
        sections = [
            told_section(explanations_of(obj, request.user)),
            cells.timeline(_("What happened"), history(obj, for_agency=False), zone),
            cells.table(
                _("Visits"),
                (_("Arrived"), _("Outcome"), _("Override reason"), _("Received by"), _("Consultant")),
                [
                    (
                        cells.link(visit, cells.when(visit.arrived_at, zone)),
                        _("confirmed") if visit.confirmed else words_for(visit.reason),
                        visit.override_reason or cells.DASH,
                        visit.received_by or cells.DASH,
                        visit.consultant or cells.DASH,
                    )
                    for visit in visits
                ],
                empty=_("No arrival yet."),
            ),
            cells.table(
                _("Claims"),
                (_("Phone"), _("From"), _("Until"), _("Held now")),
                [
                    (
                        str(claim.phone),
                        cells.when(claim.starts_at, zone),
                        cells.when(until, zone),
                        _("yes") if claim.holds_at(clock.now()) else _("no"),
                    )
                    for claim, until in claim_spans(obj, clock.now())
                ],
                empty=_("It holds no phone."),
            ),
            cells.table(
                _("Deals"),
                (_("Deal"), _("Share"), _("Since"), _("Ended")),
                [
                    (
                        cells.link(share.deal),
                        str(share.fraction),
                        cells.when(share.since, zone),
                        cells.when(share.ended_at, zone),
                    )
                    for share in deals
                ],
                empty=_("No deal counts for this referral."),
            ),
        ]
        if disputes:
            rows = [(cells.link(one), one.agency, cells.state("dispute", one.state)) for one in disputes]
            sections.append(cells.table(_("Disputes"), (_("Dispute"), _("Agency"), _("State")), rows))
        return sections


@admin.register(Claim)
class ClaimAdmin(PhoneSearch, ReadOnlyAdmin):
    phone_path = "phone"
    project_path = "project"
    list_display = ("referral", "agency", "project", "phone", "start", "until", "holds")
    list_select_related = ("referral__agency", "project", "phone")
    list_filter = (PhoneFilter, ClaimFilter, ("project", RelatedFilter), ("starts_at", DaysFilter))
    search_fields = ("referral__number",)
    search_help_text = gettext_lazy("Number of the referral, or a full phone")
    ordering = ("-starts_at",)
    fields = ("referral", "project", "phone", "start", "until", "holds")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = search_term.strip()
        return (queryset.filter(referral__number=term.upper()) if term else queryset), False

    @admin.display(description=gettext_lazy("agency"))
    def agency(self, claim: Claim) -> str:
        return str(claim.referral.agency)

    @admin.display(description=gettext_lazy("from"), ordering="starts_at")
    def start(self, claim: Claim) -> Any:
        return cells.when(claim.starts_at, claim.project.timezone)

    @admin.display(description=gettext_lazy("until"), ordering="ends_at")
    def until(self, claim: Claim) -> Any:
        return cells.when(claim.held_until, claim.project.timezone)

    @admin.display(description=gettext_lazy("holds now"), boolean=True)
    def holds(self, claim: Claim) -> bool:
        return claim.holds_at(clock.now())
