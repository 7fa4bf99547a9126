"""Disputes in the admin: a queue to be decided."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.accounts.permissions import Can
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act
from channels_platform.adminkit.base import ReadOnlyAdmin
from channels_platform.adminkit.filters import DaysFilter, ManyRelatedFilter, RelatedFilter
from channels_platform.adminkit.forms import ActForm
from leads.admin.deal_forms import SharesForm
from leads.admin.deals import shares_in_words
from leads.history import history
from leads.models import Deal, Dispute
from leads.services.disputes import close_dispute, decide_deal
from leads.states import DealState, DisputeState


class DecideForm(SharesForm):
    def deal(self) -> Deal:
        return self.target.deal


class CloseForm(ActForm):
    decision = forms.CharField(
        label=gettext_lazy("Decision"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("What you decided and why; the agency reads it."),
    )


def _decide(request: HttpRequest, dispute: Dispute, data: dict[str, Any]) -> str:
    decide_deal(actor=request.user, deal=dispute.deal, shares=data["shares"], reason=data["reason"], dispute=dispute)
    return _("Decided: %(shares)s.") % {"shares": shares_in_words(data["shares"])}


def _close(request: HttpRequest, dispute: Dispute, data: dict[str, Any]) -> str:
    close_dispute(actor=request.user, dispute=dispute, decision=data["decision"])
    return _("Decided without a change.")


def _is_open(dispute: Dispute) -> bool:
    return dispute.state == DisputeState.OPEN


def _can_share(dispute: Dispute) -> bool:
    movable = (DealState.SUBSCRIBED, DealState.CONTRACTED)
    return _is_open(dispute) and dispute.deal is not None and dispute.deal.state in movable


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    project_path = "project"
    list_display = ("number", "badge", "project", "agency", "about_what", "raised", "raised_by", "decided_by")
    list_select_related = ("project", "agency", "referral", "deal__project", "raised_by", "decided_by")
    list_filter = ("state", ("project", RelatedFilter), ("agency", ManyRelatedFilter), ("raised_at", DaysFilter))
    search_fields = ("number", "referral__number", "deal__number")
    search_help_text = gettext_lazy("Number of the dispute, referral or deal")
    ordering = ("-state", "raised_at")
    fieldsets = (
        (None, {"fields": ("number", "badge", "project", "agency", "referral", "deal")}),
        (gettext_lazy("What the agency says"), {"fields": ("claim_text", "raised", "raised_by")}),
        (gettext_lazy("Decision"), {"fields": ("decision", "decided", "decided_by")}),
    )
    acts = (
        Act(
            name="decide",
            label=gettext_lazy("Decide who brought the deal"),
            icon="gavel",
            can=Can.DECIDE_DISPUTE,
            form=DecideForm,
            when=_can_share,
            run=_decide,
            happens=gettext_lazy(
                "Who is put in has won; who is taken out has lost, and their claims on the buyers' phones end now."
            ),
            undo=gettext_lazy("The decision is kept for ever; another one can replace it."),
            binding=True,
        ),
        Act(
            name="close",
            label=gettext_lazy("Decide without a change"),
            icon="task_alt",
            can=Can.DECIDE_DISPUTE,
            form=CloseForm,
            when=_is_open,
            run=_close,
            happens=gettext_lazy("The outcome stays as it is."),
            undo=gettext_lazy("A decided dispute isn't opened again."),
        ),
    )

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def badge(self, dispute: Dispute) -> Any:
        return cells.state("dispute", dispute.state)

    @admin.display(description=gettext_lazy("about"))
    def about_what(self, dispute: Dispute) -> str:
        return str(dispute.deal or dispute.referral)

    @admin.display(description=gettext_lazy("raised"), ordering="raised_at")
    def raised(self, dispute: Dispute) -> Any:
        return cells.recently(dispute.raised_at, dispute.project.timezone)

    @admin.display(description=gettext_lazy("decided"))
    def decided(self, dispute: Dispute) -> Any:
        return cells.when(dispute.decided_at, dispute.project.timezone)

    def about(self, request: HttpRequest, obj: Dispute) -> list[cells.Section]:
        zone = obj.project.timezone
        sections = []
        if obj.referral is not None:
            title = _("What happened to %(number)s") % {"number": obj.referral}
            sections.append(cells.timeline(title, history(obj.referral, for_agency=False), zone))
        if obj.deal is not None:
            held = obj.deal.shares.select_related("referral__agency", "referral__broker__user").order_by("since")
            rows = [
                (
                    cells.link(share.referral),
                    share.referral.agency,
                    share.referral.broker,
                    str(share.fraction),
                    cells.when(share.since, zone),
                    cells.when(share.ended_at, zone),
                )
                for share in held
            ]
            head = (_("Referral"), _("Agency"), _("Broker"), _("#Share"), _("Since"), _("Ended"))
            title = _("Who has %(deal)s") % {"deal": obj.deal}
            sections.append(cells.table(title, head, rows, empty=_("Nobody: a natural deal.")))
        return sections
