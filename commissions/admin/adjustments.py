"""Adjustments, advances and limits in the admin: read-only; they are asked for and decided on the finance pages."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.adminkit import cells
from channels_platform.adminkit.base import ReadOnlyAdmin
from channels_platform.adminkit.filters import DaysFilter, RelatedFilter
from commissions.models import Adjustment, Advance, AdvanceLimit
from commissions.selectors import visible_advance_limits

_PAYEE = ("payee__agency", "payee__broker__user")
_PEOPLE = ("asked_by", "decided_by")


class RequestAdmin(ReadOnlyAdmin):
    """What one person asks for and another decides."""

    ordering = ("-asked_at", "-id")

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def badge(self, asked: Any) -> Any:
        return cells.state("request", asked.state)

    def about(self, request: HttpRequest, obj: Any) -> list[cells.Section]:
        answer = [cells.words(_("Answer"), [obj.answer])] if obj.answer else []
        return [cells.words(_("Reason"), [obj.reason]), *answer]


class OfPayeeAdmin(RequestAdmin):
    project_path = "project"
    list_select_related: Any = ("project", *_PAYEE, *_PEOPLE)
    list_filter = ("state", ("project", RelatedFilter), ("asked_at", DaysFilter))
    search_fields = ("number",)
    search_help_text = gettext_lazy("Number")

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def figure(self, asked: Any) -> Any:
        return cells.money_with(asked.amount, asked.project.currency)


@admin.register(Adjustment)
class AdjustmentAdmin(OfPayeeAdmin):
    list_display = ("number", "badge", "payee", "project", "figure", "asked_by", "asked_at", "decided_by")
    fields = ("number", "badge", "payee", "project", "figure", "transaction",
              "asked_by", "asked_at", "decided_by", "decided_at")  # fmt: skip


@admin.register(Advance)
class AdvanceAdmin(OfPayeeAdmin):
    list_display = ("number", "badge", "payee", "project", "figure", "charged", "asked_by", "asked_at", "decided_by")
    fields = ("number", "badge", "payee", "project", "figure", "charged", "limit", "transaction",
              "asked_by", "asked_at", "decided_by", "decided_at")  # fmt: skip

    @admin.display(description=gettext_lazy("fee"), ordering="fee")
    def charged(self, advance: Advance) -> Any:
        return cells.money_with(advance.fee, advance.project.currency)


@admin.register(AdvanceLimit)
class AdvanceLimitAdmin(RequestAdmin):
    list_display = ("agency", "badge", "company", "project", "figure", "fee_rate", "asked_by", "asked_at", "decided_by")
    list_select_related = ("agency", "company", "project", *_PEOPLE)
    list_filter = ("state", ("agency", RelatedFilter), ("company", RelatedFilter), ("asked_at", DaysFilter))
    fields = ("agency", "badge", "company", "project", "figure", "fee_rate",
              "asked_by", "asked_at", "decided_by", "decided_at")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[AdvanceLimit]:
        return visible_advance_limits(request.user).order_by(*self.ordering)

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def figure(self, limit: AdvanceLimit) -> Any:
        return cells.money_with(limit.amount, limit.currency)
