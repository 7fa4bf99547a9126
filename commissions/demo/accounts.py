"""One account per role that can sign in to the demo. Its password is public: production refuses to start with it."""

from typing import Any

from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role

PASSWORD = "demo-pass-2026"  # noqa: S105 - public on purpose, and refused in production
# The broker and the agency's manager come with their agency; a username is its role.
AGENCY_SIDE = {Role.AGENCY_ADMIN, Role.BROKER}


def demo_accounts() -> dict[str, dict[str, str]]:
    """Return `{role: {"username", "password"}}` of the accounts there are, in the order of the roles."""
    known = set(User.objects.filter(is_demo=True, is_active=True).values_list("username", flat=True))
    return {str(role): {"username": str(role), "password": PASSWORD} for role in Role if role in known}


def open_account(user: Any) -> None:
    """Let a person of the demo sign in.

    Writes: User.
    """
    user.set_password(PASSWORD)
    user.is_demo = True
    user.save(update_fields=["password", "is_demo"])
