"""What if: a project's real history judged anew under other rules, as a job; nothing of the history is touched."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from functools import partial
from io import TextIOWrapper
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Any, cast
from uuid import UUID

from django.core.files.base import File
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from brokers.models import Agency
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.jobs.kinds import name_kind
from channels_platform.jobs.models import Job
from channels_platform.jobs.services import create_job, job_at_work, report_progress
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid
from channels_platform.lib.money import round_half_up
from channels_platform.lib.spreadsheets import BOM, kept_text
from leads.services.judging import rules_of
from leads.whatif.compare import Comparer, Comparison, DealChange, Outcome, ReferralChange
from leads.whatif.facts import count_history, read_history, whole_knots
from leads.whatif.told import outcome_words, shares_words, why
from projects.models import Policy, Project
from projects.selectors import current_policy, visible_projects
from projects.services.projects import policy_faults

KIND = "what-if"
_TASK = "leads.tasks.judge_anew"
# How a phone was filed is a fact; how long an outcome may be contested changes none.
FIXED = ("phone_mode", "dispute_days")
RULES = tuple(name for name in Policy.RULES if name not in FIXED)
# More than so many stand in the file only.
SHOWN = 200


@dataclass(slots=True)
class _Told:
    """What the page tells: sums over all, and of what changes the first `SHOWN`."""

    filings: int = 0
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    by_agency: dict[str, Fraction] = field(default_factory=dict)
    moved: Fraction = Fraction(0)
    referrals_changed: int = 0
    deals_changed: int = 0
    referrals: list[ReferralChange] = field(default_factory=list)
    deals: list[DealChange] = field(default_factory=list)

    def add(self, part: Comparison) -> None:
        self.filings += part.filings
        self.before.update(part.before)
        self.after.update(part.after)
        self.kept.update(part.kept)
        self.referrals_changed += len(part.referrals)
        self.deals_changed += len(part.deals)
        self.referrals += part.referrals[: SHOWN - len(self.referrals)]
        self.deals += part.deals[: SHOWN - len(self.deals)]
        for deal in part.deals:
            self.moved += deal.moved
            for agency, amount in deal.by_agency.items():
                self.by_agency[agency] = self.by_agency.get(agency, Fraction(0)) + amount


name_kind(
    KIND,
    gettext_lazy("What if: other rules"),
    readable=lambda job, starter: visible_projects(starter).filter(pk=job.arguments["project"]).exists(),
)


@transactional
def start_what_if(
    *, actor: Any, project: Project, rules: dict[str, Any], first: date | None = None, last: date | None = None
) -> Job:
    """Have a worker judge anew what was filed from `first` to `last` (both included, local), in the active language.

    `rules` that are left out are those in force.
    Raises: Forbidden, also `beyond_reach`; Invalid `span_reversed`, `bad_policy` by field; Refused `no_policy`.
    Writes: Job, OutboxMessage, audit event `whatif.ran`; nothing else, now or later.
    """
    require_person(actor, Can.DECIDE_DISPUTE)
    if not visible_projects(actor).filter(pk=project.pk).exists():
        raise Forbidden("the project is not yours", code="beyond_reach")
    if first is not None and last is not None and last < first:
        raise Invalid("the last day is before the first", code="span_reversed", field="last")
    policy = current_policy(project)
    in_force = {name: getattr(policy, name) for name in Policy.RULES}
    faults = {name: "unknown_field" for name in rules if name not in RULES} or policy_faults(in_force | rules)
    if "phone_mode" in faults and "phone_mode" not in rules:
        faults["exclusive_from"] = faults.pop("phone_mode")
    if faults:
        raise Invalid("the rules cannot be", code="bad_policy", field=next(iter(faults)), faults=faults)
    changed = {name: [in_force[name], rules[name]] for name in RULES if name in rules and rules[name] != in_force[name]}
    period = {"first": first and first.isoformat(), "last": last and last.isoformat()}
    record(
        "whatif.ran",
        actor=actor,
        target=project,
        project=project,
        after={
            **period,
            "version": policy.version,
            "rules": {name: becomes for name, (_was, becomes) in changed.items()},
        },
    )
    arguments = {
        **period,
        "project": str(project.pk),
        "policy": str(policy.pk),
        "rules": changed,
        "language": get_language(),
    }
    return create_job(kind=KIND, task=_TASK, starter=actor, arguments=arguments)


def run_what_if(*, job_id: UUID) -> None:
    """Read the history, compare, and leave the result with the job: a summary, and a file of all that changes.

    Writes: Job with its file and progress.
    Raises: Settled as `job_at_work`.
    """
    with job_at_work(job_id) as job, _scratch() as file, _scratch() as deals:
        asked = job.arguments
        project = Project.objects.get(pk=asked["project"])
        names = {str(key): name for key, name in Agency.objects.values_list("pk", "name")}
        file.write(BOM)
        with override(asked["language"]):
            job.report = _report(_told(_compare(job, project), file, deals, project, names), project, names)
        deals.seek(0)
        copyfileobj(deals, file)
        file.seek(0)
        job.result_file.save("what-if.csv", File(cast(IO[bytes], file.buffer)), save=False)
        job.result_url = reverse("admin:leads_referral_what_if", args=[job.pk])
        job.done = job.total


def _scratch() -> TextIOWrapper:
    """Open a file that is gone when it is closed: what changes may be more than memory should hold."""
    return TemporaryFile("w+", encoding="utf-8", newline="")


def _compare(job: Job, project: Project) -> Iterator[Comparison]:
    """Yield what comes of one part of the history after the other, and write down how far it is."""
    asked = job.arguments
    rules = {str(one.pk): rules_of(one, project) for one in Policy.objects.filter(project=project)}
    changes = {name: becomes for name, (_was, becomes) in asked["rules"].items()}
    compare = partial(
        Comparer,
        rules=rules,
        other=replace(rules[asked["policy"]], **changes),
        first=date.fromisoformat(asked["first"]) if asked["first"] else None,
        last=date.fromisoformat(asked["last"]) if asked["last"] else None,
        now=clock.now(),
    )
    total, done = max(count_history(project.pk), 1), 0
    report_progress(job, done=0, total=total)
    for facts in whole_knots(read_history(project.pk, project.zone)):
        comparer = compare()
        comparer.take(facts)
        yield comparer.result()
        done += len(facts)
        report_progress(job, done=min(done, total))


def _told(
    parts: Iterator[Comparison], file: IO[str], deals: IO[str], project: Project, agencies: dict[str, str]
) -> _Told:
    """Write all that changes into the files - a row for each filing, and one for each agency that gains or loses by a
    deal - and return what is told beside them.
    """
    of_referrals, of_deals = csv.writer(file), csv.writer(deals)
    of_referrals.writerow(
        [_("Number"), _("Agency"), _("On record"), _("By these rules"), _("Why"), _("Price × share, gained or lost")]
    )
    told = _Told()
    for part in parts:
        told.add(part)
        for one in part.referrals:
            before, after = outcome_words(one.before.code), outcome_words(one.after.code)
            cells = [one.number, agencies.get(one.agency, ""), before, after, why(one.after)]
            of_referrals.writerow([*map(kept_text, cells), ""])
        for deal in part.deals:
            for agency, amount in _by_agency(deal, agencies):
                cells = [deal.number, agency, shares_words(_parts(deal.before)), shares_words(_parts(deal.after)), ""]
                of_deals.writerow([*map(kept_text, cells), _money(amount, project)])
    return told


def _report(told: _Told, project: Project, agencies: dict[str, str]) -> dict[str, Any]:
    """Return what the page shows, as JSON: numbers, names of agencies and figures, nothing of clients."""
    gained = [(agencies.get(key, ""), amount) for key, amount in told.by_agency.items() if amount]
    return {
        "filings": told.filings,
        "before": dict(told.before),
        "after": dict(told.after),
        "kept": dict(told.kept),
        "moved": _money(told.moved, project),
        "agencies": sorted([name, _money(amount, project)] for name, amount in gained),
        "referrals_changed": told.referrals_changed,
        "deals_changed": told.deals_changed,
        "referrals": [
            [one.number, agencies.get(one.agency, ""), _kept(one.before), _kept(one.after), one.referral]
            for one in told.referrals
        ],
        "deals": [
            [one.number, _parts(one.before), _parts(one.after), _money(Fraction(one.price), project),
             _money(one.moved, project), one.deal]
            for one in told.deals
        ],
    }  # fmt: skip


def _kept(outcome: Outcome) -> list[str]:
    return [outcome.state, outcome.reason, outcome.because, outcome.by, outcome.turned_away]


def _parts(parts: dict[str, Fraction]) -> dict[str, str]:
    return {number: str(part) for number, part in parts.items()}


def _money(amount: Fraction, project: Project) -> str:
    return str(round_half_up(amount, project.currency))


def _by_agency(deal: DealChange, agencies: dict[str, str]) -> list[tuple[str, Fraction]]:
    return sorted((agencies.get(key, ""), amount) for key, amount in deal.by_agency.items()) or [("", Fraction(0))]
