"""How many people approve a batch, by its amount: kept by managers, who neither prepare nor approve payouts."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from channels_platform.adminkit import cells
from channels_platform.adminkit.base import Admin
from channels_platform.adminkit.filters import RelatedFilter
from commissions.models import ApprovalRule
from commissions.selectors import visible_companies
from commissions.services.approvals import keep_rule
from projects.models import PayingCompany


@admin.register(ApprovalRule)
class ApprovalRuleAdmin(Admin):
    list_display = ("company", "currency", "from_", "approvals")
    list_display_links = ("company", "currency")
    list_select_related = ("company",)
    list_filter = (("company", RelatedFilter),)
    ordering = ("company__code", "currency", "from_amount")
    fields = ("company", "currency", "from_amount", "approvals")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApprovalRule]:
        return super().get_queryset(request).filter(company__in=visible_companies(request.user).order_by())

    def reach(self, request: HttpRequest, model: type[Model]) -> QuerySet[Any]:
        return visible_companies(request.user) if model is PayingCompany else super().reach(request, model)

    @admin.display(description=gettext_lazy("from gross amount"), ordering="from_amount")
    def from_(self, rule: ApprovalRule) -> Any:
        return cells.money(rule.from_amount, rule.currency)

    def create(self, request: HttpRequest, data: dict[str, Any]) -> ApprovalRule:
        return keep_rule(actor=request.user, rule=ApprovalRule(**data))

    def amend(self, request: HttpRequest, stored: ApprovalRule, data: dict[str, Any]) -> ApprovalRule:
        return keep_rule(actor=request.user, rule=stored)
