"""Risk signals in the admin: a queue to be judged, each with its evidence and its kind's record."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q
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
from leads.signal_words import how_often_right, noticed
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
    list_display = ("found", "badge", "kind", "broker", "agency", "project", "what")
    list_select_related = ("project", "broker__user", "broker__agency", "referral", "judged_by")
    list_filter = (
        "state",
        "kind",
        ("project", RelatedFilter),
        ("broker__agency", ManyRelatedFilter),
        ("found_at", DaysFilter),
    )
    search_fields = ("referral__number", "broker__user__name")
    search_help_text = gettext_lazy("Number of the referral, or the broker's name")
    ordering = ("-found_at", "-id")
    fieldsets = (
        (None, {"fields": ("found", "badge", "kind", "project", "agency", "broker", "referral", "what")}),
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

    @admin.display(description=gettext_lazy("found"), ordering="found_at")
    def found(self, signal: RiskSignal) -> Any:
        return cells.recently(signal.found_at)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def badge(self, signal: RiskSignal) -> Any:
        return cells.state("signal", signal.state)

    @admin.display(description=gettext_lazy("agency"))
    def agency(self, signal: RiskSignal) -> str:
        return str(signal.broker.agency)

    @admin.display(description=gettext_lazy("noticed"))
    def what(self, signal: RiskSignal) -> str:
        return noticed(signal)

    @admin.display(description=gettext_lazy("judged"))
    def judged(self, signal: RiskSignal) -> Any:
        return cells.when(signal.judged_at)

    def about(self, request: HttpRequest, obj: RiskSignal) -> list[cells.Section]:
        counts = RiskSignal.objects.filter(kind=obj.kind).aggregate(
            confirmed=Count("pk", filter=Q(state=SignalState.CONFIRMED)),
            judged=Count("pk", filter=~Q(state=SignalState.OPEN)),
        )
        others = RiskSignal.objects.filter(broker=obj.broker).exclude(pk=obj.pk).select_related("broker__user")[:10]
        rows = [(cells.recently(one.found_at), cells.state("signal", one.state), noticed(one)) for one in others]
        head = (_("Found"), _("State"), _("Noticed"))
        return [
            cells.words(_("How often such signals were right"), [how_often_right(**counts)], empty=""),
            cells.table(_("Others of this broker"), head, rows, empty=_("None.")),
        ]
