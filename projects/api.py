"""Projects and units over HTTP."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from channels_platform.accounts.permissions import Can
from channels_platform.http.fields import Amount, Choice, Money, Text, Whole, YesNo
from channels_platform.http.problems import Problem, field_error
from channels_platform.http.schema import lists
from channels_platform.http.views import ApiView, found, listed, named, read
from projects.filters import ProjectFilter, UnitFilter
from projects.models import PayingCompany, Policy, Project, Unit
from projects.selectors import visible_projects
from projects.services.projects import HIGHEST, change_project, create_project
from projects.services.units import create_unit

STAFF = (Can.EDIT_PROJECTS, Can.SUBSCRIBE_DEAL, Can.CONFIRM_VISIT, Can.SEE_MONEY, Can.SEE_AUDIT)
BY_CODE = ("code", "-code")


def _count(lowest: int, *, null: bool = False) -> Whole:
    return Whole(min_value=lowest, max_value=HIGHEST, required=False, allow_null=null)


class PolicyIn(serializers.Serializer[Any]):
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


class PolicyOut(PolicyIn):
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
    policy = PolicyIn(required=False)


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
    company = serializers.SerializerMethodField(help_text=_("Code of the paying company; null to agencies."))
    policy = serializers.SerializerMethodField()

    def get_company(self, project: Project) -> str | None:
        return None if self.context["request"].user.is_agency_side else project.company.code

    @extend_schema_field(PolicyOut(allow_null=True))
    def get_policy(self, project: Project) -> Any:
        versions = list(project.policies.all())
        return PolicyOut(versions[0]).data if versions else None


def with_policy(projects: QuerySet[Project]) -> QuerySet[Project]:
    """Load with each project what its answer shows."""
    newest = Policy.objects.order_by("project_id", "-version").distinct("project_id")
    return projects.select_related("company").prefetch_related(Prefetch("policies", newest))


def project_answer(request: Request, project: Project, status: int = 200) -> Response:
    shown = with_policy(Project.objects.filter(pk=project.pk)).get()
    return Response(ProjectOut(shown, context={"request": request}).data, status=status)


class ProjectsView(ApiView):
    needs = {"POST": Can.EDIT_PROJECTS}

    def visible(self, user: Any) -> QuerySet[Project]:
        return visible_projects(user)

    @lists(ProjectOut, orderings=BY_CODE, filters=ProjectFilter)
    def get(self, request: Request) -> Response:
        """Projects one works on; to agencies the open ones that they have an agreement for."""
        projects = with_policy(self.visible(request.user))
        return listed(request, projects, ProjectOut, orderings=BY_CODE, filters=ProjectFilter)

    @extend_schema(request=ProjectIn, responses={201: ProjectOut})
    def post(self, request: Request) -> Response:
        """Make a project with its first policy version."""
        asked = _with_company(read(request, ProjectIn), always=True)
        return project_answer(request, create_project(actor=request.user, **asked), 201)


class ProjectView(ApiView):
    needs = {"PATCH": Can.EDIT_PROJECTS}

    def visible(self, user: Any) -> QuerySet[Project]:
        return visible_projects(user)

    @extend_schema(responses=ProjectOut)
    def get(self, request: Request, code: str) -> Response:
        return project_answer(request, found(self.visible(request.user), code=code))

    @extend_schema(request=ProjectChangeIn, responses=ProjectOut)
    def patch(self, request: Request, code: str) -> Response:
        """Change a project; a changed policy is a new version."""
        project = found(self.visible(request.user), code=code)
        asked = _with_company(read(request, ProjectChangeIn, partial=True), always=False)
        return project_answer(request, change_project(actor=request.user, project=project, **asked))


def _with_company(asked: dict[str, Any], *, always: bool) -> dict[str, Any]:
    if code := asked.pop("company", None):
        return asked | {"company": named(PayingCompany.objects.all(), field="company", code=code)}
    if not always:
        return asked
    company = PayingCompany.objects.order_by("code").first()
    if company is None:
        raise Problem(422, errors=[field_error("company", "required", _("There is no paying company yet."))])
    return asked | {"company": company}


class UnitIn(serializers.Serializer[Any]):
    building = Text(max_length=40)
    number = Text(max_length=40)
    unit_type = Text(max_length=40, required=False, allow_blank=True)
    area = Amount()
    list_price = Amount()
    phase = Text(max_length=60, required=False, allow_null=True)


class UnitOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    project = serializers.CharField(source="project.code")
    building = serializers.CharField()
    number = serializers.CharField()
    unit_type = serializers.CharField()
    area = serializers.DecimalField(max_digits=8, decimal_places=2)
    list_price = Money()
    phase = serializers.CharField(source="phase.name", allow_null=True, default=None)
    state = serializers.ChoiceField(Unit.State.choices)


class UnitsView(ApiView):
    needs = {"GET": STAFF, "POST": Can.EDIT_PROJECTS}
    orderings = ("building", "-building")

    @lists(UnitOut, orderings=orderings, filters=UnitFilter)
    def get(self, request: Request, code: str) -> Response:
        project = found(visible_projects(request.user), code=code)
        units = project.units.select_related("project", "phase")
        return listed(request, units, UnitOut, orderings=self.orderings, filters=UnitFilter)

    @extend_schema(request=UnitIn, responses={201: UnitOut})
    def post(self, request: Request, code: str) -> Response:
        project = found(visible_projects(request.user), code=code)
        unit = create_unit(actor=request.user, project=project, **read(request, UnitIn))
        return Response(UnitOut(unit).data, status=201)
