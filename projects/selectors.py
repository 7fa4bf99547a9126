"""Reading what is sold, within what a person may see."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet

from channels_platform.lib import clock
from channels_platform.lib.errors import Refused
from projects.models import Policy, Project
from projects.states import PhoneMode


def visible_projects(user: Any) -> QuerySet[Project]:
    """Return the projects that a member of staff is assigned to; none for agency people."""
    if getattr(user, "is_superuser", False) or getattr(user, "all_projects", False):
        return Project.objects.all()
    return Project.objects.filter(staff=user)


def latest_today() -> date:
    """Return the latest local date that it is now in any project: what is not before it is past nowhere."""
    zones = set(Project.objects.order_by().values_list("timezone", flat=True).distinct())
    return max(clock.local_date(clock.now(), ZoneInfo(name)) for name in zones | {settings.TIME_ZONE})


def current_policy(project: Project) -> Policy:
    """Return the policy version in force now.

    Raises: Refused `no_policy` when the project has none yet.
    """
    policy = Policy.objects.filter(project=project).order_by("-version").first()
    if policy is None:
        raise Refused("the project has no policy yet", code="no_policy", field="project")
    return policy


def masked_projects(projects: Collection[Project]) -> set[UUID]:
    """Return the keys of those whose policy in force takes masks only, in one statement."""
    newest = Policy.objects.filter(project__in=projects).order_by("project_id", "-version").distinct("project_id")
    return {policy.project_id for policy in newest if policy.phone_mode == PhoneMode.MASKED}
