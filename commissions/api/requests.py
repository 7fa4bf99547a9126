"""What was moved by hand, over HTTP: adjustments and advances, read only."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from channels_platform.accounts.permissions import Can
from channels_platform.http.fields import Money, money_text
from channels_platform.http.pages import page_of
from channels_platform.http.schema import lists
from channels_platform.http.views import ApiView, filtered, found, listed
from commissions.advances import with_settled
from commissions.api.money import PayeeFields
from commissions.filters import RequestFilter
from commissions.models import Adjustment, Advance
from commissions.selectors import visible_adjustments, visible_advances

NEWEST = ("-asked_at", "asked_at")


class _RequestOut(PayeeFields):
    """What one person asks for and another decides."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    project = serializers.CharField(source="project.code")
    currency = serializers.CharField(source="project.currency")
    amount = Money()
    state = serializers.ChoiceField(Adjustment.State.choices)
    reason = serializers.CharField()
    asked_by = serializers.CharField(source="asked_by.username")
    asked_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    answer = serializers.CharField(help_text=_("Why it was declined."))


class AdjustmentOut(_RequestOut):
    """`amount` below zero: taken from the payee."""

    decided_by = serializers.CharField(source="decided_by.username", allow_null=True, default=None)


class AdvanceOut(_RequestOut):
    """`outstanding`: what later releases have not settled yet; `fee` is kept by the company."""

    fee = Money()
    outstanding = serializers.SerializerMethodField()

    def get_outstanding(self, advance: Advance) -> str:
        return money_text(self.context["outstanding"][advance.pk], advance.project.currency)


class AdjustmentsView(ApiView):
    needs = {"GET": Can.SEE_MONEY}

    @lists(AdjustmentOut, orderings=NEWEST, filters=RequestFilter)
    def get(self, request: Request) -> Response:
        """Amounts given to a payee, or taken, by hand."""
        rows = visible_adjustments(request.user)
        return listed(request, rows, AdjustmentOut, orderings=NEWEST, filters=RequestFilter)


class AdjustmentView(ApiView):
    needs = {"GET": Can.SEE_MONEY}

    @extend_schema(responses=AdjustmentOut)
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(AdjustmentOut(found(visible_adjustments(request.user), pk=pk)).data)


class AdvancesView(ApiView):
    needs = {"GET": (Can.SEE_MONEY, Can.ASK_ADVANCE)}

    @lists(AdvanceOut, orderings=NEWEST, filters=RequestFilter)
    def get(self, request: Request) -> Response:
        """Pending commission paid before it is released: to an agency's manager the own ones, to staff all they see."""
        rows = filtered(request, visible_advances(request.user), RequestFilter)
        page = page_of(rows, request, orderings=NEWEST)
        return Response(page.with_rows(_advances(page.rows)))


class AdvanceView(ApiView):
    needs = {"GET": (Can.SEE_MONEY, Can.ASK_ADVANCE)}

    @extend_schema(responses=AdvanceOut)
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(_advances([found(visible_advances(request.user), pk=pk)])[0])


def _advances(rows: list[Advance]) -> list[Any]:
    outstanding = {advance.pk: left for advance, left in with_settled(rows)}
    return list(AdvanceOut(rows, many=True, context={"outstanding": outstanding}).data)
