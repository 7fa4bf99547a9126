"""What every request passes through besides Django's own."""

from collections.abc import Callable

import structlog
from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse

from channels_platform.audit.services import request as audited_request

_GetResponse = Callable[[HttpRequest], HttpResponse]
# The admin's theme evaluates expressions in attributes and sets its colours inline; no other page may.
_ADMIN_POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}


def audit_request_id(get_response: _GetResponse) -> _GetResponse:
    """Put the request's id (as in the logs) on what the audit trail records during it."""

    def respond(request: HttpRequest) -> HttpResponse:
        request_id = str(structlog.contextvars.get_contextvars().get("request_id", ""))
        with audited_request(request_id):
            return get_response(request)

    return respond


def admin_content_policy(get_response: _GetResponse) -> _GetResponse:
    """Relax the content security policy under /admin/ only."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path_info.startswith("/admin/"):
            response._csp_replace = _ADMIN_POLICY  # type: ignore[attr-defined]
        return response

    return respond
