"""Our part in signing in and out: no sign-up, the lock-out's wording, landing pages, the audit trail."""

from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.translation import get_language, ngettext

from channels_platform.accounts.models import User
from channels_platform.accounts.services.preferences import remember_spoken
from channels_platform.audit.services import record
from channels_platform.presentation.navigation import landing_page

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _seconds(duration: str) -> int:
    number, unit = duration[:-1], duration[-1]
    return int(number or 1) * _UNITS[unit]


def lockout_minutes() -> int:
    """Return after how many minutes at most a locked-out person may try again, out of the rate limits set."""
    rates = (app_settings.RATE_LIMITS.get("login_failed") or "").split(",")
    return max((_seconds(rate.split("/")[1]) for rate in rates if rate), default=60) // 60 or 1


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return landing_page(request.user)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return landing_page(request.user)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError as locked:
            self._record("signin.locked", request, credentials)
            minutes = lockout_minutes()
            message = ngettext(
                "Too many failed attempts. Wait %(minutes)s minute and try again, or reset the password.",
                "Too many failed attempts. Wait %(minutes)s minutes and try again, or reset the password.",
                minutes,
            )
            raise ValidationError(
                message % {"minutes": minutes}, code="too_many_login_attempts", params={"minutes": minutes}
            ) from locked

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        self._record("signin.failed", request, credentials)
        super().authentication_failed(request, **credentials)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        record("signin.done", actor=user, target=user)
        remember_spoken(user=user, language=get_language() or "")
        answer: HttpResponse = super().post_login(request, user, **kwargs)
        return answer

    def logout(self, request: HttpRequest) -> None:
        record("signin.ended", actor=request.user, target=request.user)
        super().logout(request)

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        # told apart from a session that ran out, whose drafts stay on the device for the same person
        return f"{resolve_url(settings.LOGIN_URL)}?signed-out"

    def set_password(self, user: Any, password: str) -> None:
        super().set_password(user, password)
        record("password.changed", actor=user, target=user)

    def _record(self, action: str, request: HttpRequest, credentials: dict[str, Any]) -> None:
        # What was typed may be a password in the wrong box: only a known account is named.
        typed = str(credentials.get("username") or "")
        person = User.objects.filter(username__iexact=typed).first() if typed else None
        record(action, actor=None, target=person, after={"known_account": person is not None})
