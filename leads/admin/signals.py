"""Risk signals in the admin: a queue to be judged, each with its evidence and its kind's record."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.accounts.permissions import Can
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act
from channels_platform.adminkit.base import ReadOnlyAdmin
from channels_platform.adminkit.filters import DaysFilter, ManyRelatedFilter, RelatedFilter
from channels_platform.adminkit.forms import ReasonForm
from leads.models import RiskSignal
from leads.services.signals import judge_signal
from leads.signal_words import how_often_right, noticed, records_by_kind
from leads.states import SignalState


def _confirm(request: HttpRequest, signal: RiskSignal, data: dict[str, Any]) -> str:
    judge_signal(actor=request.user, signal=signal, confirmed=True, reason=data["reason"])
    return _("Confirmed. What follows from it is for you to do: nothing was changed.")


def _dismiss(request: HttpRequest, signal: RiskSignal, data: dict[str, Any]) -> str:
    judge_signal(actor=request.user, signal=signal, confirmed=False, reason=data["reason"])
    return _("Dismissed.")


def _is_open(signal: RiskSignal) -> bool:
    return signal.state == SignalState.OPEN


@admin.register(RiskSignal)
class RiskSignalAdmin(ReadOnlyAdmin):
    project_path = "project"
    list_display = ("found", "badge", "kind", "broker", "agency", "person", "project", "what")
    list_select_related = ("project", "broker__user", "broker__agency", "person", "referral", "judged_by")
    list_before_template = "admin/signal_records.html"
    list_filter = (
        "state",
        "kind",
        ("project", RelatedFilter),
        ("broker__agency", ManyRelatedFilter),
        ("found_at", DaysFilter),
    )
    search_fields = ("referral__number", "broker__user__name", "person__name")
    search_help_text = gettext_lazy("Number of the referral, or the name of the broker or person")
    ordering = ("-found_at", "-id")
    fieldsets = (
        (None, {"fields": ("found", "badge", "kind", "project", "agency", "broker", "person", "referral", "what")}),
        (gettext_lazy("Judgement"), {"fields": ("judgement", "judged", "judged_by")}),
    )
    acts = (
        Act(
            name="confirm",
            label=gettext_lazy("It was right"),
            icon="flag",
            can=Can.JUDGE_SIGNAL,
            form=ReasonForm,
            when=_is_open,
            run=_confirm,
            happens=gettext_lazy("The signal stands as confirmed. Nobody is penalized by it: what follows you decide."),
            binding=True,
        ),
        Act(
            name="dismiss",
            label=gettext_lazy("Nothing in it"),
            icon="close",
            can=Can.JUDGE_SIGNAL,
            form=ReasonForm,
            when=_is_open,
            run=_dismiss,
            happens=gettext_lazy("The signal is put away; it counts against its kind."),
            binding=True,
        ),
    )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show above the list how often each kind was right: what a kind is worth before one of it is judged."""
        records = records_by_kind()
        rows = [
            (label, open_, how_often_right(confirmed, judged))
            for kind, label in RiskSignal.Kind.choices
            for confirmed, judged, open_ in [records.get(kind, (0, 0, 0))]
            if judged or open_
        ]
        return super().changelist_view(request, {**(extra_context or {}), "records": rows})

    @admin.display(description=gettext_lazy("found"), ordering="found_at")
    def found(self, signal: RiskSignal) -> Any:
        return cells.recently(signal.found_at)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def badge(self, signal: RiskSignal) -> Any:
        return cells.state("signal", signal.state)

    @admin.display(description=gettext_lazy("agency"))
    def agency(self, signal: RiskSignal) -> str:
        return cells.DASH if signal.broker is None else str(signal.broker.agency)

    @admin.display(description=gettext_lazy("noticed"))
    def what(self, signal: RiskSignal) -> str:
        return noticed(signal)

    @admin.display(description=gettext_lazy("judged"))
    def judged(self, signal: RiskSignal) -> Any:
        return cells.when(signal.judged_at)

    def about(self, request: HttpRequest, obj: RiskSignal) -> list[cells.Section]:
        confirmed, judged, _open = records_by_kind(obj.kind)[obj.kind]
        about = Q(broker=obj.broker) if obj.broker else Q(person=obj.person)
        others = (
            self.get_queryset(request).filter(about).exclude(pk=obj.pk).select_related("broker__user", "person")[:10]
        )
        rows = [(cells.recently(one.found_at), cells.state("signal", one.state), noticed(one)) for one in others]
        head = (_("Found"), _("State"), _("Noticed"))
        return [
            cells.words(_("How often such signals were right"), [how_often_right(confirmed, judged)], empty=""),
            cells.table(
                _("Others of this broker") if obj.broker else _("Others of this person"), head, rows, empty=_("None.")
            ),
        ]
