"""Arrivals over HTTP: of referrals, and natural ones."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from channels_platform.accounts.permissions import Can
from channels_platform.http.schema import lists
from channels_platform.http.views import ApiView, found, listed, named, read
from leads.api.referrals import readable
from leads.api.shapes import NaturalVisitIn, NaturalVisitOut, VisitIn, VisitOut, referral_data
from leads.filters import NaturalVisitFilter
from leads.selectors import visible_natural_visits, visible_referrals
from leads.services.visits import confirm_visit, record_natural_visit
from projects.selectors import visible_projects


class VisitView(ApiView):
    needs = {"POST": Can.CONFIRM_VISIT}

    @extend_schema(request=VisitIn, responses=VisitOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """Record an arrival. Refused ones are kept too: `result` says why."""
        referral = found(visible_referrals(request.user), pk=pk)
        visit = confirm_visit(actor=request.user, referral=referral, **read(request, VisitIn))
        shown = referral_data(request, found(readable(request.user), pk=pk))
        return Response({"result": "ok" if visit.confirmed else str(visit.reason), "referral": shown})


class NaturalVisitsView(ApiView):
    needs = {
        "GET": (Can.RECORD_NATURAL_VISIT, Can.EDIT_PROJECTS, Can.SEE_AUDIT),
        "POST": Can.RECORD_NATURAL_VISIT,
    }
    orderings = ("-visited_at", "visited_at")

    @lists(NaturalVisitOut, orderings=orderings, filters=NaturalVisitFilter)
    def get(self, request: Request) -> Response:
        visits = visible_natural_visits(request.user)
        return listed(request, visits, NaturalVisitOut, orderings=self.orderings, filters=NaturalVisitFilter)

    @extend_schema(request=NaturalVisitIn, responses={201: NaturalVisitOut})
    def post(self, request: Request) -> Response:
        """Record a walk-in."""
        asked = read(request, NaturalVisitIn)
        asked["project"] = named(visible_projects(request.user), field="project", code=asked["project"])
        return Response(NaturalVisitOut(record_natural_visit(actor=request.user, **asked)).data, status=201)
