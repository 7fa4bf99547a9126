"""Where money goes, over HTTP: accounts at banks with the end of their numbers, read only."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.models import PayoutAccount
from brokers.selectors import visible_accounts, with_shown_states
from channels_platform.http.pages import page_of
from channels_platform.http.schema import lists
from channels_platform.http.views import ApiView, filtered, found
from commissions.api.money import OWN_OR_ALL
from commissions.filters import AccountFilter

NEWEST = ("-asked_at", "asked_at")
STATES = ("asked", "coming", "used", "past", "declined", "stopped")


class AccountOut(serializers.Serializer[Any]):
    """`state`: `coming` until `used_from`, then `used`, `past` once another is used."""

    id = serializers.UUIDField()
    payee = serializers.SerializerMethodField(help_text=_("Code of the agency, or user name of the broker."))
    payee_kind = serializers.SerializerMethodField()
    holder = serializers.CharField()
    bank_name = serializers.CharField()
    branch_code = serializers.CharField()
    account = serializers.SerializerMethodField(help_text=_("The last four digits; more is never shown."))
    state = serializers.SerializerMethodField()
    asked_at = serializers.DateTimeField()
    confirmed_at = serializers.DateTimeField(allow_null=True)
    used_from = serializers.DateTimeField(source="effective_at", allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)

    def get_payee(self, account: PayoutAccount) -> str:
        return account.agency.code if account.agency else account.broker.user.username  # type: ignore[union-attr]

    @extend_schema_field(serializers.ChoiceField(choices=["agency", "broker"]))
    def get_payee_kind(self, account: PayoutAccount) -> str:
        return "agency" if account.agency_id else "broker"

    def get_account(self, account: PayoutAccount) -> str:
        return f"****{account.last4}"

    @extend_schema_field(serializers.ChoiceField(choices=STATES))
    def get_state(self, account: Any) -> str:
        return str(account.shown_state)


class AccountsView(ApiView):
    needs = {"GET": OWN_OR_ALL}

    @lists(AccountOut, orderings=NEWEST, filters=AccountFilter)
    def get(self, request: Request) -> Response:
        """Accounts that commission goes to: to a payee the own ones, to staff those of their projects' agencies."""
        rows = visible_accounts(request.user)
        page = page_of(filtered(request, rows, AccountFilter), request, orderings=NEWEST)
        return Response(page.with_rows(_shown(rows, [one.pk for one in page.rows])))


class AccountView(ApiView):
    needs = {"GET": OWN_OR_ALL}

    @extend_schema(responses=AccountOut)
    def get(self, request: Request, pk: UUID) -> Response:
        rows = visible_accounts(request.user)
        return Response(_shown(rows, [found(rows, pk=pk).pk])[0])


def _shown(rows: Any, ids: list[UUID]) -> list[Any]:
    """Return accounts in this order, each with how it stands."""
    by_id = {one.pk: one for one in with_shown_states(rows.filter(pk__in=ids))}
    return list(AccountOut([by_id[pk] for pk in ids], many=True).data)
