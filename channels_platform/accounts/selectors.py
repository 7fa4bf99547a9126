"""Finding people by what they do and where."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from channels_platform.accounts.models import User


def staff_of(projects: Iterable[Any] | QuerySet[Any], roles: Iterable[str]) -> QuerySet[User]:
    """Return the active people of some roles who see all projects, or one of those given (objects or ids)."""
    reach = Q(all_projects=True) | Q(projects__in=projects)
    return User.objects.filter(reach, role__in=list(roles), is_active=True).distinct()
