"""Disputes over HTTP: an agency contests, a manager decides."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from channels_platform.accounts.permissions import Can
from channels_platform.http.fields import Id, LocalInstant, LongText, Part
from channels_platform.http.problems import Problem, field_error
from channels_platform.http.schema import lists
from channels_platform.http.views import ApiView, found, listed, named, read
from leads.filters import DisputeFilter
from leads.models import Dispute, Referral
from leads.selectors import deal_of_case, visible_deals, visible_disputes, visible_referrals
from leads.services.disputes import approve_ruling, raise_dispute, return_ruling, rule_dispute

NEWEST = ("-raised_at", "raised_at")
MOST_SHARES = 50


class DisputeIn(serializers.Serializer[Any]):
    referral = Id(required=False, allow_null=True)
    deal = Id(required=False, allow_null=True)
    claim_text = LongText(max_length=5000)


class SharedIn(serializers.Serializer[Any]):
    referral = Id()
    fraction = Part()


class DecisionIn(serializers.Serializer[Any]):
    shares = serializers.ListField(
        child=SharedIn(),
        max_length=MOST_SHARES,
        required=False,
        help_text=_("Who has the deal from now on; empty: nobody. Left out: it stays as it is."),
    )
    reason = LongText(max_length=5000)


class DisputeOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.CharField()
    project = serializers.CharField(source="project.code")
    agency = serializers.CharField(source="agency.code")
    referral = serializers.UUIDField(source="referral_id", allow_null=True)
    deal = serializers.UUIDField(source="deal_id", allow_null=True)
    claim_text = serializers.CharField()
    state = serializers.ChoiceField(Dispute.State.choices)
    raised_at = LocalInstant()
    due_at = LocalInstant(help_text=_("By when it is to be decided."))
    appeal_of = serializers.UUIDField(source="appeal_of_id", allow_null=True)
    decided_at = LocalInstant(allow_null=True)
    decision = serializers.CharField()


class DisputesView(ApiView):
    needs = {
        "GET": (Can.RAISE_DISPUTE, Can.DECIDE_DISPUTE, Can.EDIT_PROJECTS, Can.SEE_AUDIT),
        "POST": Can.RAISE_DISPUTE,
    }

    @lists(DisputeOut, orderings=NEWEST, filters=DisputeFilter)
    def get(self, request: Request) -> Response:
        disputes = visible_disputes(request.user)
        return listed(request, disputes, DisputeOut, orderings=NEWEST, filters=DisputeFilter)

    @extend_schema(request=DisputeIn, responses={201: DisputeOut})
    def post(self, request: Request) -> Response:
        """Contest an outcome of one's own referral, or of a deal one has a share of."""
        asked = read(request, DisputeIn)
        broker = getattr(request.user, "broker", None)
        if broker is None:
            raise Problem(403)
        if referral := asked.get("referral"):
            asked["referral"] = named(visible_referrals(request.user), field="referral", pk=referral)
        if deal := asked.get("deal"):
            asked["deal"] = named(visible_deals(request.user), field="deal", pk=deal)
        dispute = raise_dispute(actor=request.user, agency=broker.agency, **asked)
        return Response(DisputeOut(dispute).data, status=201)


class DecisionView(ApiView):
    needs = {"POST": Can.DECIDE_DISPUTE}

    @extend_schema(request=DecisionIn, responses=DisputeOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """Decide a dispute, with or without another sharing of its deal; `proposed`: a second manager approves it."""
        dispute = found(visible_disputes(request.user), pk=pk)
        asked = read(request, DecisionIn)
        if "shares" in asked and deal_of_case(dispute) is None:
            raise Problem(422, errors=[field_error("shares", "no_deal", _("This dispute is not about a deal."))])
        shares = _shares(asked["shares"], visible_referrals(request.user)) if "shares" in asked else None
        rule_dispute(actor=request.user, dispute=dispute, decision=asked["reason"], shares=shares)
        return Response(DisputeOut(found(visible_disputes(request.user), pk=pk)).data)


class ApprovalView(ApiView):
    needs = {"POST": Can.DECIDE_DISPUTE}

    @extend_schema(request=None, responses=DisputeOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """Approve, as a second manager, a decision that moves much; it counts from now."""
        approve_ruling(actor=request.user, dispute=found(visible_disputes(request.user), pk=pk))
        return Response(DisputeOut(found(visible_disputes(request.user), pk=pk)).data)


class ReturnIn(serializers.Serializer[Any]):
    reason = LongText(max_length=2000)


class ReturnView(ApiView):
    needs = {"POST": Can.DECIDE_DISPUTE}

    @extend_schema(request=ReturnIn, responses=DisputeOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """Send a decision that awaits approval back to who wrote it."""
        dispute = found(visible_disputes(request.user), pk=pk)
        return_ruling(actor=request.user, dispute=dispute, reason=read(request, ReturnIn)["reason"])
        return Response(DisputeOut(found(visible_disputes(request.user), pk=pk)).data)


def _shares(asked: list[dict[str, Any]], scope: Any) -> list[tuple[Referral, Any]]:
    return [
        (named(scope, field=f"shares.{place}.referral", pk=share["referral"]), share["fraction"])
        for place, share in enumerate(asked)
    ]
