"""Reconciliations over HTTP, read only: an agency's ledger beside ours, row by row, and who signed."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from channels_platform.accounts.permissions import Can
from channels_platform.http.fields import money_text
from channels_platform.http.schema import lists
from channels_platform.http.views import ApiView, found, listed
from commissions.filters import ReconciliationFilter, ReconciliationRowFilter
from commissions.models import Reconciliation, ReconciliationRow
from commissions.reconciling import visible_reconciliations

NEWEST = ("-sent_at", "sent_at")
STATES = ("open", "agency_signed", "finance_signed", "signed", "replaced")
SIDES = (Can.SEE_MONEY, Can.RECONCILE_OWN)


class ReconciliationOut(serializers.Serializer[Any]):
    """`counts`: rows by reason; `digest`: of the rows, which are what a signature is for."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    agency = serializers.CharField(source="agency.code")
    company = serializers.CharField(source="company.code")
    currency = serializers.CharField()
    from_on = serializers.DateField()
    to_on = serializers.DateField()
    figure = serializers.ChoiceField(Reconciliation.Figure.choices)
    state = serializers.ChoiceField(STATES)
    counts = serializers.DictField(child=serializers.IntegerField())
    digest = serializers.CharField()
    sent_at = serializers.DateTimeField()
    compared_at = serializers.DateTimeField()
    replaced_at = serializers.DateTimeField(allow_null=True)
    agency_signed_at = serializers.DateTimeField(allow_null=True)
    finance_signed_at = serializers.DateTimeField(allow_null=True)


class ReconciliationRowOut(serializers.Serializer[Any]):
    """Theirs as the agency's file says it, names masked; ours as it was when compared."""

    place = serializers.IntegerField()
    reason = serializers.ChoiceField([str(code) for code, _word in ReconciliationRow.REASONS])
    their_row = serializers.IntegerField(allow_null=True, help_text=_("The row in the agency's file."))
    their_deal = serializers.CharField()
    their_unit = serializers.CharField()
    their_client = serializers.CharField()
    their_date = serializers.DateField(allow_null=True)
    their_amount = serializers.SerializerMethodField()
    our_deal = serializers.CharField()
    our_unit = serializers.CharField()
    our_client = serializers.CharField()
    our_date = serializers.DateField(allow_null=True)
    our_amount = serializers.SerializerMethodField()
    our_earned = serializers.SerializerMethodField()
    our_share = serializers.CharField()
    difference = serializers.SerializerMethodField(help_text=_("The agency's amount less ours."))

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_their_amount(self, row: ReconciliationRow) -> str | None:
        return self._money(row.their_amount)

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_our_amount(self, row: ReconciliationRow) -> str | None:
        return self._money(row.our_amount)

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_our_earned(self, row: ReconciliationRow) -> str | None:
        return self._money(row.our_earned)

    @extend_schema_field(serializers.CharField())
    def get_difference(self, row: ReconciliationRow) -> str | None:
        return self._money(row.difference)

    def _money(self, amount: Any) -> str | None:
        return None if amount is None else money_text(amount, self.context["currency"])


class ReconciliationsView(ApiView):
    needs = {"GET": SIDES}

    @lists(ReconciliationOut, orderings=NEWEST, filters=ReconciliationFilter)
    def get(self, request: Request) -> Response:
        """Reconciliations: to an agency's manager the own ones, to staff those of their companies."""
        rows = visible_reconciliations(request.user)
        return listed(request, rows, ReconciliationOut, orderings=NEWEST, filters=ReconciliationFilter)


class ReconciliationView(ApiView):
    needs = {"GET": SIDES}

    @extend_schema(responses=ReconciliationOut)
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(ReconciliationOut(found(visible_reconciliations(request.user), pk=pk)).data)


class ReconciliationRowsView(ApiView):
    needs = {"GET": SIDES}
    orderings = ("place", "-place")

    @lists(ReconciliationRowOut, orderings=orderings, filters=ReconciliationRowFilter)
    def get(self, request: Request, pk: UUID) -> Response:
        """What agrees and what differs, row by row."""
        one = found(visible_reconciliations(request.user), pk=pk)
        rows = ReconciliationRow.objects.filter(reconciliation=one)
        return listed(
            request, rows, ReconciliationRowOut, orderings=self.orderings, filters=ReconciliationRowFilter,
            context={"currency": one.currency},
        )  # fmt: skip
