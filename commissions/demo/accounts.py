"""One account per role that can sign in to the demo. Its password is public: production refuses to start with it."""

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


def open_individual(user: User) -> None:
    """Let the demo's individual sign in as `individual`, with the password that they signed up with.

    Writes: User.
    """
    User.objects.filter(pk=user.pk).update(username="individual", is_demo=True)
