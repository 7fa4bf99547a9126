"""Who calls the API: a program by its key, or a page of ours by the session cookie with CSRF."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.authentication import SessionAuthentication as RestSessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from channels_platform.accounts.models import ApiToken, User
from channels_platform.lib import clock

SCHEME = "Token"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token <key>`. The key is known by its digest; it ends by itself and can be revoked."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _blank, key = get_authorization_header(request).partition(b" ")
        if scheme.lower() != SCHEME.lower().encode():
            return None
        # One SELECT for all that a request asks about its caller; the names are of relations that upper apps add.
        token = (
            ApiToken.objects.select_related("user", "user__broker__agency")
            .filter(
                digest=ApiToken.digest_of(key.strip().decode("latin-1")),
                revoked_at__isnull=True,
                expires_at__gt=clock.now(),
                user__is_active=True,
            )
            .first()
        )
        if token is None:
            raise AuthenticationFailed(_("The key is not known, has ended or was revoked."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


class SessionAuthentication(RestSessionAuthentication):
    """The session of the web log-in. A page that forgets the CSRF token gets 403."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        found = super().authenticate(request)
        return found if found and found[0].is_active else None
