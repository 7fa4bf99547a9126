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
from channels_platform.http.problems import Problem, field_error, problem_of
from channels_platform.http.schema import lists
from channels_platform.http.views import ApiView, found, listed, named, read
from channels_platform.lib.errors import Refused
from channels_platform.lib.money import exact_text, parse_fraction
from commissions.engine.conditions import plain_fields
from commissions.engine.fields import MAX_ENTRIES
from commissions.engine.lint import Severity
from commissions.filters import PlanFilter
from commissions.linting import finding_words, findings_of
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


_BAND = _objects("from", "below")
_CODES = {"type": "array", "items": _TEXT}


@extend_schema_field(
    {"type": "object", "properties": {"unit_types": _CODES, "buildings": _CODES, "area": _BAND, "price": _BAND}}
)
class Conditions(serializers.JSONField):
    """{unit_types, buildings: [...], area, price: {from, below}}; what is left out is not asked."""


@extend_schema_field(_objects("deal", "period"))
class Caps(serializers.JSONField):
    """{deal, period}: the most commission for a deal, and for a period."""


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
    conditions = Conditions(required=False, allow_null=True)
    caps = Caps(required=False, allow_null=True)

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
    conditions = serializers.SerializerMethodField(help_text=_("What it asks of the deal's unit and price."))
    caps = Caps()
    warnings = serializers.SerializerMethodField(help_text=_("What the checks warned of when it was approved."))
    approval_reason = serializers.CharField(help_text=_("Why it was approved all the same."))
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

    @extend_schema_field(Conditions())
    def get_conditions(self, version: PlanVersion) -> dict[str, Any]:
        return dict(plain_fields(version.conditions)["conditions"])

    @extend_schema_field(_CODES)
    def get_warnings(self, version: PlanVersion) -> list[str]:
        return [finding_words(kept) for kept in version.warnings]


class FindingOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    severity = serializers.ChoiceField([(one.value, one.value) for one in Severity])
    field = serializers.CharField()
    detail = serializers.SerializerMethodField()

    def get_detail(self, finding: Any) -> str:
        return finding_words(finding)


class ApprovalIn(serializers.Serializer[Any]):
    reason = Text(max_length=2000, required=False, allow_blank=True)


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

    @extend_schema(request=ApprovalIn, responses=PlanOut)
    def post(self, request: Request, pk: UUID) -> Response:
        """Put a draft in force; from then on it is fixed. What the checks warn of needs a reason."""
        version = found(visible_plan_versions(request.user), pk=pk)
        asked = read(request, ApprovalIn)
        try:
            approve_plan_version(actor=request.user, version=version, reason=asked.get("reason", ""))
        except Refused as refusal:
            raise _with_findings(refusal) from refusal
        return Response(PlanOut(found(visible_plan_versions(request.user), pk=pk)).data)


def _with_findings(refusal: Refused) -> Exception:
    """Return the refusal with an error for each thing the checks found, where that is why."""
    findings = refusal.facts.get("findings")
    if not findings:
        return refusal
    problem = problem_of(refusal)
    errors = [field_error(kept["field"], kept["code"], finding_words(kept)) for kept in findings]
    return Problem(problem.status if problem else 422, refusal.code, refusal.detail, errors=errors)


class PlanFindingsView(ApiView):
    needs = {"GET": Can.SEE_MONEY}

    @extend_schema(responses=FindingOut(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """What the checks find in a version as things stand: errors bar its approval, warnings need a reason."""
        version = found(visible_plan_versions(request.user), pk=pk)
        return Response(FindingOut(findings_of(version), many=True).data)
