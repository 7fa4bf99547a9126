"""A simulation's question, read from its job, and the deals it is answered with: a project's own, or made-up ones."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

from brokers.models import Agency
from channels_platform.lib import clock
from commissions.deal_facts import deal_stream
from commissions.engine.simulate import Months, SalesCurve, Simulation, Tried, made_up_deals
from commissions.engine.types import AppliesTo, Conditions, Method, Series
from commissions.plan_facts import approved_series, tried_series
from leads.models import Deal
from projects.models import Project

_REPORT_EVERY = 2_000


@dataclass(frozen=True)
class Asked:
    """One plan of an agency, or two, over a project's deals of some months, or over a sales curve."""

    project: Project
    agency: Agency
    tries: tuple[Mapping[str, Any], ...]
    months: Months
    curve: SalesCurve | None

    @classmethod
    def read(cls, arguments: Mapping[str, Any]) -> "Asked":
        """Read what a job was asked."""
        curve = read_curve(arguments["curve"])
        months = Months(*(date.fromisoformat(f"{arguments[name]}-01") for name in ("first", "last")))
        return cls(
            project=Project.objects.get(pk=arguments["project"]),
            agency=Agency.objects.get(pk=arguments["agency"]),
            tries=tuple(one["rules"] for one in arguments["tries"]),
            months=curve.months if curve else months,
            curve=curve,
        )

    def many(self) -> int:
        """Return how many deals will be read."""
        return sum(self.curve.units) if self.curve else Deal.objects.filter(project=self.project).count()


def read_curve(kept: Mapping[str, Any] | None) -> SalesCurve | None:
    if kept is None:
        return None
    return SalesCurve(
        first=date.fromisoformat(kept["first"]),
        units=tuple(kept["units"]),
        price=Decimal(kept["price"]),
        methods={Method(name): Fraction(part) for name, part in kept["methods"].items()},
    )


@contextmanager
def simulated(asked: Asked, progress: Callable[[int], None]) -> Iterator[tuple[Simulation, Iterator[Tried]]]:
    """Open the deals that count, each with what it costs; once they are read, the simulation has the sums.

    Locks: none; the deals are of one moment. No transaction is held, so that progress is seen.
    """
    project, now = asked.project, clock.now()
    tries = [
        tried_series(rules, project=project, agency=asked.agency, key=f"try-{place}")
        for place, rules in enumerate(asked.tries)
    ]
    prepare = partial(Simulation, months=asked.months, zone=project.zone, currency=project.currency)
    if asked.curve is None:
        simulation = prepare(approved_series(project), tries, as_of=now)
        adds_up = simulation.series if simulation.needs_totals else ()
        opened = deal_stream(project, as_of=now, adds_up=adds_up, units=simulation.needs_units, hold=True)
        with opened as stream:
            for lump in stream.lumps:
                simulation.observe(lump)
            yield simulation, _taken(simulation, stream, progress)
        return
    bare = [_unconditional(one) for one in tries]
    by_walk_in = all(one.applies_to == AppliesTo.WALK_IN for one in tries)
    brought_by = None if by_walk_in else str(asked.agency.pk)
    sold = list(made_up_deals(asked.curve, agency_id=brought_by, zone=project.zone))
    simulation = prepare(_standing(asked, bare), bare, as_of=max(now, sold[-1].subscribed_at))
    for deal in sold:
        simulation.observe_deal(deal)
    yield simulation, _taken(simulation, sold, progress)


def _taken(simulation: Simulation, deals: Iterable[Any], progress: Callable[[int], None]) -> Iterator[Tried]:
    for done, deal in enumerate(deals, start=1):
        taken = simulation.take(deal)
        if taken is not None:
            yield taken
        if done % _REPORT_EVERY == 0:
            progress(done)


def _standing(asked: Asked, tries: Iterable[Series]) -> list[Series]:
    """Return what pays the agency today for such deals, as if it were never to end."""
    today = clock.local_date(clock.now(), asked.project.zone)
    found = []
    for series in approved_series(asked.project, agency=asked.agency):
        version = next((one for one in series.versions if one.is_in_force(today)), None)
        if version is not None and any(one.payee == series.payee for one in tries):
            open_ended = replace(version, from_on=None, to_on=None)
            found.append(_unconditional(replace(series, versions=(open_ended,))))
    return found


def _unconditional(series: Series) -> Series:
    """Made-up homes are such as every plan takes."""
    return replace(series, versions=tuple(replace(one, conditions=Conditions()) for one in series.versions))
