"""Row scope: staff see the projects they are assigned to, and what belongs to these."""

from typing import Any

from django.db.models import Model, QuerySet


def sees_every_project(user: Any) -> bool:
    return bool(getattr(user, "is_superuser", False) or getattr(user, "all_projects", False))


def within_projects(rows: QuerySet[Any], user: Any, path: str) -> QuerySet[Any]:
    """Return the rows whose project, found along the lookup `path`, the person may see; `pk` for projects."""
    if not path or sees_every_project(user):
        return rows
    return rows.filter(**{f"{path}__in": user.projects.all()})


def is_within(user: Any, project: Model | None) -> bool:
    """Whether the person is assigned to the project."""
    return project is None or sees_every_project(user) or user.projects.filter(pk=project.pk).exists()
