"""Who works on a site as a property consultant, and who is on duty."""

from typing import Any

from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Can, Role
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib.errors import Invalid
from leads.models import Consultant
from projects.models import Project


@transactional
def place_consultant(*, actor: Any, user: User, project: Project, on_duty: bool = True) -> Consultant:
    """Let a person receive clients on a project's site.

    Raises: Forbidden; ValidationError when they do already; Invalid `not_a_consultant`.
    Writes: Consultant, audit event `consultant.placed`.
    """
    require(actor, Can.EDIT_PROJECTS)
    if user.role != Role.CONSULTANT:
        raise Invalid("only a property consultant receives clients", code="not_a_consultant", field="user")
    consultant = Consultant(user=user, project=project, on_duty=on_duty)
    consultant.full_clean()
    consultant.save(force_insert=True)
    record("consultant.placed", actor=actor, target=consultant, project=project, after={"on_duty": on_duty})
    return consultant


@transactional
def set_duty(*, actor: Any, consultant: Consultant, on_duty: bool) -> Consultant:
    """Put a consultant on duty, or off: who is off gets no new clients and keeps the own ones.

    Reception and marketing switch everybody's duty, a consultant the own.
    Raises: Forbidden.
    Locks:  the consultant.
    Writes: Consultant, audit event `consultant.on_duty` or `consultant.off_duty`.
    """
    require(actor, Can.CONFIRM_VISIT, Can.EDIT_PROJECTS, Can.SUBSCRIBE_DEAL)
    if actor is not None and consultant.user_id != actor.pk:
        require(actor, Can.CONFIRM_VISIT, Can.EDIT_PROJECTS)
    stored = Consultant.objects.select_for_update(of=("self",)).get(pk=consultant.pk)
    if stored.on_duty == on_duty:
        return stored
    stored.on_duty = on_duty
    stored.save(update_fields=["on_duty"])
    action = "consultant.on_duty" if on_duty else "consultant.off_duty"
    record(action, actor=actor, target=stored, project=stored.project_id, after={"on_duty": on_duty})
    return stored
