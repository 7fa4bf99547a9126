"""Errors as RFC 9457 problems: whatever goes wrong, a program gets one shape and no internals."""

import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, ValidationError
from django.db import DataError, IntegrityError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse, UnreadablePostError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response

from channels_platform.db import TryAgain
from channels_platform.lib.errors import Duplicate, Forbidden, NotAllowed, Refused

CONTENT_TYPE = "application/problem+json"
log = structlog.get_logger(__name__)

# A long run of digits may be a phone somebody typed into the wrong field: no answer repeats it.
_NUMBER = re.compile(r"\+?\d(?:[ \-]?\d){9,}")
_REFUSALS: tuple[tuple[type[Refused], int], ...] = (
    (NotAllowed, 409),
    (Duplicate, 409),
    (Forbidden, 403),
    (Refused, 422),
)
_GENERAL = {
    400: ("malformed", _("The request cannot be read.")),
    401: ("not_signed_in", _("Sign in first.")),
    403: ("forbidden", _("Your role does not allow this.")),
    404: ("not_found", _("Nothing is here for you.")),
    405: ("method_not_allowed", _("This address does not take that method.")),
    406: ("not_acceptable", _("Only JSON is spoken here.")),
    409: ("conflict", _("Something else changed this at the same moment.")),
    413: ("too_large", _("The request is too large.")),
    415: ("unsupported_media_type", _("Send JSON.")),
    422: ("invalid", _("Some of it breaks a rule.")),
    429: ("throttled", _("Too many requests. Wait a little.")),
    500: ("internal", _("Something went wrong on our side. It has been noted.")),
    503: ("try_again", _("Too much at once. Try again in a moment.")),
}


class Problem(Exception):
    """An answer that says what went wrong.

    `errors` is a list of {"field", "code", "detail"}; `headers` go out with the answer.
    """

    def __init__(
        self,
        status: int,
        code: str = "",
        detail: Any = "",
        *,
        errors: Iterable[dict[str, Any]] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        known = _GENERAL.get(status, ("error", ""))
        self.status = status
        self.code = code or known[0]
        self.detail = detail or known[1]
        self.errors = list(errors)
        self.headers = headers or {}
        super().__init__(f"{status} {self.code}")

    def as_dict(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": _plain(self.detail),
            "code": self.code,
        }
        if self.errors:
            body["errors"] = [{**error, "detail": _plain(error["detail"])} for error in self.errors]
        return body


def field_error(field: str, code: str, detail: Any = "") -> dict[str, Any]:
    """Return one entry of a problem's `errors`."""
    return {"field": field, "code": code, "detail": detail or code}


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """Answer any exception of an API view with a problem; what we did not foresee is logged and says nothing."""
    problem = problem_of(exc)
    if problem is None:
        log.exception("api_failed", path=context["request"].path, exc_info=exc)
        problem = Problem(500)
    return Response(problem.as_dict(), status=problem.status, headers=problem.headers, content_type=CONTENT_TYPE)


def plain_response(request: HttpRequest, problem: Problem) -> JsonResponse:
    """Return a problem outside of any API view: unknown addresses, refused hosts."""
    return JsonResponse(problem.as_dict(), status=problem.status, headers=problem.headers, content_type=CONTENT_TYPE)


def problem_of(exc: Exception) -> Problem | None:
    """Return the problem that an exception means to the client, or None for a fault of ours."""
    if isinstance(exc, Problem):
        return exc
    if isinstance(exc, Refused):
        return of_refusal(exc)
    if isinstance(exc, exceptions.APIException):
        return _of_rest(exc)
    if isinstance(exc, ValidationError):
        return Problem(422, errors=_django_errors(exc))
    for kind, status in (
        (Http404, 404),
        (PermissionDenied, 403),
        (RequestDataTooBig, 413),
        (SuspiciousOperation, 400),
        (UnreadablePostError, 400),
        (DataError, 422),
    ):
        if isinstance(exc, kind):
            return Problem(status)
    return _of_contention(exc)


def of_refusal(refusal: Refused) -> Problem:
    """Return the problem of a service's refusal; its code is the domain's reason."""
    status = next(status for kind, status in _REFUSALS if isinstance(refusal, kind))
    errors = [field_error(refusal.field, refusal.code, refusal.detail)] if refusal.field else []
    faults = refusal.facts.get("faults")
    if isinstance(faults, dict):
        errors = [field_error(str(field), str(code)) for field, code in faults.items()]
    return Problem(status, refusal.code, refusal.detail, errors=errors)


def _of_rest(exc: exceptions.APIException) -> Problem:
    headers = {}
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if isinstance(exc, exceptions.ValidationError):
        return Problem(422, errors=list(_rest_errors(exc.detail)))
    if isinstance(exc, exceptions.Throttled):
        return Problem(429, headers={"Retry-After": str(int(exc.wait or 1))})
    return Problem(exc.status_code, headers=headers)


def _of_contention(exc: Exception) -> Problem | None:
    if isinstance(exc, IntegrityError):
        log.warning("api_integrity_error", error=type(exc.__cause__).__name__, exc_info=exc)
        return Problem(409)
    if isinstance(exc, TryAgain):
        return Problem(503, headers={"Retry-After": "1"})
    # 40001/40P01 after all attempts, 55P03: a lock was not had in time
    code = getattr(exc.__cause__, "pgcode", None) if isinstance(exc, OperationalError) else None
    return Problem(503, headers={"Retry-After": "1"}) if code in ("40001", "40P01", "55P03") else None


def _rest_errors(detail: Any, path: str = "") -> Iterator[dict[str, Any]]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _rest_errors(inner, path if name == "non_field_errors" else f"{path}.{name}".lstrip("."))
    elif isinstance(detail, list):
        for place, inner in enumerate(detail):
            yield from _rest_errors(inner, f"{path}.{place}".lstrip(".") if isinstance(inner, dict | list) else path)
    else:
        yield field_error(path, getattr(detail, "code", "invalid"), str(detail))


def _django_errors(exc: ValidationError) -> list[dict[str, Any]]:
    if hasattr(exc, "error_dict"):
        return [
            field_error("" if name == "__all__" else name, error.code or "invalid", " ".join(error.messages))
            for name, errors in exc.error_dict.items()
            for error in errors
        ]
    return [field_error("", error.code or "invalid", " ".join(error.messages)) for error in exc.error_list]


def _plain(text: Any) -> str:
    return _NUMBER.sub("…", str(text))
