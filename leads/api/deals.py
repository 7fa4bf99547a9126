"""Deals over HTTP: subscription, every move, payments."""

from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from channels_platform.accounts.permissions import Can, Role
from channels_platform.http.fields import Amount, Choice, Day, Id, Instant, LocalInstant, LongText, Money, Text
from channels_platform.http.schema import lists
from channels_platform.http.views import ApiView, found, listed, named, read, renamed
from leads.filters import DealFilter
from leads.models import Consultant, Deal, DealShare, Payment
from leads.selectors import visible_deals, visible_referrals
from leads.services.deals import Buyer, amend_deal, cancel_deal, contract_deal, hand_over_deal, subscribe_deal
from leads.services.expected_dates import expect_dates
from leads.services.payments import record_payment
from projects.models import Project, Unit
from projects.selectors import visible_projects

NEWEST = ("-subscribed_at", "subscribed_at")
MOST_BUYERS = 10


class BuyerIn(serializers.Serializer[Any]):
    name = Text(max_length=80, allow_blank=True, required=False)
    phone = Text(max_length=40)


def _buyers(**kwargs: Any) -> serializers.ListField:
    return serializers.ListField(child=BuyerIn(), min_length=1, max_length=MOST_BUYERS, **kwargs)


class DealIn(serializers.Serializer[Any]):
    project = Text(max_length=60)
    unit = Id(required=False, allow_null=True)
    price = Amount()
    method = Choice(Deal.Method)
    first_payment_amount = Amount()
    loan_amount = Amount(required=False, allow_null=True)
    buyers = _buyers()
    visitor = Id(required=False, allow_null=True, help_text=_("The referral under which the buyers came."))
    subscribed_at = Instant(required=False, allow_null=True, source="at")


class MoveIn(serializers.Serializer[Any]):
    at = Instant(required=False, allow_null=True)


class CancellationIn(MoveIn):
    reason = LongText(max_length=2000, required=False, allow_blank=True)


class AmendmentIn(serializers.Serializer[Any]):
    reason = LongText(max_length=2000)
    price = Amount(required=False)
    first_payment_amount = Amount(required=False)
    loan_amount = Amount(required=False)
    unit = Id(required=False)
    buyers = _buyers(required=False)


class ExpectedIn(serializers.Serializer[Any]):
    """When milestones are expected; null: not known. What is left out stays."""

    first_payment_due_on = Day(required=False, allow_null=True)
    loan_expected_on = Day(required=False, allow_null=True)
    full_payment_due_on = Day(required=False, allow_null=True)
    handover_expected_on = Day(required=False, allow_null=True)


class PaymentIn(serializers.Serializer[Any]):
    amount = Amount(help_text=_("Negative: a refund."))
    reference = Text(max_length=80)
    source = Choice(Payment.Source, required=False)
    received_at = Instant(required=False, allow_null=True)


class PaymentOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    deal = serializers.UUIDField(source="deal_id")
    amount = Money(project="deal.project")
    source = serializers.ChoiceField(Payment.Source.choices)
    received_at = LocalInstant(project="deal.project")
    reference = serializers.CharField()


class BuyerOut(serializers.Serializer[Any]):
    name = serializers.CharField(source="name_masked")
    phone = serializers.CharField(source="phone.masked")


class ShareOut(serializers.Serializer[Any]):
    referral = serializers.UUIDField(source="referral_id")
    number = serializers.CharField(source="referral.number")
    fraction = serializers.CharField(help_text="1, 1/2, ...")


class DealOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.CharField()
    project = serializers.CharField(source="project.code")
    unit = serializers.UUIDField(source="unit_id", allow_null=True)
    state = serializers.ChoiceField(Deal.State.choices)
    price = Money()
    method = serializers.ChoiceField(Deal.Method.choices)
    first_payment_amount = Money()
    loan_amount = Money(allow_null=True)
    buyers = BuyerOut(many=True)
    visitor = serializers.UUIDField(source="visitor_id", allow_null=True)
    consultant = serializers.CharField(source="consultant.user.name", allow_null=True, default=None)
    subscribed_at = LocalInstant()
    contracted_at = LocalInstant(allow_null=True)
    handed_over_at = LocalInstant(allow_null=True)
    cancelled_at = LocalInstant(allow_null=True)
    cancel_reason = serializers.CharField()
    first_payment_due_on = serializers.DateField(allow_null=True)
    loan_expected_on = serializers.DateField(allow_null=True)
    full_payment_due_on = serializers.DateField(allow_null=True)
    handover_expected_on = serializers.DateField(allow_null=True)
    shares = ShareOut(many=True, help_text=_("Empty: a natural deal."))


def readable(user: Any) -> QuerySet[Deal]:
    """Return the deals in the caller's scope with what their answers show."""
    live = DealShare.objects.filter(ended_at__isnull=True).select_related("referral").order_by("referral__filed_at")
    return visible_deals(user).prefetch_related("buyers__phone", Prefetch("shares", live))


def _answer(request: Request, deal_id: UUID, status: int = 200) -> Response:
    return Response(DealOut(found(readable(request.user), pk=deal_id)).data, status=status)


def _people(buyers: list[dict[str, str]]) -> list[Buyer]:
    return [Buyer(name=buyer.get("name", ""), phone=buyer["phone"]) for buyer in buyers]


def _unit(project: Project, unit: UUID | None) -> Unit | None:
    return None if unit is None else named(project.units.all(), field="unit", pk=unit)


class DealsView(ApiView):
    needs = {"GET": Can.SEE_DEALS, "POST": Can.SUBSCRIBE_DEAL}

    @lists(DealOut, orderings=NEWEST, filters=DealFilter)
    def get(self, request: Request) -> Response:
        return listed(request, readable(request.user), DealOut, orderings=NEWEST, filters=DealFilter)

    @extend_schema(request=DealIn, responses={201: DealOut})
    def post(self, request: Request) -> Response:
        """Subscribe a deal; `shares` says who has it, decided once, by the buyers' phones."""
        asked = read(request, DealIn)
        project = named(visible_projects(request.user), field="project", code=asked.pop("project"))
        asked["unit"] = _unit(project, asked.get("unit"))
        asked["buyers"] = _people(asked["buyers"])
        if visitor := asked.get("visitor"):
            asked["visitor"] = named(visible_referrals(request.user), field="visitor", pk=visitor)
        if request.user.role == Role.CONSULTANT:
            asked["consultant"] = Consultant.objects.filter(project=project, user=request.user).first()
        with renamed(at="subscribed_at"):
            deal = subscribe_deal(actor=request.user, project=project, **asked)
        return _answer(request, deal.pk, 201)


class DealView(ApiView):
    needs = {"GET": Can.SEE_DEALS}

    @extend_schema(responses=DealOut)
    def get(self, request: Request, pk: UUID) -> Response:
        return _answer(request, pk)


class ContractView(ApiView):
    needs = {"POST": Can.MOVE_DEAL}

    @extend_schema(request=MoveIn, responses=DealOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """The contract is signed."""
        deal = found(visible_deals(request.user), pk=pk)
        contract_deal(actor=request.user, deal=deal, **read(request, MoveIn))
        return _answer(request, pk)


class HandoverView(ApiView):
    needs = {"POST": Can.MOVE_DEAL}

    @extend_schema(request=MoveIn, responses=DealOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """The home is handed over; what was reached stays reached."""
        deal = found(visible_deals(request.user), pk=pk)
        hand_over_deal(actor=request.user, deal=deal, **read(request, MoveIn))
        return _answer(request, pk)


class CancellationView(ApiView):
    needs = {"POST": Can.MOVE_DEAL}

    @extend_schema(request=CancellationIn, responses=DealOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """The deal is cancelled; possible until handover."""
        deal = found(visible_deals(request.user), pk=pk)
        cancel_deal(actor=request.user, deal=deal, **read(request, CancellationIn))
        return _answer(request, pk)


class AmendmentView(ApiView):
    needs = {"POST": Can.MOVE_DEAL}

    @extend_schema(request=AmendmentIn, responses=DealOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """A name change, a unit swap, a new price; who has the deal stays."""
        deal = found(visible_deals(request.user), pk=pk)
        asked = read(request, AmendmentIn)
        if "unit" in asked:
            asked["unit"] = _unit(deal.project, asked["unit"])
        if "buyers" in asked:
            asked["buyers"] = _people(asked["buyers"])
        amend_deal(actor=request.user, deal=deal, **asked)
        return _answer(request, pk)


class ExpectedView(ApiView):
    needs = {"POST": Can.MOVE_DEAL}

    @extend_schema(request=ExpectedIn, responses=DealOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """When the deal's money and handover are expected; decides nothing."""
        deal = found(visible_deals(request.user), pk=pk)
        expect_dates(actor=request.user, deal=deal, **read(request, ExpectedIn))
        return _answer(request, pk)


class PaymentsView(ApiView):
    needs = {"GET": Can.SEE_DEALS, "POST": Can.RECORD_PAYMENT}
    orderings = ("-received_at", "received_at")

    @lists(PaymentOut, orderings=orderings)
    def get(self, request: Request, pk: UUID) -> Response:
        deal = found(visible_deals(request.user), pk=pk)
        payments = Payment.objects.filter(deal=deal).select_related("deal__project")
        return listed(request, payments, PaymentOut, orderings=self.orderings)

    @extend_schema(request=PaymentIn, responses={201: PaymentOut})
    def post(self, request: Request, pk: UUID) -> Response:
        """Money received, or given back. A reference that the project knows is 409 `duplicate`."""
        deal = found(visible_deals(request.user), pk=pk)
        payment = record_payment(actor=request.user, deal=deal, **read(request, PaymentIn))
        return Response(PaymentOut(payment).data, status=201)
