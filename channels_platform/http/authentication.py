"""Who calls the API: a program by its key, or a page of ours by the session cookie with CSRF."""

from typing import Any

from django.db.models import BinaryField, DateTimeField
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.authentication import SessionAuthentication as RestSessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from channels_platform.accounts.models import ApiToken, User
from channels_platform.lib import clock
from channels_platform.lookups import Lookup, Slot

SCHEME = "Token"
# One SELECT for all that a request asks about its caller; `broker` is a relation that an upper app adds.
_TOKEN = Lookup(
    lambda: ApiToken.objects.select_related("user__broker__agency").filter(
        digest=Slot(0, BinaryField()),
        expires_at__gt=Slot(1, DateTimeField()),
        revoked_at__isnull=True,
        user__is_active=True,
    )
)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token <key>`. The key is known by its digest; it ends by itself and can be revoked."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _blank, key = get_authorization_header(request).partition(b" ")
        if scheme.lower() != SCHEME.lower().encode():
            return None
        token = _TOKEN.first(ApiToken.digest_of(key.strip().decode("latin-1")), clock.now())
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
