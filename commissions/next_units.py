"""What the next units would trigger, project by project: the engine's outlook over the lines as last written."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from uuid import UUID

from django.db.models import Q, QuerySet

from brokers.models import Agency, Broker
from channels_platform.lib import clock
from channels_platform.lib.money import parse_decimal, to_minor
from commissions.deal_facts import deal_lumps
from commissions.engine.next_units import Outlook, Sold, observed, outlooks
from commissions.engine.types import COMMISSION, Mode, Series
from commissions.models import Accrual, PlanVersion
from commissions.plan_facts import approved_series
from commissions.states import PlanState
from projects.models import Project


@dataclass(frozen=True)
class Triggered:
    """One plan's outlook, with whose it is."""

    project: Project
    agency: Agency
    broker: Broker | None
    version: PlanVersion
    outlook: Outlook


def triggered(projects: Iterable[Project], *, agency: Agency | None = None) -> list[Triggered]:
    """Return what more units would trigger under each retroactive plan in force today; the dearest first."""
    found: list[Triggered] = []
    for project in projects:
        today = clock.local_date(clock.now(), project.zone)
        if _retroactive(project, today, agency).exists():
            found += _of_project(project, today, agency)
    return sorted(found, key=lambda one: (-max(reach.extra for reach in one.outlook.reaches), one.version.pk))


def _retroactive(project: Project, day: date, agency: Agency | None) -> QuerySet[PlanVersion]:
    versions = PlanVersion.objects.filter(
        Q(from_on__isnull=True) | Q(from_on__lte=day),
        Q(to_on__isnull=True) | Q(to_on__gte=day),
        plan__project=project,
        state=PlanState.APPROVED,
        mode=Mode.RETROACTIVE,
    )
    return versions if agency is None else versions.filter(plan__agency=agency)


def _of_project(project: Project, today: date, agency: Agency | None) -> list[Triggered]:
    asked = {str(plan) for plan in _retroactive(project, today, agency).values_list("plan_id", flat=True)}
    series = [one for one in approved_series(project) if one.id in asked]
    lumps = deal_lumps(project, as_of=clock.now(), adds_up=series)
    found = [
        outlook
        for track in observed(series, lumps, currency=project.currency)
        for outlook in outlooks(track, _sold(project, track.series), on=today)
    ]
    versions = PlanVersion.objects.select_related("plan__agency").in_bulk({UUID(str(one.version_id)) for one in found})
    filers = {UUID(str(one.broker_id)) for one in found if one.broker_id is not None}
    brokers = {str(key): one for key, one in Broker.objects.select_related("user").in_bulk(filers).items()}
    return [
        Triggered(
            project=project,
            agency=(version := versions[UUID(str(one.version_id))]).plan.agency,
            broker=brokers.get(str(one.broker_id)),
            version=version,
            outlook=one,
        )
        for one in found
    ]


def _sold(project: Project, series: Series) -> Iterable[Sold]:
    """Read the shares that the plan has rated, as they were last written down."""
    rows = Accrual.objects.filter(
        project=project, kind=COMMISSION, version__plan=UUID(str(series.id)), explanation__has_key="total"
    ).values_list(
        "version_id", "explanation__period", "referral__broker_id", "explanation__price", "explanation__share"
    )
    for version, period, broker, price, share in rows.iterator(chunk_size=2_000):
        filer = None if broker is None else str(broker)
        yield Sold(str(version), period, filer, to_minor(parse_decimal(price), project.currency), Fraction(share))
