"""What belongs to single projects before the first act: homes, agreements, plans."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from brokers.services.agreements import approve_agreement, draft_agreement
from channels_platform.accounts.models import User
from channels_platform.lib import clock
from commissions.demo.cast import Cast, ProjectSpec
from commissions.demo.plans import put_plan_in_force
from commissions.demo.staging import Stage
from projects.models import Phase, Project, Unit
from projects.services.units import create_unit

_TYPES = {
    "78.50": "2室1厅",
    "89.20": "3室1厅",
    "98.60": "3室2厅",
    "108.40": "3室2厅",
    "125.00": "4室2厅",
    "143.80": "4室2厅",
}
PHASES = ("一期 Phase 1", "二期 Phase 2")
HOMES_PER_BUILDING, HOMES_PER_FLOOR = 48, 4


def furnish(
    stage: Stage, cast: Cast, *, codes: Collection[str], rngs: dict[str, Random], start: datetime, deals: dict[str, int]
) -> None:
    """Make the homes of the projects `codes`, and let their agencies in.

    `deals`: how many each project will have, so that there are homes enough.
    Writes: through the services.
    """
    today = clock.local_date(clock.now(), cast.projects[0].zone)
    for spec in cast.projects:
        if spec.code in codes:
            with clock.at(start - timedelta(days=12)):
                _make_homes(stage, spec, rngs[spec.code], count=deals[spec.code] + max(8, deals[spec.code] // 5))
            with clock.at(start - timedelta(days=4)):
                _let_agencies_in(stage, cast, spec, today)


def _make_homes(stage: Stage, spec: ProjectSpec, rng: Random, *, count: int) -> None:
    """Homes come up for sale in no order."""
    manager, project = stage.staff["manager"], stage.projects[spec.code]
    phases: list[str | Phase] = list(PHASES)
    units = []
    for place in range(count):
        which = 0 if place < 2 * HOMES_PER_BUILDING else 1
        unit = _make_home(manager, project, spec, rng, place, phases[which])
        phases[which] = unit.phase or phases[which]
        units.append(unit)
    rng.shuffle(units)
    stage.units[spec.code] = iter(units)


def _make_home(manager: User, project: Project, spec: ProjectSpec, rng: Random, place: int, phase: str | Phase) -> Unit:
    building, in_building = divmod(place, HOMES_PER_BUILDING)
    floor, door = divmod(in_building, HOMES_PER_FLOOR)
    area = rng.choice(tuple(_TYPES))
    price = Decimal(area) * spec.price_per_m2 * (100 + floor) / 100
    return create_unit(
        actor=manager,
        project=project,
        phase=phase,
        building=str(building + 1),
        number=f"{floor + 2}{door + 1:02d}",
        unit_type=_TYPES[area],
        area=Decimal(area),
        list_price=Decimal(int(price // 1000) * 1000),
    )


def _let_agencies_in(stage: Stage, cast: Cast, project: ProjectSpec, today: date) -> None:
    """Agreements, each with its plan."""
    for place, agency in enumerate(cast.agencies):
        for wanted in agency.agreements:
            if wanted.project != project.code or wanted.state == "draft":
                continue
            draft = draft_agreement(
                actor=stage.staff["marketing"],
                agency=stage.agencies[agency.code],
                project=stage.projects[project.code],
                from_on=wanted.from_on,
                to_on=wanted.to_on,
                auto_renew=wanted.auto_renew,
            )
            approve_agreement(actor=stage.staff["manager"], agreement=draft)
            put_plan_in_force(stage, cast, agency, place, wanted, today=today)
