"""Notices in the admin: a project's group robots, and what is on its way."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.accounts.permissions import Can
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act, Done
from channels_platform.adminkit.base import Admin, ReadOnlyAdmin
from channels_platform.adminkit.filters import ChoiceFilter, DaysFilter
from channels_platform.adminkit.scope import sees_every_project
from channels_platform.notices.kinds import all_kinds
from channels_platform.notices.models import Delivery, Robot
from channels_platform.notices.robots import RobotRefused
from channels_platform.notices.services.choices import keep_robot, try_robot
from channels_platform.notices.services.delivering import send_again


class RobotForm(forms.ModelForm):
    """A robot's fields; address and secret are written, never shown."""

    address = forms.CharField(
        label=gettext_lazy("webhook address"),
        required=False,
        widget=forms.PasswordInput({"autocomplete": "off"}),
        help_text=gettext_lazy("As the group shows it when the robot is added. Empty: stays as it is."),
    )
    secret = forms.CharField(
        label=gettext_lazy("signing secret"),
        required=False,
        widget=forms.PasswordInput({"autocomplete": "off"}),
        help_text=gettext_lazy("DingTalk and Feishu, where signing is on. Empty: stays as it is."),
    )
    tells = forms.MultipleChoiceField(label=gettext_lazy("tells of"), widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Robot
        fields = ("project", "name", "kind", "address", "secret", "language", "tells", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.pop("address", None)
        self.initial.pop("secret", None)
        if "tells" in self.fields:
            self.fields["tells"].choices = [(kind.name, kind.label) for kind in all_kinds()]  # type: ignore[attr-defined]


def _try(request: HttpRequest, robot: Robot, data: dict[str, Any]) -> Any:
    try:
        try_robot(actor=request.user, robot=robot, text=_("A word to try: notices of this project arrive here."))
    except (OSError, RobotRefused) as error:
        fault = error.code if isinstance(error, RobotRefused) else type(error).__name__
        return Done(_("It did not arrive (%(fault)s). Look at the address and the secret.") % {"fault": fault}, "error")
    return _("It arrived. Look into the group.")


@admin.register(Robot)
class RobotAdmin(Admin):
    project_path = "project"
    form = RobotForm
    list_display = ("name", "project", "kind", "is_active")
    list_select_related = ("project",)
    list_filter = ("kind", "is_active")
    search_fields = ("name", "project__name")
    acts = (
        Act(
            name="try",
            label=gettext_lazy("Try it"),
            run=_try,
            can=Can.EDIT_PROJECTS,
            when=lambda robot: robot.is_active,
            happens=gettext_lazy("A word is said in the group."),
            icon="send",
        ),
    )

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Robot:
        return keep_robot(actor=request.user, fields=data)

    def amend(self, request: HttpRequest, stored: Robot, data: dict[str, Any]) -> Robot:
        return keep_robot(actor=request.user, robot=Robot.objects.get(pk=stored.pk), fields=data)


class DeliveryFilter(ChoiceFilter):
    title = gettext_lazy("state")
    parameter_name = "state"
    options = (
        ("waiting", gettext_lazy("Waiting")),
        ("failing", gettext_lazy("Tried in vain so far")),
        ("sent", gettext_lazy("Sent")),
        ("given_up", gettext_lazy("Given up")),
    )

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        open_ = Q(sent_at__isnull=True, given_up_at__isnull=True)
        chosen = {
            "waiting": open_,
            "failing": open_ & Q(attempts__gt=0),
            "sent": Q(sent_at__isnull=False),
            "given_up": Q(given_up_at__isnull=False),
        }
        return queryset.filter(chosen[value])


def _again(request: HttpRequest, delivery: Delivery, data: dict[str, Any]) -> str:
    send_again(actor=request.user, delivery=delivery)
    return _("It is tried again within a minute.")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("written", "what", "recipient", "channel", "badge", "attempts", "error", "due_at")
    list_select_related = ("notice__recipient", "robot")
    list_filter = (DeliveryFilter, "channel", ("notice__created_at", DaysFilter))
    ordering = ("-id",)
    fields = ("written", "what", "recipient", "channel", "robot", "badge", "attempts", "error", "due_at", "sent_at")
    acts = (
        Act(
            name="again",
            label=gettext_lazy("Send again"),
            run=_again,
            can=Can.EDIT_PROJECTS,
            when=lambda delivery: delivery.state == "given_up",
            happens=gettext_lazy("It is tried anew, as if it had just been written."),
            icon="refresh",
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        rows = super().get_queryset(request)
        if sees_every_project(request.user):
            return rows
        # a notice names its project by id only
        mine = request.user.projects.values("pk")  # type: ignore[union-attr]
        return rows.filter(Q(notice__project_id__in=mine) | Q(notice__project_id__isnull=True))

    @admin.display(description=gettext_lazy("written"))
    def written(self, delivery: Delivery) -> Any:
        return cells.recently(delivery.notice.created_at)

    @admin.display(description=gettext_lazy("notice"))
    def what(self, delivery: Delivery) -> str:
        return delivery.notice.line

    @admin.display(description=gettext_lazy("recipient"))
    def recipient(self, delivery: Delivery) -> str:
        return str(delivery.robot or delivery.notice.recipient)

    @admin.display(description=gettext_lazy("state"))
    def badge(self, delivery: Delivery) -> Any:
        return cells.state("delivery", delivery.state)
