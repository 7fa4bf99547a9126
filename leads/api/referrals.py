"""Referrals over HTTP: file, follow, add a phone, withdraw; the slip."""

from typing import Any
from uuid import UUID

from django.db.models import CharField, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, OpenApiTypes, PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.models import Broker
from channels_platform.accounts.permissions import Can
from channels_platform.http import idempotency
from channels_platform.http.problems import Problem, field_error
from channels_platform.http.schema import ProblemShape, lists
from channels_platform.http.views import ApiView, FileView, found, listed, named, read
from channels_platform.lib import clock
from channels_platform.lib.errors import NotAllowed
from channels_platform.lookups import Lookup, Slot
from leads.api.shapes import (
    FilingIn,
    HistoryOut,
    PhoneIn,
    ReferralOut,
    StepOut,
    WithdrawalIn,
    referral_data,
)
from leads.callers import origin_of
from leads.filters import ReferralFilter
from leads.models import Consultant, Referral
from leads.selectors import timeline, visible_referrals
from leads.services.filing import file_referral
from leads.services.phones import PhoneRefused, add_phone
from leads.services.withdrawal import withdraw_referral
from leads.states import ReferralState, reason_for_agency
from projects.models import Policy

NEWEST = ("-filed_at", "filed_at")
MOST_FILINGS = 500
# Project and policy in force in one statement; the service would need two.
_POLICY = Lookup(
    lambda: Policy.objects.select_related("project").filter(project__code=Slot(0, CharField())).order_by("-version")
)


def readable(user: Any) -> QuerySet[Referral]:
    """Return the referrals in the caller's scope with what their answers show."""
    return visible_referrals(user).prefetch_related("phones")


def filing_broker(user: Any) -> Broker:
    """Return whose filings the caller's are.

    Raises: Problem 403 for an account that is nobody's broker.
    """
    broker: Broker | None = getattr(user, "broker", None)
    if broker is None:
        raise Problem(403)
    return broker


def file_one(request: Request, broker: Broker, asked: dict[str, Any]) -> dict[str, Any]:
    """File one client and return the answer, out of what is in hand."""
    policy = _POLICY.first(asked.pop("project"))
    if policy is None:
        raise Problem(404, errors=[field_error("project", "not_found")])
    if consultant := asked.pop("preferred_consultant", None):
        consultants = Consultant.objects.filter(project=policy.project)
        asked["preferred_consultant"] = named(consultants, field="preferred_consultant", pk=consultant)
    referral = file_referral(
        actor=request.user,
        broker=broker,
        project=policy.project,
        policy=policy,
        origin=origin_of(request),
        **asked,
    )
    referral.agency = broker.agency  # at hand already, with the caller
    return referral_data(request, referral)


class ReferralsView(ApiView):
    needs = {"GET": Can.SEE_REFERRALS, "POST": Can.FILE_REFERRAL}

    @lists(ReferralOut, orderings=NEWEST, filters=ReferralFilter)
    def get(self, request: Request) -> Response:
        """Referrals in one's scope, newest first."""
        context = {"now": clock.now()}
        return listed(
            request, readable(request.user), ReferralOut, orderings=NEWEST, filters=ReferralFilter, context=context
        )

    @extend_schema(request=FilingIn, responses={201: ReferralOut})
    def post(self, request: Request) -> Response:
        """File a client. A judged filing is 201 whatever the outcome: look at `state` and `reason`."""
        broker = filing_broker(request.user)
        return Response(file_one(request, broker, read(request, FilingIn)), status=201)


class ReferralBatchView(ApiView):
    needs = {"POST": Can.FILE_REFERRAL}
    # each filing of the list keeps its own answer, so an interrupted batch goes on where it stopped
    replays = False

    @extend_schema(
        request=FilingIn(many=True),
        responses={
            207: PolymorphicProxySerializer(
                "FilingAnswer", [ReferralOut, ProblemShape], resource_type_field_name=None, many=True
            )
        },
        parameters=[idempotency.PARAMETER],
    )
    def post(self, request: Request) -> HttpResponse:
        """File up to 500 clients, each judged alone; the answers stand in the order sent, problems among them."""
        broker = filing_broker(request.user)
        filings = request.data
        if not isinstance(filings, list):
            raise Problem(400)
        if not 1 <= len(filings) <= MOST_FILINGS:
            raise Problem(422, "bad_count", detail=f"1-{MOST_FILINGS}")

        def file_this(filing: Any) -> Response:
            asked = FilingIn(data=filing)
            asked.is_valid(raise_exception=True)
            return Response(file_one(request, broker, dict(asked.validated_data)), status=201)

        return idempotency.answer_each(request, filings, file_this)


class ReferralView(ApiView):
    needs = {"GET": Can.SEE_REFERRALS}

    @extend_schema(responses=ReferralOut)
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(referral_data(request, found(readable(request.user), pk=pk)))


class HistoryView(ApiView):
    needs = {"GET": Can.SEE_REFERRALS}

    @extend_schema(responses=HistoryOut)
    def get(self, request: Request, pk: UUID) -> Response:
        """What became of a referral, oldest first."""
        referral = found(visible_referrals(request.user), pk=pk)
        steps = timeline(referral, for_agency=request.user.is_agency_side)
        return Response({"results": StepOut(steps, many=True, context={"zone": referral.project.zone}).data})


class PhonesView(ApiView):
    needs = {"POST": Can.FILE_REFERRAL}

    @extend_schema(request=PhoneIn, responses={201: ReferralOut})
    def post(self, request: Request, pk: UUID) -> Response:
        """Add a phone: a second number, a spouse, a co-buyer."""
        referral = found(visible_referrals(request.user), pk=pk)
        phone = read(request, PhoneIn)["phone"]
        try:
            add_phone(actor=request.user, referral=referral, phone=phone)
        except PhoneRefused as refused:
            if request.user.is_agency_side:
                refused.code = reason_for_agency(refused.code)
            raise
        return Response(referral_data(request, found(readable(request.user), pk=pk)), status=201)


class WithdrawalView(ApiView):
    needs = {"POST": Can.FILE_REFERRAL}

    @extend_schema(request=WithdrawalIn, responses=ReferralOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """Take a filing back."""
        referral = found(visible_referrals(request.user), pk=pk)
        withdraw_referral(actor=request.user, referral=referral, **read(request, WithdrawalIn))
        return Response(referral_data(request, found(readable(request.user), pk=pk)))


def _slip_of(request: Request, pk: UUID) -> Referral:
    referral = found(visible_referrals(request.user), pk=pk)
    if referral.state == ReferralState.REJECTED:
        raise NotAllowed("a filing that was not accepted has no slip")
    return referral


class SlipView(FileView):
    needs = {"GET": (Can.FILE_REFERRAL, Can.CONFIRM_VISIT)}

    @extend_schema(responses={(200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY)})
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        """The confirmation slip."""
        from leads.slips import slip_pdf  # the PDF library takes its time, and filings should not wait for it

        referral = _slip_of(request, pk)
        name = f'inline; filename="{referral.number}.pdf"'
        return HttpResponse(slip_pdf(referral), content_type="application/pdf", headers={"Content-Disposition": name})


class QrView(FileView):
    needs = {"GET": (Can.FILE_REFERRAL, Can.CONFIRM_VISIT)}

    @extend_schema(responses={(200, "image/svg+xml"): OpenApiResponse(OpenApiTypes.BINARY)})
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        """The QR code that reception scans."""
        from leads.slips import slip_qr_svg

        return HttpResponse(slip_qr_svg(_slip_of(request, pk)), content_type="image/svg+xml")
