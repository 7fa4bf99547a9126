"""What belongs to a project beside its units: phases, pre-sale permits, materials; and who pays for it."""

from typing import Any

from django.db.models import ProtectedError

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import refused_by, transactional
from channels_platform.lib.errors import Invalid
from channels_platform.lib.names import clean_text
from projects.models import Holiday, Material, PayingCompany, Permit, Phase, Unit

Detail = Phase | Permit | Material


def _facts(row: Any, names: tuple[str, ...]) -> dict[str, str]:
    return {name: str(getattr(row, name)) for name in names}


def _fields(row: Any) -> tuple[str, ...]:
    return tuple(field.name for field in row._meta.fields if field.editable)


def _keep(row: Any, *, actor: Any, kind: str, project: Any) -> None:
    """Write a row that is new or changed, with its event; an unchanged one leaves no trace."""
    row.full_clean()
    names = _fields(row)
    stored = type(row)._default_manager.select_for_update(of=("self",)).filter(pk=row.pk).first()
    before = _facts(stored, names) if stored else {}
    after = _facts(row, names)
    changed = [name for name in names if before.get(name) != after[name]]
    if not changed:
        return
    row.save()
    record(
        f"{kind}.{'changed' if stored else 'created'}",
        actor=actor,
        target=row,
        project=project,
        before={name: before[name] for name in changed if name in before},
        after={name: after[name] for name in changed},
    )


@transactional
def keep_detail(*, actor: Any, detail: Detail) -> Detail:
    """Write a phase, permit or material as given, new or changed.

    Raises: Forbidden; ValidationError by field.
    Locks:  the row, when it was there.
    Writes: the row, audit event `<kind>.created` or `<kind>.changed`.
    """
    require(actor, Can.EDIT_PROJECTS)
    _keep(detail, actor=actor, kind=detail._meta.model_name or "", project=detail.project_id)
    return detail


@transactional
def remove_detail(*, actor: Any, detail: Detail) -> None:
    """Take away a phase, permit or material.

    Raises: Forbidden; Invalid `still_used` for a phase with units.
    Writes: audit event `<kind>.removed`.
    """
    require(actor, Can.EDIT_PROJECTS)
    record(
        f"{detail._meta.model_name}.removed",
        actor=actor,
        target=detail,
        project=detail.project_id,
        before=_facts(detail, _fields(detail)),
    )
    try:
        detail.delete()
    except ProtectedError as error:
        raise Invalid("the phase has units", code="still_used") from error


@transactional
def keep_company(*, actor: Any, company: PayingCompany) -> PayingCompany:
    """Write a paying company as given, new or changed; its time zone stays once its projects have deals or money.

    Months are closed by it, and would overlap or leave a gap.
    Raises: Forbidden; ValidationError by field; Invalid `fixed_by_use`.
    Locks:  the row, when it was there.
    Writes: PayingCompany, audit event `payingcompany.created` or `payingcompany.changed`.
    """
    require(actor, Can.MANAGE_STAFF)
    stored = PayingCompany.objects.select_for_update().filter(pk=company.pk).first()
    fixed = Invalid("the time zone stays once deals or money were recorded", code="fixed_by_use", field="timezone")
    if stored and stored.timezone != company.timezone and stored.projects.filter(deals__isnull=False).exists():
        raise fixed
    with refused_by("company_keeps_its_time_zone", fixed):
        _keep(company, actor=actor, kind="payingcompany", project=None)
    return company


@transactional
def keep_holiday(*, actor: Any, holiday: Holiday) -> Holiday:
    """Write a day of the calendar as given, new or changed. A mistake is put right by what the weekday says.

    Raises: Forbidden; ValidationError by field.
    Locks:  the row, when it was there.
    Writes: Holiday, audit event `holiday.created` or `holiday.changed`.
    """
    require(actor, Can.MANAGE_STAFF)
    holiday.name = clean_text(holiday.name)
    _keep(holiday, actor=actor, kind="holiday", project=None)
    return holiday


UNIT_FIELDS = ("phase", "building", "number", "unit_type", "area", "list_price")


@transactional
def change_unit(*, actor: Any, unit: Unit, **fields: Any) -> Unit:
    """Change what a unit is; its state moves with its deal only.

    Raises: Forbidden; ValidationError by field; Invalid `unknown_field`, `not_in_project`.
    Locks:  the unit row.
    Writes: Unit, audit event `unit.changed`.
    """
    require(actor, Can.EDIT_PROJECTS)
    stored = Unit.objects.select_for_update(of=("self",)).get(pk=unit.pk)
    for name, value in fields.items():
        if name not in UNIT_FIELDS:
            raise Invalid(f"{name} cannot be changed", code="unknown_field", field=name)
        setattr(stored, name, value)
    if stored.phase is not None and stored.phase.project_id != stored.project_id:
        raise Invalid("the phase is another project's", code="not_in_project", field="phase")
    _keep(stored, actor=actor, kind="unit", project=stored.project_id)
    return stored
