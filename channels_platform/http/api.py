"""The platform's own addresses: keys, background jobs, the API's description."""

from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.utils import is_mfa_enabled
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.utils import OpenApiResponse, OpenApiTypes, extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from channels_platform.accounts.adapter import lockout_minutes
from channels_platform.accounts.models import ApiToken, User
from channels_platform.accounts.services.tokens import issue_token, revoke_token
from channels_platform.audit.services import record
from channels_platform.http.authentication import SCHEME
from channels_platform.http.fields import Instant, Secret
from channels_platform.http.problems import Problem, exception_handler
from channels_platform.http.throttles import PerCaller
from channels_platform.http.views import ApiView, FileView, read
from channels_platform.jobs.models import Job, JobState
from channels_platform.jobs.selectors import get_job


class CredentialsIn(serializers.Serializer[Any]):
    username = Secret(max_length=150)
    password = Secret(max_length=4096)
    code = Secret(max_length=20, required=False, help_text=_("Of the second factor, where one is set up."))


class TokenOut(serializers.Serializer[Any]):
    token = serializers.CharField()
    expires_at = Instant()


class TokenView(ApiView):
    """Keys: POST gives one for a password, DELETE ends the one it comes with."""

    # An answer that holds a key is not kept, so there is nothing to replay: each POST makes a new key.
    replays = False

    def get_authenticators(self) -> list[Any]:
        return [] if self.request and self.request.method == "POST" else super().get_authenticators()

    def get_permissions(self) -> list[Any]:
        return [] if self.request.method == "POST" else super().get_permissions()

    @extend_schema(request=CredentialsIn, responses={201: TokenOut}, auth=[])
    def post(self, request: Request) -> Response:
        asked = read(request, CredentialsIn)
        user = _signed_in(request, asked)
        token, key = issue_token(user=user, actor=user)
        return Response(TokenOut({"token": key, "expires_at": token.expires_at}).data, status=201)

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        if not isinstance(request.auth, ApiToken):
            raise Problem(409, "not_allowed", _("This request did not come with a key."))
        revoke_token(token=request.auth, actor=request.user)
        return Response(status=204)


def _signed_in(request: Request, asked: dict[str, str]) -> User:
    """Return whom the password (and second factor) proves, through the same door as the web log-in.

    Raises: Problem 401 `bad_credentials`, 403 `second_factor_required`, 429 `locked_out`.
    """
    try:
        user = get_adapter().authenticate(request._request, username=asked["username"], password=asked["password"])
        if user is not None and not user.is_active:
            # the log-in page says so; here a right password of one who left is as good as a wrong one
            get_adapter().authentication_failed(request._request, username=asked["username"])
            user = None
        if user is not None and is_mfa_enabled(user):
            _prove_second_factor(user, asked.get("code"))
    except ValidationError as locked:
        wait = str(lockout_minutes() * 60)
        raise Problem(429, "locked_out", " ".join(locked.messages), headers={"Retry-After": wait}) from locked
    if user is None:
        raise Problem(401, "bad_credentials", _("Username or password is wrong."), headers={"WWW-Authenticate": SCHEME})
    record("signin.done", actor=user, target=user, after={"by": "api"})
    return user


def _prove_second_factor(user: User, code: str | None) -> None:
    if not code:
        raise Problem(403, "second_factor_required", _("Send the code of your second factor too."))
    form = AuthenticateForm({"code": code}, user=user)
    if form.is_valid():
        return
    if form.has_error("code", "incorrect_code"):
        record("signin.failed", actor=None, target=user, after={"known_account": True})
        raise Problem(401, "bad_credentials", _("The code is wrong."), headers={"WWW-Authenticate": SCHEME})
    raise ValidationError(form.errors["code"])


class JobOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(JobState.choices)
    done = serializers.IntegerField()
    total = serializers.IntegerField(help_text=_("0: not known yet."))
    result_url = serializers.SerializerMethodField()
    errors = serializers.ListField(child=serializers.DictField())
    report = serializers.DictField()

    def get_result_url(self, job: Job) -> str | None:
        if job.state != JobState.DONE:
            return None
        if job.result_file:
            return str(self.context["request"].build_absolute_uri(reverse("api:job_result", args=[job.pk])))
        return job.result_url or None


def _job(request: Request, pk: UUID) -> Job:
    job = get_job(viewer=request.user, job_id=pk)
    if job is None:
        raise Http404
    return job


class JobView(ApiView):
    @extend_schema(responses=JobOut)
    def get(self, request: Request, pk: UUID) -> Response:
        """How far a job of one's own is."""
        return Response(JobOut(_job(request, pk), context={"request": request}).data)


class JobResultView(FileView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY)})
    def get(self, request: Request, pk: UUID) -> Any:
        """What a job of one's own made."""
        job = _job(request, pk)
        if job.state != JobState.DONE or not job.result_file:
            raise Http404
        name = job.result_file.name.rsplit("/", 1)[-1]
        return FileResponse(job.result_file.open("rb"), as_attachment=True, filename=name)


class SchemaView(SpectacularAPIView):
    """The API's OpenAPI 3.1 document; JSON unless YAML is asked for."""

    authentication_classes: list[Any] = []
    throttle_classes = [PerCaller]
    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer, OpenApiYamlRenderer2]

    def get_exception_handler(self) -> Any:
        return exception_handler


class DocsView(SpectacularSwaggerSplitView):
    """The same to browse, with assets of our own and no inline script."""

    authentication_classes: list[Any] = []
    throttle_classes = [PerCaller]
    url_name = "api:schema"
    template_name = "api/docs.html"

    def get_exception_handler(self) -> Any:
        return exception_handler
