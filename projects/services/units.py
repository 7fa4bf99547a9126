"""Units: bringing them in, and keeping their state with their deal."""

from typing import Any

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from projects.models import Phase, Project, Unit


@transactional
def create_unit(*, actor: Any, project: Project, phase: str | Phase | None = None, **fields: Any) -> Unit:
    """Add a unit; a phase given by name is made when it is new.

    Raises: Forbidden; ValidationError by field.
    Writes: Unit, Phase, audit event `unit.created`.
    """
    require(actor, Can.EDIT_PROJECTS)
    if isinstance(phase, str):
        phase = Phase.objects.get_or_create(project=project, name=phase)[0] if phase else None
    unit = Unit(project=project, phase=phase, **fields)
    unit.full_clean()
    unit.save(force_insert=True)
    record("unit.created", actor=actor, target=unit, project=project, after={"list_price": str(unit.list_price)})
    return unit


def move_unit(*, unit: Unit | None, state: str) -> None:
    """Set a unit's state as its deal moves; the deal's own event tells who and why.

    Writes: Unit.
    """
    if unit is not None:
        Unit.objects.filter(pk=unit.pk).update(state=state)
