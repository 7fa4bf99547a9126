"""Agencies, brokers and agreements over HTTP; and the projects that an agency may file for."""

from typing import Any
from uuid import UUID

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response

from brokers.filters import AgencyFilter, AgreementFilter, BrokerFilter
from brokers.models import Agency, Agreement
from brokers.selectors import agreements_in_force, visible_agencies, visible_brokers
from brokers.services.agencies import create_agency, create_broker
from brokers.services.agreements import approve_agreement, draft_agreement
from channels_platform.accounts.permissions import Can, Role
from channels_platform.accounts.services.invitations import invitation_url, issue_invitation
from channels_platform.http.fields import Choice, Day, Secret, Text, YesNo
from channels_platform.http.schema import lists
from channels_platform.http.views import ApiView, found, listed, named, read
from channels_platform.lib import clock
from projects import api as projects_api
from projects.models import Project
from projects.selectors import visible_projects
from projects.states import ProjectStatus

NEWEST = ("-created_at", "created_at")


def fileable_projects(agency: Agency) -> QuerySet[Project]:
    """Return the open projects with which the agency has an agreement in force, each by its own calendar."""
    now = clock.now()
    open_ones = Project.objects.filter(status=ProjectStatus.OPEN, agreements__agency=agency)
    zones = open_ones.order_by().values_list("timezone", flat=True).distinct()
    days = {name: clock.local_date(now, Project(timezone=name).zone) for name in zones}
    ids: set[UUID] = set()
    for name, day in days.items():
        in_force = agreements_in_force(agency=agency, on=day).filter(project__timezone=name)
        ids.update(in_force.values_list("project_id", flat=True))
    return Project.objects.filter(pk__in=ids, status=ProjectStatus.OPEN)


def projects_for(user: Any) -> QuerySet[Project]:
    """Return the projects a person of either side sees."""
    if not user.is_agency_side:
        return visible_projects(user)
    broker = getattr(user, "broker", None)
    return Project.objects.none() if broker is None else fileable_projects(broker.agency)


class ProjectsView(projects_api.ProjectsView):
    def visible(self, user: Any) -> QuerySet[Project]:
        return projects_for(user)


class ProjectView(projects_api.ProjectView):
    def visible(self, user: Any) -> QuerySet[Project]:
        return projects_for(user)


class AgencyIn(serializers.Serializer[Any]):
    code = Text(max_length=60)
    name = Text(max_length=120)
    kind = Choice(Agency.Kind)
    licence_no = Text(max_length=60, required=False, allow_blank=True)


class AgencyOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(Agency.Kind.choices)
    licence_no = serializers.CharField()
    status = serializers.ChoiceField(Agency.Status.choices)
    created_at = serializers.DateTimeField()


class AgenciesView(ApiView):
    needs = {
        "GET": (Can.EDIT_AGENCIES, Can.SEE_MONEY, Can.SEE_AUDIT, Can.EDIT_OWN_BROKERS),
        "POST": Can.EDIT_AGENCIES,
    }

    @lists(AgencyOut, orderings=projects_api.BY_CODE, filters=AgencyFilter)
    def get(self, request: Request) -> Response:
        agencies = visible_agencies(request.user)
        return listed(request, agencies, AgencyOut, orderings=projects_api.BY_CODE, filters=AgencyFilter)

    @extend_schema(request=AgencyIn, responses={201: AgencyOut})
    def post(self, request: Request) -> Response:
        agency = create_agency(actor=request.user, **read(request, AgencyIn))
        return Response(AgencyOut(agency).data, status=201)


class BrokerIn(serializers.Serializer[Any]):
    username = Text(max_length=150)
    name = Text(max_length=80)
    phone = Text(max_length=40, required=False, allow_blank=True)
    store = Text(max_length=120, required=False, allow_null=True, allow_blank=True)
    email = serializers.EmailField(required=False)
    password = Secret(
        max_length=128, min_length=10, required=False, help_text=_("Without one the answer holds an invitation.")
    )
    role = Choice([Role.BROKER.value, Role.AGENCY_ADMIN.value], required=False)

    def validate_password(self, password: str) -> str:
        try:
            password_validation.validate_password(password)
        except ValidationError as weak:
            raise serializers.ValidationError(
                [ErrorDetail(" ".join(fault.messages), fault.code) for fault in weak.error_list]
            ) from weak
        return password


class BrokerOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    username = serializers.CharField(source="user.username")
    name = serializers.CharField(source="user.name")
    role = serializers.CharField(source="user.role")
    phone = serializers.CharField(source="user.phone.masked", allow_null=True, default=None)
    agency = serializers.CharField(source="agency.code")
    store = serializers.CharField(source="store.name", allow_null=True, default=None)
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class NewBrokerOut(BrokerOut):
    invitation_url = serializers.CharField(allow_null=True)


class BrokersView(ApiView):
    needs = {
        "GET": (Can.EDIT_AGENCIES, Can.EDIT_OWN_BROKERS, Can.SEE_MONEY, Can.SEE_AUDIT),
        "POST": (Can.EDIT_AGENCIES, Can.EDIT_OWN_BROKERS),
    }

    @lists(BrokerOut, orderings=NEWEST, filters=BrokerFilter)
    def get(self, request: Request, code: str) -> Response:
        agency = found(visible_agencies(request.user), code=code)
        brokers = visible_brokers(request.user).filter(agency=agency).select_related("user__phone")
        return listed(request, brokers, BrokerOut, orderings=NEWEST, filters=BrokerFilter)

    @extend_schema(request=BrokerIn, responses={201: NewBrokerOut})
    def post(self, request: Request, code: str) -> Response:
        """Take in a broker, recruited by the caller; without a password the answer has a link to set one."""
        agency = found(visible_agencies(request.user), code=code)
        asked = read(request, BrokerIn)
        broker = create_broker(actor=request.user, agency=agency, recruited_by=request.user, **asked)
        link = None
        if "password" not in asked:
            link = invitation_url(issue_invitation(user=broker.user, actor=request.user))
        return Response({**BrokerOut(broker).data, "invitation_url": link}, status=201)


class AgreementIn(serializers.Serializer[Any]):
    agency = Text(max_length=60, help_text=_("Code of the agency."))
    project = Text(max_length=60, help_text=_("Code of the project."))
    to = Day(required=False, allow_null=True, source="to_on")
    auto_renew = YesNo(required=False)

    def get_fields(self) -> Any:
        # `from` cannot be an attribute
        return {**super().get_fields(), "from": Day(source="from_on")}


class AgreementOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    agency = serializers.CharField(source="agency.code")
    project = serializers.CharField(source="project.code")
    to = serializers.DateField(source="to_on", allow_null=True)
    auto_renew = serializers.BooleanField()
    state = serializers.ChoiceField(Agreement.State.choices)
    author = serializers.CharField(source="author.username")
    approved_by = serializers.CharField(source="approved_by.username", allow_null=True, default=None)
    approved_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_fields(self) -> Any:
        return {**super().get_fields(), "from": serializers.DateField(source="from_on")}


def visible_agreements(user: Any) -> QuerySet[Agreement]:
    """Return the agreements of the projects that a member of staff works on."""
    agreements = Agreement.objects.select_related("agency", "project", "author", "approved_by")
    return agreements.filter(project__in=visible_projects(user).order_by())


class AgreementsView(ApiView):
    needs = {"GET": (Can.DRAFT_AGREEMENT, Can.SEE_MONEY, Can.SEE_AUDIT), "POST": Can.DRAFT_AGREEMENT}

    @lists(AgreementOut, orderings=NEWEST, filters=AgreementFilter)
    def get(self, request: Request) -> Response:
        agreements = visible_agreements(request.user)
        return listed(request, agreements, AgreementOut, orderings=NEWEST, filters=AgreementFilter)

    @extend_schema(request=AgreementIn, responses={201: AgreementOut})
    def post(self, request: Request) -> Response:
        """Draft an agreement; it counts once another person approved it."""
        asked = read(request, AgreementIn)
        asked["project"] = named(visible_projects(request.user), field="project", code=asked["project"])
        asked["agency"] = named(visible_agencies(request.user), field="agency", code=asked["agency"])
        return Response(AgreementOut(draft_agreement(actor=request.user, **asked)).data, status=201)


class AgreementApprovalView(ApiView):
    needs = {"POST": Can.APPROVE_AGREEMENT}

    @extend_schema(request=None, responses=AgreementOut)
    def post(self, request: Request, pk: UUID) -> Response:
        agreement = found(visible_agreements(request.user), pk=pk)
        approve_agreement(actor=request.user, agreement=agreement)
        return Response(AgreementOut(found(visible_agreements(request.user), pk=pk)).data)
