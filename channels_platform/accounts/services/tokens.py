"""Keys of people's programs: handed out once, kept as a digest, ending by themselves."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction

from channels_platform.accounts.models import ApiToken, User
from channels_platform.audit.services import record
from channels_platform.lib import clock


def issue_token(*, user: User, actor: User | None) -> tuple[ApiToken, str]:
    """Return a new token of `user` and its key, which is not kept and cannot be shown again.

    Writes: ApiToken, audit event `token.issued`.
    """
    key = ApiToken.new_key()
    now = clock.now()
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user,
            digest=ApiToken.digest_of(key),
            created_at=now,
            expires_at=now + timedelta(days=settings.API_TOKEN_DAYS),
        )
        record("token.issued", actor=actor, target=user, after={"expires_at": token.expires_at.isoformat()})
    return token, key


def revoke_token(*, token: ApiToken, actor: User | None) -> None:
    """End a token now; ending it twice changes nothing.

    Writes: ApiToken, audit event `token.revoked`.
    """
    with transaction.atomic():
        ended = ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=clock.now())
        if ended:
            record("token.revoked", actor=actor, target=token.user, before={"expires_at": token.expires_at.isoformat()})
