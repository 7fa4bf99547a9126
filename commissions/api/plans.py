"""Commission plans over HTTP: drafted by one, approved by another."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.models import Agency
from channels_platform.accounts.permissions import Can
from channels_platform.http.fields import Choice, Day, Text
from channels_platform.http.schema import lists
from channels_platform.http.views import ApiView, found, listed, named, read
from channels_platform.lib.money import exact_text, parse_fraction
from commissions.engine.conditions import plain_fields
from commissions.engine.plans import MAX_ENTRIES
from commissions.filters import PlanFilter
from commissions.models import Plan, PlanVersion
from commissions.selectors import visible_plan_versions
from commissions.services.plans import approve_plan_version, draft_plan_version
from projects.selectors import visible_projects

NEWEST = ("-created_at", "created_at")
_TEXT = {"type": "string"}


def _objects(*names: str) -> dict[str, Any]:
    return {"type": "object", "properties": dict.fromkeys(names, _TEXT)}


@extend_schema_field({"type": "array", "items": _objects("from", "rate", "amount")})
class Tiers(serializers.JSONField):
    """[{from, rate}], or `amount` with basis fixed."""


@extend_schema_field({"type": "array", "items": _objects("name", "amount", "to", "release")})
class Bonuses(serializers.JSONField):
    """[{name, amount, to, release}]."""


@extend_schema_field(
    {"type": "object", "additionalProperties": {"type": "array", "items": _objects("when", "fraction")}}
)
class Release(serializers.JSONField):
    """{method: [{when, fraction}]}."""


@extend_schema_field(_objects("fraction", "until"))
class Retention(serializers.JSONField):
    """{fraction, until}, or null."""


class PlanIn(serializers.Serializer[Any]):
    project = Text(max_length=60)
    agency = Text(max_length=60)
    payee = Choice(Plan.PayeeKind)
    applies_to = Choice(Plan.AppliesTo)
    to = Day(required=False, allow_null=True, source="to_on")
    basis = Choice(PlanVersion.Basis)
    measure = Choice(PlanVersion.Measure)
    period = Choice(PlanVersion.Period)
    scope = Choice(PlanVersion.Scope)
    mode = Choice(PlanVersion.Mode)
    tiers = Tiers()
    bonuses = Bonuses(required=False)
    release = Release()
    retention = Retention(required=False, allow_null=True)
    grades = serializers.ListField(child=Text(max_length=60), required=False, max_length=MAX_ENTRIES)

    def get_fields(self) -> Any:
        return {**super().get_fields(), "from": Day(source="from_on", required=False, allow_null=True)}


class PlanOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    version = serializers.IntegerField(source="number")
    project = serializers.CharField(source="plan.project.code")
    agency = serializers.CharField(source="plan.agency.code")
    payee = serializers.ChoiceField(Plan.PayeeKind.choices, source="plan.payee")
    applies_to = serializers.ChoiceField(Plan.AppliesTo.choices, source="plan.applies_to")
    to = serializers.DateField(source="to_on", allow_null=True)
    basis = serializers.ChoiceField(PlanVersion.Basis.choices)
    measure = serializers.ChoiceField(PlanVersion.Measure.choices)
    period = serializers.ChoiceField(PlanVersion.Period.choices)
    scope = serializers.ChoiceField(PlanVersion.Scope.choices)
    mode = serializers.ChoiceField(PlanVersion.Mode.choices)
    tiers = Tiers()
    bonuses = Bonuses()
    release = Release()
    retention = serializers.SerializerMethodField()
    grades = serializers.SerializerMethodField(help_text=_("Codes of the agency's grades that it pays; none: all."))
    state = serializers.ChoiceField(PlanVersion.State.choices)
    author = serializers.CharField(source="author.username")
    approved_by = serializers.CharField(source="approved_by.username", allow_null=True, default=None)
    approved_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_fields(self) -> Any:
        return {**super().get_fields(), "from": serializers.DateField(source="from_on", allow_null=True)}

    @extend_schema_field(Retention(allow_null=True))
    def get_retention(self, version: PlanVersion) -> dict[str, str] | None:
        if version.retention_fraction is None:
            return None
        return {"fraction": exact_text(parse_fraction(f"{version.retention_fraction:f}")), "until": "handover"}

    @extend_schema_field({"type": "array", "items": _TEXT})
    def get_grades(self, version: PlanVersion) -> list[str]:
        return list(plain_fields(version.conditions)["grades"])


class PlansView(ApiView):
    needs = {"GET": Can.SEE_MONEY, "POST": Can.DRAFT_PLAN}

    @lists(PlanOut, orderings=NEWEST, filters=PlanFilter)
    def get(self, request: Request) -> Response:
        """Plan versions, newest first."""
        return listed(request, visible_plan_versions(request.user), PlanOut, orderings=NEWEST, filters=PlanFilter)

    @extend_schema(request=PlanIn, responses={201: PlanOut})
    def post(self, request: Request) -> Response:
        """Draft the next version of a plan; it counts once another person approved it."""
        asked = read(request, PlanIn)
        asked["project"] = named(visible_projects(request.user), field="project", code=asked["project"])
        asked["agency"] = named(Agency.objects.all(), field="agency", code=asked["agency"])
        return Response(PlanOut(draft_plan_version(actor=request.user, **asked)).data, status=201)


class PlanApprovalView(ApiView):
    needs = {"POST": Can.APPROVE_PLAN}

    @extend_schema(request=None, responses=PlanOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """Put a draft in force; from then on it is fixed."""
        version = found(visible_plan_versions(request.user), pk=pk)
        approve_plan_version(actor=request.user, version=version)
        return Response(PlanOut(found(visible_plan_versions(request.user), pk=pk)).data)
