"""What every request passes through besides Django's own."""

import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

from channels_platform.audit.services import request as audited_request

_DATA = ("application/json", "application/problem+json")
# As long as browsers keep one.
DEVICE_COOKIE, DEVICE_PATH, DEVICE_AGE = "device", "/portal/", timedelta(days=400)
_DEVICE = re.compile(r"[A-Za-z0-9_-]{32}")
_GetResponse = Callable[[HttpRequest], HttpResponse]
# The admin's theme evaluates expressions in attributes and sets its colours inline; no other page may.
_ADMIN_POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}


def caller_address(request: HttpRequest) -> str:
    """Return whom we talk to, as the last proxy that we trust saw it; what is before that anybody can write."""
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    trusted = min(settings.TRUSTED_PROXY_COUNT, len(hops))
    return hops[-trusted] if trusted else str(request.META.get("REMOTE_ADDR", ""))


def audit_request_id(get_response: _GetResponse) -> _GetResponse:
    """Put the caller's address on the log lines of a request, and its id on what the audit trail records during it."""

    def respond(request: HttpRequest) -> HttpResponse:
        structlog.contextvars.bind_contextvars(ip=caller_address(request))
        request_id = str(structlog.contextvars.get_contextvars().get("request_id", ""))
        with audited_request(request_id):
            return get_response(request)

    return respond


class CompressPages(GZipMiddleware):
    """Send pages compressed: a list is a fifth of its size on a slow network. Nothing else needs it.

    Django pads what it compresses by a random length, and each page masks its token anew, so that the size tells
    nothing of a secret.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)


class ContentPolicy(CSPMiddleware):
    """Put the content security policy on pages; data, which loads nothing, is told so without working one out."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.get("Content-Type", "").startswith(_DATA):
            response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
            return response
        return super().process_response(request, response)


def admin_content_policy(get_response: _GetResponse) -> _GetResponse:
    """Relax the content security policy under /admin/ only."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path_info.startswith("/admin/"):
            response._csp_replace = _ADMIN_POLICY  # type: ignore[attr-defined]
        return response

    return respond


def device_of(request: Any) -> str:
    """Return the browser's own mark, where it has one; '' elsewhere."""
    return str(getattr(request, "device", ""))


def portal_device(get_response: _GetResponse) -> _GetResponse:
    """Give each browser of the portal a random mark of its own, and know it again; other pages do not see it."""

    def respond(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(DEVICE_PATH) or not request.user.is_authenticated:
            return get_response(request)
        known = request.COOKIES.get(DEVICE_COOKIE, "")
        device = known if _DEVICE.fullmatch(known) else secrets.token_urlsafe(24)
        request.device = device  # type: ignore[attr-defined]
        response = get_response(request)
        if device != known:
            response.set_cookie(
                DEVICE_COOKIE,
                device,
                max_age=DEVICE_AGE,
                path=DEVICE_PATH,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response

    return respond


def permissions_policy(get_response: _GetResponse) -> _GetResponse:
    """Keep camera, microphone and place from every page that does not say itself that it needs one."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response

    return respond
