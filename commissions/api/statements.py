"""Monthly statements over HTTP: read, confirmed, contested line by line by their payee."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from channels_platform.accounts.permissions import Can
from channels_platform.http.fields import Id, LongText, money_text
from channels_platform.http.schema import lists
from channels_platform.http.views import ApiView, found, listed, read
from channels_platform.lib import clock
from commissions.api.money import OWN_OR_ALL, payee_code
from commissions.filters import StatementFilter
from commissions.models import Objection, Statement, StatementLine
from commissions.services.statements import MOST_TEXT, confirm_statement, contest_lines
from commissions.statement_sheets import lines_of, visible_statements
from commissions.words import explain_line

STATES = ("issued", "contested", "answered", "confirmed", "accepted")
MOST_LINES = 500


class ContestIn(serializers.Serializer[Any]):
    lines = serializers.ListField(child=Id(), min_length=1, max_length=MOST_LINES)
    text = LongText(max_length=MOST_TEXT)


@extend_schema_field(serializers.CharField)
class _Figure(serializers.Field):
    """An amount of the statement, with its currency's digits."""

    def get_attribute(self, row: Any) -> Any:
        currency = row.statement.currency if isinstance(row, StatementLine) else row.currency
        return getattr(row, str(self.source)), currency

    def to_representation(self, value: Any) -> str:
        return money_text(*value)


class StatementOut(serializers.Serializer[Any]):
    """`opening` + `earned` - `clawed_back` - `paid` - `tax` = `closing`: what is unpaid, which the last three make up.

    `state` is `accepted` where it was neither confirmed nor contested by `answer_by`.
    """

    id = serializers.UUIDField()
    number = serializers.CharField()
    month = serializers.SerializerMethodField()
    company = serializers.CharField(source="closing_of.company.code")
    payee = serializers.SerializerMethodField()
    payee_kind = serializers.SerializerMethodField()
    currency = serializers.CharField()
    opening = _Figure()
    earned = _Figure()
    clawed_back = _Figure()
    released = _Figure()
    paid = _Figure()
    tax = _Figure()
    closing = _Figure()
    pending = _Figure()
    retained = _Figure()
    payable = _Figure()
    state = serializers.SerializerMethodField()
    issued_at = serializers.DateTimeField()
    answer_by = serializers.DateTimeField(source="closing_of.answer_by")
    confirmed_at = serializers.DateTimeField(allow_null=True)

    def get_month(self, row: Statement) -> str:
        return f"{row.closing_of.month:%Y-%m}"

    def get_payee(self, row: Statement) -> str:
        return payee_code(row.payee)

    @extend_schema_field(serializers.ChoiceField(choices=["agency", "broker"]))
    def get_payee_kind(self, row: Statement) -> str:
        return "broker" if row.payee.is_individual else "agency"

    @extend_schema_field(serializers.ChoiceField(choices=STATES))
    def get_state(self, row: Statement) -> str:
        return row.state_at(clock.now())


class StatementLineOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    place = serializers.IntegerField()
    project = serializers.CharField(source="project.code")
    deal = serializers.UUIDField(source="deal_id", allow_null=True)
    deal_number = serializers.CharField(source="deal.number", allow_null=True, default=None)
    referral = serializers.UUIDField(source="referral_id", allow_null=True)
    kind = serializers.CharField()
    nature = serializers.ChoiceField(StatementLine.Nature.choices)
    earned = _Figure()
    clawed_back = _Figure()
    released = _Figure()
    kept = _Figure()
    paid = _Figure()
    tax = _Figure()
    explanation = serializers.SerializerMethodField()
    objection = serializers.SerializerMethodField()

    def get_explanation(self, row: StatementLine) -> str:
        return explain_line(row)

    @extend_schema_field(serializers.ChoiceField(choices=Objection.State.choices, allow_null=True))
    def get_objection(self, row: StatementLine) -> str | None:
        objection = getattr(row, "objection", None)
        return None if objection is None else str(objection.state)


def _answer(request: Request, pk: UUID) -> Response:
    return Response(StatementOut(found(visible_statements(request.user), pk=pk)).data)


class StatementsView(ApiView):
    needs = {"GET": OWN_OR_ALL}
    orderings = ("-issued_at", "issued_at")

    @lists(StatementOut, orderings=orderings, filters=StatementFilter)
    def get(self, request: Request) -> Response:
        """Monthly statements: to a payee the own ones, to staff those of their companies."""
        rows = visible_statements(request.user)
        return listed(request, rows, StatementOut, orderings=self.orderings, filters=StatementFilter)


class StatementView(ApiView):
    needs = {"GET": OWN_OR_ALL}

    @extend_schema(responses=StatementOut)
    def get(self, request: Request, pk: UUID) -> Response:
        return _answer(request, pk)


class StatementLinesView(ApiView):
    needs = {"GET": OWN_OR_ALL}
    orderings = ("place", "-place")

    @lists(StatementLineOut, orderings=orderings)
    def get(self, request: Request, pk: UUID) -> Response:
        """What the month did to each deal's components, and to what is no deal's."""
        rows = lines_of(found(visible_statements(request.user), pk=pk))
        return listed(request, rows, StatementLineOut, orderings=self.orderings)


class StatementConfirmationView(ApiView):
    needs = {"POST": Can.ANSWER_STATEMENT}

    @extend_schema(request=None, responses=StatementOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """Say that it is right, until `answer_by`."""
        confirm_statement(actor=request.user, statement=found(visible_statements(request.user), pk=pk))
        return _answer(request, pk)


class StatementContestView(ApiView):
    needs = {"POST": Can.ANSWER_STATEMENT}

    @extend_schema(request=ContestIn, responses=StatementOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """Contest lines: what is unpaid of them waits until finance has answered, the rest goes on."""
        statement = found(visible_statements(request.user), pk=pk)
        contest_lines(actor=request.user, statement=statement, **read(request, ContestIn))
        return _answer(request, pk)
