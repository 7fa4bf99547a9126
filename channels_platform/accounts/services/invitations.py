"""One-time links by which a new person sets the first password."""

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from channels_platform.accounts.models import User
from channels_platform.audit.services import record
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed

_SALT = "accounts.invitation"
VALID_FOR = timedelta(days=7)


class InvitationOver(Invalid):
    """The link was used, is too old, or was never ours."""

    code = "invitation_over"


def _fingerprint(user: User) -> str:
    # Setting a password changes this, so a link works once.
    return salted_hmac(_SALT, f"{user.pk}:{user.password}", algorithm="sha256").hexdigest()[:32]


def issue_invitation(*, user: User, actor: User | None) -> str:
    """Return the token of a link that lets `user` set the first password.

    Raises: NotAllowed when the person has a password already or is not active.
    Writes: audit event `person.invited`; an account without any password gets an unusable one.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)
        if not user.is_active or (user.password and user.has_usable_password()):
            raise NotAllowed("only an active person without a password is invited")
        if not user.password:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        record("person.invited", actor=actor, target=user)
    expires_at = clock.now() + VALID_FOR
    facts = {"user": str(user.pk), "print": _fingerprint(user), "until": int(expires_at.timestamp())}
    return signing.dumps(facts, salt=_SALT, compress=True)


def withdraw_password(*, user: User, actor: User | None) -> None:
    """Take away a password that its person forgot, so that they can be invited anew; who is signed in with it is out.

    Raises: NotAllowed when the person has none, or is not active.
    Locks:  the person.
    Writes: User.password, audit event `password.withdrawn`.
    """
    with transaction.atomic():
        stored = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
        if not stored.is_active or not stored.has_usable_password():
            raise NotAllowed("there is no password to take away")
        stored.set_unusable_password()
        stored.save(update_fields=["password"])
        record("password.withdrawn", actor=actor, target=stored)


def invitation_url(token: str) -> str:
    """Return the whole link, to be handed to the person by mail, message or QR code."""
    return f"{settings.SITE_URL}{reverse('invitation', args=[token])}"


def _check(user: User | None, facts: dict[str, str]) -> User:
    if user is None or not constant_time_compare(facts["print"], _fingerprint(user)):
        raise InvitationOver("used already, or its person is gone")
    return user


def _facts(token: str) -> dict[str, str]:
    try:
        facts = signing.loads(token, salt=_SALT)
    except signing.BadSignature as broken:
        raise InvitationOver("not signed by us") from broken
    if clock.now().timestamp() >= facts["until"]:
        raise InvitationOver("too old")
    return {"user": str(facts["user"]), "print": str(facts["print"])}


def get_invited(token: str) -> User:
    """Return whom a link invites, without using it up.

    Raises: InvitationOver.
    """
    facts = _facts(token)
    return _check(User.objects.filter(pk=facts["user"], is_active=True).first(), facts)


def accept_invitation(*, token: str, password: str) -> User:
    """Set the first password of the person whom the link invites; the link is used up.

    Raises: InvitationOver, also for the second of two at once.
    Locks:  the person.
    Writes: User.password, audit event `person.joined`.
    """
    facts = _facts(token)
    with transaction.atomic():
        found = User.objects.select_for_update().filter(pk=facts["user"], is_active=True).first()
        user = _check(found, facts)
        user.set_password(password)
        user.save(update_fields=["password"])
        record("person.joined", actor=user, target=user)
    return user
