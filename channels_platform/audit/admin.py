"""The audit trail in the admin: read, filtered, never changed."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import TextFilter

from channels_platform.adminkit import cells
from channels_platform.adminkit.base import ReadOnlyAdmin
from channels_platform.adminkit.filters import DaysFilter, ExactFilter, ManyRelatedFilter
from channels_platform.adminkit.scope import sees_every_project
from channels_platform.audit.models import Event


class ActionFilter(TextFilter):
    """What was done: `deal.` for all of a kind, `deal.cancelled` for one."""

    title = gettext_lazy("action (begins with)")
    parameter_name = "action"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset.filter(action__startswith=self.value().strip()) if self.value() else queryset


class TargetFilter(ExactFilter):
    """The events of one object, as its history link asks for: `kind:id`."""

    title = gettext_lazy("object")
    parameter_name = "target"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        kind, _colon, target_id = str(self.value() or "").partition(":")
        return queryset.filter(target_kind=kind, target_id=target_id) if target_id else queryset


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("moment", "action", "who", "kind", "target_label", "short_reason")
    list_display_links = ("moment", "action")
    list_select_related = ("actor",)
    list_filter = (TargetFilter, ActionFilter, ("actor", ManyRelatedFilter), ("at", DaysFilter))
    search_fields = ("target_label",)
    search_help_text = gettext_lazy("Number or name of the object, exactly")
    ordering = ("-id",)
    fields = ("moment", "action", "who", "object_link", "reason", "request_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        rows = super().get_queryset(request)
        if sees_every_project(request.user):
            return rows
        mine = request.user.projects.values("pk")  # type: ignore[union-attr]
        # What is of no one project is of people and agencies, which all staff see, or of payouts of a whole company.
        of_no_project = Q(project_id__isnull=True) & ~Q(target_kind__startswith="commissions.")
        return rows.filter(Q(project_id__in=mine) | of_no_project)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = search_term.strip()
        return (queryset.filter(target_label=term) if term else queryset), False

    @admin.display(description=gettext_lazy("time"), ordering="id")
    def moment(self, event: Event) -> Any:
        return cells.when(event.at)

    @admin.display(description=gettext_lazy("who"))
    def who(self, event: Event) -> str:
        return str(event.actor or _("the system"))

    @admin.display(description=gettext_lazy("kind of object"), ordering="target_kind")
    def kind(self, event: Event) -> str:
        return event.target_kind.partition(".")[2] or cells.DASH

    @admin.display(description=gettext_lazy("reason"))
    def short_reason(self, event: Event) -> str:
        return event.reason if len(event.reason) <= 60 else f"{event.reason[:57]}…"

    @admin.display(description=gettext_lazy("object"))
    def object_link(self, event: Event) -> Any:
        label = event.target_label or event.target_id or cells.DASH
        try:
            url = reverse(f"admin:{event.target_kind.replace('.', '_')}_change", args=[event.target_id])
        except NoReverseMatch:
            return label
        return format_html('<a class="text-link" href="{}">{}</a>', url, label)

    def about(self, request: HttpRequest, obj: Event) -> list[cells.Section]:
        names = sorted({*obj.before, *obj.after})
        rows = [(name, _plain(obj.before.get(name)), _plain(obj.after.get(name))) for name in names]
        return [
            cells.table(
                _("What changed"), (_("Field"), _("Before"), _("After")), rows, empty=_("Nothing beside the act.")
            )
        ]


def _plain(value: Any) -> str:
    if value is None:
        return cells.DASH
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
