"""One account per role that can sign in to the demo. Its password is public: production refuses to start with it."""

from collections.abc import Sequence

from django.contrib.auth.hashers import make_password

from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role

PASSWORD = "demo-pass-2026"  # noqa: S105 - public on purpose, and refused in production


def demo_accounts() -> dict[str, dict[str, str]]:
    """Return `{role: {"username", "password"}}` of the accounts there are, in the order of the roles."""
    known = set(User.objects.filter(is_demo=True, is_active=True).values_list("username", flat=True))
    return {str(role): {"username": str(role), "password": PASSWORD} for role in Role if role in known}


def open_accounts() -> None:
    """Let the people whose username is a role sign in.

    Writes: User.
    """
    # hashed once: it is meant to take its time
    User.objects.filter(username__in=[str(role) for role in Role]).update(
        password=make_password(PASSWORD), is_demo=True
    )


def name_individuals(users: Sequence[User]) -> None:
    """Call those who signed up `individual`, `individual2`, ...: only the first of them can sign in.

    Writes: User.
    """
    for place, user in enumerate(users, start=1):
        user.username = f"individual{place if place > 1 else ''}"
        user.is_demo = place == 1
        if not user.is_demo:
            user.set_unusable_password()
        user.save(update_fields=["username", "is_demo", "password"])
