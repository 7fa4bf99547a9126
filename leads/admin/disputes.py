"""Disputes in the admin: a queue by deadline, and a page to hear and decide each."""

from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.accounts.permissions import Can, may
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act
from channels_platform.adminkit.base import ReadOnlyAdmin
from channels_platform.adminkit.filters import DaysFilter, ManyRelatedFilter, RelatedFilter
from channels_platform.adminkit.forms import ActForm, ReasonForm
from channels_platform.files.answers import file_answer
from channels_platform.lib import clock
from channels_platform.presentation import formats
from channels_platform.templatetags import ui
from leads.admin.case import case_sections
from leads.admin.deal_forms import SharesForm
from leads.admin.deals import shares_in_words
from leads.models import Deal, Dispute, DisputeFile, Referral
from leads.selectors import deal_of_case, referrals_of_case, similar_referrals
from leads.services.disputes import approve_ruling, ask_side, open_file, return_ruling, rule_dispute
from leads.services.disputes.asking import LONGEST_WAIT
from leads.states import DealState, DisputeState

_READ_BY_BOTH = gettext_lazy(
    "What you decided and why. Every side reads it: name no client, phone, filing, broker or agency."
)


class DecideForm(SharesForm):
    def deal(self) -> Deal:
        deal = deal_of_case(self.target)
        if deal is None:
            raise Http404
        return deal

    def prepare(self) -> None:
        super().prepare()
        self.fields["reason"].label = _("Decision")
        self.fields["reason"].help_text = _READ_BY_BOTH


class CloseForm(ActForm):
    decision = forms.CharField(
        label=gettext_lazy("Decision"), widget=forms.Textarea(attrs={"rows": 4}), help_text=_READ_BY_BOTH
    )


class AskForm(ActForm):
    referral = forms.ModelChoiceField(
        label=gettext_lazy("Whom"),
        queryset=Referral.objects.none(),
        widget=forms.RadioSelect,
        empty_label=None,
        help_text=gettext_lazy("Who is asked learns that this client is contested, and reads the decision."),
    )
    text = forms.CharField(
        label=gettext_lazy("Question"),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=2000,
        help_text=gettext_lazy("Name nobody of another side: no client, phone, filing, broker or agency."),
    )
    days = forms.IntegerField(label=gettext_lazy("Days to answer"), min_value=1, max_value=LONGEST_WAIT, initial=3)

    def prepare(self) -> None:
        asked = [*referrals_of_case(self.target), *similar_referrals(self.target)]
        choices = Referral.objects.filter(pk__in=[one.pk for one in asked])
        field: Any = self.fields["referral"]
        field.queryset = choices.select_related("agency", "broker__user").order_by("filed_at")
        field.label_from_instance = lambda one: f"{one.number} · {one.agency} · {one.broker}"


def _decide(request: HttpRequest, dispute: Dispute, data: dict[str, Any]) -> str:
    ruled = rule_dispute(actor=request.user, dispute=dispute, decision=data["reason"], shares=data["shares"])
    if ruled.state == DisputeState.PROPOSED:
        return _("Written down. It counts once a second manager approves it.")
    return _("Decided: %(shares)s.") % {"shares": shares_in_words(data["shares"])}


def _close(request: HttpRequest, dispute: Dispute, data: dict[str, Any]) -> str:
    rule_dispute(actor=request.user, dispute=dispute, decision=data["decision"])
    return _("Decided without a change.")


def _ask(request: HttpRequest, dispute: Dispute, data: dict[str, Any]) -> str:
    ask_side(actor=request.user, dispute=dispute, referral=data["referral"], text=data["text"], days=data["days"])
    return _("Asked. You are told when they answer.")


def _approve(request: HttpRequest, dispute: Dispute, data: dict[str, Any]) -> str:
    approve_ruling(actor=request.user, dispute=dispute)
    return _("Approved: the decision counts from now.")


def _return(request: HttpRequest, dispute: Dispute, data: dict[str, Any]) -> str:
    return_ruling(actor=request.user, dispute=dispute, reason=data["reason"])
    return _("Sent back: the dispute is open again.")


def _is_open(dispute: Dispute) -> bool:
    return dispute.state == DisputeState.OPEN


def _is_proposed(dispute: Dispute) -> bool:
    return dispute.state == DisputeState.PROPOSED


def _can_share(dispute: Dispute) -> bool:
    if not _is_open(dispute):
        return False
    deal = deal_of_case(dispute)
    return deal is not None and deal.state in (DealState.SUBSCRIBED, DealState.CONTRACTED)


def _deciding(dispute: Dispute) -> str:
    bound = formats.money(settings.DISPUTE_APPROVAL_ABOVE, dispute.project.currency)
    return _(
        "Who is put in has won; who is taken out has lost, and their claims on the buyers' phones end now. Where more "
        "than %(bound)s %(currency)s changes hands (price × share), it waits for a second manager first."
    ) % {"bound": bound, "currency": dispute.project.currency}


_act = partial(Act, can=Can.DECIDE_DISPUTE)


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    project_path = "project"
    list_display = ("number", "badge", "due", "what_kind", "project", "agency", "about_what", "raised", "decided_by")
    list_select_related = (
        "project", "agency", "referral", "deal__project", "raised_by", "decided_by", "approved_by", "proposed_by",
        "appeal_of",
    )  # fmt: skip
    list_filter = ("state", ("project", RelatedFilter), ("agency", ManyRelatedFilter), ("raised_at", DaysFilter))
    search_fields = ("number", "referral__number", "deal__number")
    search_help_text = gettext_lazy("Number of the dispute, referral or deal")
    # What is not decided stands first, the next deadline at the top.
    ordering = (F("decided_at").desc(nulls_first=True), "due_at", "pk")
    fieldsets = (
        (None, {"fields": ("number", "badge", "due", "project", "agency", "referral", "deal", "appeal_of")}),
        (gettext_lazy("What the agency says"), {"fields": ("claim_text", "raised", "raised_by")}),
        (gettext_lazy("Decision"), {"fields": ("decision", "decided", "decided_by", "approved_by", "appealed")}),
    )
    acts = (
        _act(
            name="ask",
            label=gettext_lazy("Ask a side"),
            icon="contact_support",
            form=AskForm,
            when=_is_open,
            run=_ask,
            happens=gettext_lazy(
                "Its broker and manager are told, and answer in the portal, once, before the deadline."
            ),
        ),
        _act(
            name="decide",
            label=gettext_lazy("Decide who brought the deal"),
            icon="gavel",
            form=DecideForm,
            when=_can_share,
            run=_decide,
            happens=_deciding,
            undo=gettext_lazy("The decision is kept for ever; a side can appeal once, to another manager."),
            binding=True,
        ),
        _act(
            name="close",
            label=gettext_lazy("Decide without a change"),
            icon="task_alt",
            form=CloseForm,
            when=_is_open,
            run=_close,
            happens=gettext_lazy("The outcome stays as it is."),
            undo=gettext_lazy("A decided dispute isn't opened again; a side can appeal once."),
            binding=True,
        ),
        _act(
            name="approve",
            label=gettext_lazy("Approve the decision"),
            icon="verified",
            when=_is_proposed,
            run=_approve,
            happens=gettext_lazy("The decision counts from now and the sides read it. Its author can't approve it."),
            binding=True,
        ),
        _act(
            name="return",
            label=gettext_lazy("Send the decision back"),
            icon="undo",
            form=ReasonForm,
            when=_is_proposed,
            run=_return,
            happens=gettext_lazy("Nothing counts; the dispute is open again and its judge is told why."),
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.file_view)
        return [path("<uuid:object_id>/files/<uuid:file_id>/", view, name="leads_dispute_file"), *super().get_urls()]

    def file_view(self, request: HttpRequest, object_id: Any, file_id: Any) -> FileResponse:
        """A file that a side handed in, for who judges or audits; the look is recorded."""
        if not (may(request.user, Can.DECIDE_DISPUTE) or may(request.user, Can.SEE_AUDIT)):
            raise PermissionDenied
        dispute = get_object_or_404(self.get_queryset(request), pk=object_id)
        file = get_object_or_404(
            DisputeFile.objects.select_related("attachment", "dispute"), dispute=dispute, pk=file_id
        )
        return file_answer(open_file(actor=request.user, file=file))

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def badge(self, dispute: Dispute) -> Any:
        return cells.state("dispute", dispute.state)

    @admin.display(description=gettext_lazy("decide by"), ordering="due_at")
    def due(self, dispute: Dispute) -> Any:
        if dispute.state == DisputeState.DECIDED:
            return cells.DASH
        if dispute.due_at <= clock.now():
            return cells.badge(_("Overdue"), "bad", "exclamation-triangle")
        return ui.countdown(dispute.due_at, dispute.project.timezone)

    @admin.display(description=gettext_lazy("kind"))
    def what_kind(self, dispute: Dispute) -> str:
        return _("Appeal") if dispute.appeal_of_id else _("Dispute")

    @admin.display(description=gettext_lazy("about"))
    def about_what(self, dispute: Dispute) -> str:
        return str(dispute.deal or dispute.referral)

    @admin.display(description=gettext_lazy("raised"), ordering="raised_at")
    def raised(self, dispute: Dispute) -> Any:
        return cells.recently(dispute.raised_at, dispute.project.timezone)

    @admin.display(description=gettext_lazy("decided"))
    def decided(self, dispute: Dispute) -> Any:
        return cells.when(dispute.decided_at, dispute.project.timezone)

    @admin.display(description=gettext_lazy("appealed"))
    def appealed(self, dispute: Dispute) -> Any:
        return cells.link(Dispute.objects.filter(appeal_of=dispute).first())

    def about(self, request: HttpRequest, obj: Dispute) -> list[cells.Section]:
        return case_sections(request, obj)
