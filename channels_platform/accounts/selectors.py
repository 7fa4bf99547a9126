"""Finding people by what they do and where."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from channels_platform.accounts.models import User
from channels_platform.lib.errors import Invalid
from channels_platform.lib.phones import parse_phone
from channels_platform.privacy.services import find_phones


def staff_of(projects: Iterable[Any] | QuerySet[Any], roles: Iterable[str]) -> QuerySet[User]:
    """Return the active people of some roles who see all projects, or one of those given (objects or ids)."""
    reach = Q(all_projects=True) | Q(projects__in=projects)
    return User.objects.filter(reach, role__in=list(roles), is_active=True).distinct()


def username_of_phone(typed: str) -> str | None:
    """Return the user name of who signs in with a phone, where what was typed is one and nobody's user name."""
    if User.objects.filter(username__iexact=typed).exists():
        return None
    try:
        phones = find_phones([parse_phone(typed)])
    except Invalid:
        return None
    return User.objects.filter(sign_in_phone__in=phones.values()).values_list("username", flat=True).first()
