"""Projects and units over HTTP."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from channels_platform.accounts.permissions import Can
from channels_platform.http.fields import Amount, Choice, Money, Text, Whole, YesNo
from channels_platform.http.paging import paged
from channels_platform.http.problems import Problem, field_error
from channels_platform.http.views import ApiView, found, listed, named, read
from projects.filters import ProjectFilter, UnitFilter
from projects.models import PayingCompany, Policy, Project, Unit
from projects.selectors import visible_projects
from projects.services.projects import HIGHEST, change_project, create_project
from projects.services.units import create_unit

STAFF = (Can.EDIT_PROJECTS, Can.SUBSCRIBE_DEAL, Can.CONFIRM_VISIT, Can.SEE_MONEY, Can.SEE_AUDIT)


def _count(lowest: int, *, null: bool = False) -> Whole:
    return Whole(min_value=lowest, max_value=HIGHEST, required=False, allow_null=null)


class PolicyShape(serializers.Serializer[Any]):
    """The protection rules; what is left out stays as it was."""

    exclusive_from = Choice(Policy.ExclusiveFrom, required=False)
    protection_days = _count(1)
    window_end = Choice(Policy.WindowEndChoice, required=False)
    visit_within_hours = _count(1, null=True)
    lead_time_minutes = _count(0)
    lookback_days = _count(0)
    revisit_extends = YesNo(required=False)
    max_protection_days = _count(1, null=True)
    phone_mode = Choice(Policy.PhoneModeChoice, required=False)
    daily_filing_limit = _count(1, null=True)
    credit_days = _count(1, null=True)
    proxy_purchase = YesNo(required=False)
    dispute_days = _count(0)


class PolicyOut(PolicyShape):
    version = serializers.IntegerField(read_only=True)


class ProjectChangeIn(serializers.Serializer[Any]):
    name = Text(max_length=120)
    city = Text(max_length=60, required=False, allow_blank=True)
    district = Text(max_length=60, required=False, allow_blank=True)
    address = Text(max_length=200, required=False, allow_blank=True)
    timezone = Text(max_length=40, required=False)
    currency = Text(max_length=3, required=False)
    status = Choice(Project.Status, required=False)
    company = Text(max_length=40, required=False, help_text=_("Code of the paying company; by default the first."))
    policy = PolicyShape(required=False)


class ProjectIn(ProjectChangeIn):
    code = Text(max_length=60)


class ProjectOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    city = serializers.CharField()
    district = serializers.CharField()
    address = serializers.CharField()
    timezone = serializers.CharField()
    currency = serializers.CharField()
    status = serializers.ChoiceField(Project.Status.choices)
    company = serializers.CharField(source="company.code", allow_null=True, help_text=_("Null to agencies."))
    policy = serializers.SerializerMethodField()

    @extend_schema_field_policy
    def get_policy(self, project: Project) -> Any:
        versions = project.policies.all()
        return PolicyOut(versions[0]).data if versions else None

    def to_representation(self, project: Project) -> dict[str, Any]:
        shown = super().to_representation(project)
        if self.context["request"].user.is_agency_side:
            shown["company"] = None
        return shown
