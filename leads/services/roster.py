"""The duty roster of a site: who is on duty on which day, in which shift."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib.errors import Invalid
from leads.models import Consultant, DutyShift
from leads.states import Shift
from projects.models import Project

WEEK = timedelta(days=7)


@transactional
def set_roster(*, actor: Any, project: Project, day: date, shifts: Mapping[Any, str]) -> None:
    """Write down who works on a day: shift by consultant's id; who is left out, or '', is free.

    Raises: Forbidden; Invalid `unknown_choice`, `other_project`.
    Locks:  the project's consultants.
    Writes: DutyShift, audit event `roster.changed`.
    """
    require(actor, Can.CONFIRM_VISIT, Can.EDIT_PROJECTS)
    people = _lock_consultants(project)
    wanted = {pk: shift for pk, shift in shifts.items() if shift}
    if not set(wanted) <= set(people):
        raise Invalid("the consultant works on another project", code="other_project", field="consultant")
    if not set(wanted.values()) <= set(Shift):
        raise Invalid("no such shift", code="unknown_choice", field="shift")
    _write(actor, project, day, wanted, people)


@transactional
def copy_last_week(*, actor: Any, project: Project, monday: date) -> int:
    """Fill the week that begins on `monday` as the week before; return how many shifts it has then.

    What the week had is replaced; consultants who left are left out. A week without any is not copied.
    Raises: Forbidden; Invalid `nothing_to_copy`.
    Locks:  the project's consultants.
    Writes: DutyShift, audit events `roster.changed`.
    """
    require(actor, Can.CONFIRM_VISIT, Can.EDIT_PROJECTS)
    people = _lock_consultants(project)
    before = DutyShift.objects.filter(project=project, day__gte=monday - WEEK, day__lt=monday, consultant__in=people)
    by_day: dict[date, dict[Any, str]] = {}
    for row in before:
        by_day.setdefault(row.day + WEEK, {})[row.consultant_id] = row.shift
    if not by_day:
        raise Invalid("last week has no roster", code="nothing_to_copy")
    for ahead in range(7):
        day = monday + timedelta(days=ahead)
        _write(actor, project, day, by_day.get(day, {}), people)
    return sum(len(shifts) for shifts in by_day.values())


def _lock_consultants(project: Project) -> dict[Any, Consultant]:
    on_site = Consultant.objects.select_for_update(of=("self",)).select_related("user")
    return {one.pk: one for one in on_site.filter(project=project, user__is_active=True).order_by("pk")}


def _write(actor: Any, project: Project, day: date, wanted: dict[Any, str], people: dict[Any, Consultant]) -> None:
    rows = DutyShift.objects.filter(project=project, day=day)
    before = {row.consultant_id: row.shift for row in rows}
    if before == wanted:
        return
    rows.delete()
    DutyShift.objects.bulk_create(
        [DutyShift(project=project, consultant_id=pk, day=day, shift=shift) for pk, shift in wanted.items()]
    )
    record(
        "roster.changed",
        actor=actor,
        target=project,
        project=project,
        before={str(pk): shift for pk, shift in before.items()},
        after={"day": day.isoformat(), **{str(people[pk]): shift for pk, shift in wanted.items()}},
    )
