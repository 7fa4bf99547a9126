"""Simulation: what another plan would cost over a project's real deals, or over a sales curve, as a job; nothing of the
ledger is touched.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import partial
from tempfile import TemporaryFile
from typing import Any
from uuid import UUID

from django.core.files import File
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from brokers.models import Agency, Broker
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.jobs.kinds import name_kind
from channels_platform.jobs.models import Job
from channels_platform.jobs.services import create_job, job_at_work, report_progress
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid
from channels_platform.lib.money import NotAnAmount, from_minor, to_minor
from commissions.engine.plans import InvalidPlan, validate_plan
from commissions.engine.simulate import MADE_UP, Simulation, next_month
from commissions.engine.types import Method, Milestone, Payee, PayeeKey
from commissions.exports.simulation import write_simulation
from commissions.models import PlanVersion
from commissions.plan_facts import version_fields
from commissions.simulating import Asked, simulated
from projects.models import Project
from projects.selectors import visible_projects

KIND, _TASK = "plan-simulation", "commissions.tasks.simulate_plan"
MOST_MONTHS, MOST_UNITS = 36, 1_000
# More payees than so many stand in the file only.
SHOWN = 100


def _is_readable(job: Any, starter: Any) -> bool:
    return starter.can(Can.DRAFT_PLAN) and visible_projects(starter).filter(pk=job.arguments["project"]).exists()


name_kind(KIND, gettext_lazy("What a plan would cost"), readable=_is_readable)


@transactional
def start_simulation(
    *,
    actor: Any,
    project: Project,
    agency: Agency,
    rules: Mapping[str, Any] | None = None,
    version: PlanVersion | None = None,
    other: PlanVersion | None = None,
    first: date,
    last: date,
    curve: Mapping[str, Any] | None = None,
) -> Job:
    """Have a worker try a plan - a version's rules, or `rules` as engine.plans reads them - in the active language.

    `other`: a second version to compare. `first`, `last`: days of the first and the last month, both included.
    `curve`: made-up sales instead of the project's own, beginning in the first month: `units` by month, `price`, and
    `methods` as parts of 1 (a Fraction, or text).
    Raises: Forbidden, also `beyond_reach`; InvalidPlan; Invalid `span_reversed`, or as `_curve`, by field.
    Writes: Job, OutboxMessage, audit event `plan.simulated`; nothing else, now or later.
    """
    require_person(actor, Can.DRAFT_PLAN)
    if not visible_projects(actor).filter(pk=project.pk).exists():
        raise Forbidden("the project is not yours", code="beyond_reach")
    tries: list[dict[str, Any]] = [
        _stored(version) if version is not None else {"version": None, "rules": dict(rules or {})}
    ]
    tries += [_stored(other)] if other is not None else []
    for one in tries:
        faults = validate_plan(one["rules"], currency=project.currency, onsite=agency.is_onsite)
        if faults:
            raise InvalidPlan(faults)
    _refuse_span(first, last)
    record(
        "plan.simulated",
        actor=actor,
        target=version or project,
        project=project,
        agency=agency,
        after={"first": f"{first:%Y-%m}", "last": f"{last:%Y-%m}", "made_up": curve is not None},
    )
    arguments = {
        "project": str(project.pk),
        "agency": str(agency.pk),
        "tries": tries,
        "first": f"{first:%Y-%m}",
        "last": f"{last:%Y-%m}",
        "curve": None if curve is None else _curve(curve, first, project.currency),
        "language": get_language(),
    }
    return create_job(kind=KIND, task=_TASK, starter=actor, arguments=arguments)


def _stored(version: PlanVersion) -> dict[str, Any]:
    return {"version": str(version.pk), "number": version.number, "rules": version_fields(version)}


def _refuse_span(first: date, last: date) -> None:
    if (last.year, last.month) < (first.year, first.month):
        raise Invalid("the last month is before the first", code="span_reversed", field="last")
    if (last.year - first.year) * 12 + last.month - first.month >= MOST_MONTHS:
        raise Invalid("too many months", code="out_of_range", field="last")


def _curve(curve: Mapping[str, Any], first: date, currency: str) -> dict[str, Any]:
    """Return made-up sales as they are kept.

    Raises: Invalid `out_of_range`, `invalid_amount`, `must_sum_to_one`, by field.
    """
    units = [int(count) for count in curve["units"]]
    if not 0 < len(units) <= MOST_MONTHS or not any(units) or not all(0 <= count <= MOST_UNITS for count in units):
        raise Invalid("units are out of range", code="out_of_range", field="units")
    price = Decimal(curve["price"])
    try:
        worth = to_minor(price, currency)
    except NotAnAmount as wrong:
        raise Invalid("the currency has fewer digits", code="invalid_amount", field="price") from wrong
    if worth <= 0:
        raise Invalid("the price must be above 0", code="out_of_range", field="price")
    methods = {Method(name).value: Fraction(part) for name, part in curve["methods"].items()}
    if sum(methods.values()) != 1 or min(methods.values()) < 0:
        raise Invalid("the methods must sum to 1", code="must_sum_to_one", field="methods")
    return {
        "first": first.replace(day=1).isoformat(),
        "units": units,
        "price": f"{price:f}",
        "methods": {name: str(part) for name, part in methods.items()},
    }


def last_months(project: Project, count: int = 12) -> tuple[date, date]:
    """Return the first and the last of the project's latest months, the present one being the last."""
    last = clock.local_date(clock.now(), project.zone).replace(day=1)
    months = last.year * 12 + last.month - count
    return date(months // 12, months % 12 + 1, 1), last


def month_after(project: Project) -> date:
    """Return the first day of the project's next month."""
    return next_month(clock.local_date(clock.now(), project.zone))


def run_simulation(*, job_id: UUID) -> None:
    """Lay the deals on the plans, and leave the result with the job: a summary, and a file with every deal.

    Writes: Job with its file and progress.
    Raises: Settled as `job_at_work`.
    """
    with job_at_work(job_id) as job, TemporaryFile() as target, override(job.arguments["language"]):
        asked = Asked.read(job.arguments)
        report_progress(job, done=0, total=max(asked.many(), 1))
        with simulated(asked, partial(_report_progress, job)) as (simulation, deals):
            write_simulation(simulation, deals, target, plans=plan_names(job.arguments), names=payee_names)
        job.report = _report(simulation)
        target.seek(0)
        job.result_file.save("simulation.xlsx", File(target), save=False)
        job.result_url = reverse("admin:commissions_planversion_simulation", args=[job.pk])
        job.done = job.total


def _report_progress(job: Job, done: int) -> None:
    report_progress(job, done=min(done, job.total))


def plan_names(arguments: Mapping[str, Any]) -> list[str]:
    """Return the plans' names in the active language, today's first."""
    tried = [
        _("Version %(number)s") % {"number": one["number"]} if one["version"] else _("As typed")
        for one in arguments["tries"]
    ]
    return [_("Plans of today"), *tried]


def payee_names(keys: Iterable[PayeeKey]) -> dict[PayeeKey, str]:
    """Return who the payees are; a made-up broker has no name."""
    keys = list(keys)
    ids: dict[str, set[str]] = {kind: {str(one) for of, one in keys if of == kind} for kind in Payee}
    found: dict[tuple[str, str], str] = {("broker", MADE_UP): _("A broker")}
    for agency in Agency.objects.filter(pk__in=ids[Payee.AGENCY]):
        found["agency", str(agency.pk)] = agency.name
    for broker in Broker.objects.select_related("user").filter(pk__in=ids[Payee.BROKER] - {MADE_UP}):
        found["broker", str(broker.pk)] = str(broker)
    return {key: found[str(key[0]), str(key[1])] for key in keys}


def _report(simulation: Simulation) -> dict[str, Any]:
    """Return what the page shows, as JSON: figures and ids, nobody's name."""

    def money(figures: Iterable[int]) -> list[str]:
        return [str(from_minor(figure, simulation.currency)) for figure in figures]

    payees = simulation.by_payee()
    reached = sorted({when for tally in simulation.sums for when in tally.due}, key=list(Milestone).index)
    return {
        "units": sum(simulation.units.values()),
        "sales": money([sum(simulation.sales.values())])[0],
        "totals": money(tally.total for tally in simulation.sums),
        "months": [
            [month, units, money([sales])[0], money(costs)] for month, units, sales, costs in simulation.by_month()
        ],
        "payees": [[*map(str, key), money(costs)] for key, costs in payees[:SHOWN]],
        "payees_in_all": len(payees),
        "due": [[when.value, money(tally.due.get(when, 0) for tally in simulation.sums)] for when in reached],
    }
