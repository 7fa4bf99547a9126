"""The plans a run works from, as the engine takes them. Ids are text: the engine only passes them through."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any
from uuid import UUID

from brokers.models import Agency, HeldGrade
from commissions.engine.conditions import plain_fields
from commissions.engine.plans import read_version
from commissions.engine.types import (
    AppliesTo,
    GradeFact,
    Payee,
    Series,
)
from commissions.models import PlanVersion
from commissions.states import PlanState
from projects.models import Project


def version_fields(version: PlanVersion) -> dict[str, Any]:
    """Return a version's rules under the names people and interfaces use (engine.plans)."""
    retention = version.retention_fraction
    return {
        "payee": version.plan.payee,
        "applies_to": version.plan.applies_to,
        "from": version.from_on,
        "to": version.to_on,
        "basis": version.basis,
        "measure": version.measure,
        "period": version.period,
        "scope": version.scope,
        "mode": version.mode,
        "tiers": version.tiers,
        "bonuses": version.bonuses,
        "release": version.release,
        "retention": None if retention is None else {"fraction": f"{retention:f}", "until": "handover"},
        **plain_fields(version.conditions),
        "caps": version.caps,
    }


def approved_series(project: Project, **narrow: Any) -> list[Series]:
    """Return the project's plans with their approved versions; `narrow`: of plans with these fields only."""
    versions = (
        PlanVersion.objects.filter(plan__project=project, state=PlanState.APPROVED)
        .filter(**{f"plan__{name}": value for name, value in narrow.items()})
        .select_related("plan__agency")
        .order_by("plan_id", "number")
    )
    grades = _grades({version.plan.agency_id for version in versions if version.conditions})
    series = []
    for plan, found in groupby(versions, key=lambda version: version.plan):
        onsite = plan.agency.is_onsite
        series.append(
            Series(
                id=str(plan.pk),
                agency_id=str(plan.agency_id),
                onsite=onsite,
                payee=Payee(plan.payee),
                applies_to=AppliesTo(plan.applies_to),
                versions=tuple(
                    read_version(
                        version_fields(version),
                        version_id=str(version.pk),
                        series_id=str(plan.pk),
                        currency=project.currency,
                        onsite=onsite,
                    )
                    for version in found
                ),
                grades=grades.get(plan.agency_id, ()),
            )
        )
    return series


def tried_series(fields: Mapping[str, Any], *, project: Project, agency: Agency, key: str) -> Series:
    """Return a plan that nobody approved as the engine takes it: its rules as one version, in force on all days.

    Raises: InvalidPlan.
    """
    rules = read_version(
        {**fields, "from": None, "to": None},
        version_id=key,
        series_id=key,
        currency=project.currency,
        onsite=agency.is_onsite,
    )
    grades = _grades({agency.pk}).get(agency.pk, ()) if rules.conditions.agency_grade else ()
    return Series(key, str(agency.pk), agency.is_onsite, rules.payee, rules.applies_to, (rules,), grades)


def _grades(agencies: set[UUID]) -> dict[UUID, tuple[GradeFact, ...]]:
    """Return the history of grades of agencies whose plans ask for them."""
    found: dict[UUID, tuple[GradeFact, ...]] = {}
    if agencies:
        held = HeldGrade.objects.filter(agency__in=agencies).select_related("grade").order_by("from_on", "pk")
        for one in held:
            fact = GradeFact(one.from_on, one.grade.code if one.grade else "")
            found[one.agency_id] = (*found.get(one.agency_id, ()), fact)
    return found
