"""A plan version among what it stands among: its checks (engine.lint), and their findings in words."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from brokers.models import Agency, Agreement
from brokers.states import AgreementState
from channels_platform.lib import clock
from channels_platform.lib.money import parse_decimal, parse_fraction
from commissions.engine.lint import Finding, OtherVersion, Severity, Stock, Surroundings, lint
from commissions.engine.plans import read_version
from commissions.engine.terms import PlanTerm
from commissions.engine.types import PlanVersion as Rules
from commissions.engine.types import UnitFact
from commissions.models import PlanVersion
from commissions.plan_facts import version_fields
from commissions.plan_words import METHODS, MOMENTS
from commissions.states import PlanState
from commissions.words import ReaderWords
from projects.models import Project, Unit

_WORDS: dict[str, str | Promise] = {
    "overlap": _("Its days overlap those of %(other)s, which could apply to the same deals."),
    "gap": _("No version of this plan covers %(begin)s to %(end)s: deals subscribed then earn nothing."),
    "no_agreement": _("The agency has no agreement for this project."),
    "agreement_ends": _("The agency's agreement ends on %(on)s, before the plan does."),
    "over_ceiling": _("A tier pays %(rate)s; the project's ceiling is %(ceiling)s."),
    "amount_over_ceiling": _(
        "A tier pays %(amount)s a unit: more than %(ceiling)s of the cheapest unit's price, %(price)s."
    ),
    "unreachable_tier": _("The tier from %(start)s is never reached: the project's units come to %(most)s."),
    "idle_tier": _("The tier from %(start)s pays the same as the one before."),
    "falling_tier": _("The tier from %(start)s pays less than the one before."),
    "release_incomplete": _("%(method)s: what is released does not come to 100 %%."),
    "never_released": _("%(method)s: %(part)s would never be released, as there is no loan (%(when)s)."),
    "bonus_before_contract": _("The bonus “%(name)s” is paid at subscription, before the contract is signed."),
    "bonus_only_mortgage": _("The bonus “%(name)s” is paid for mortgages only: others have no loan to be paid out."),
    "no_unit_meets": _("None of the project's %(units)s units meets the conditions."),
}


def rules_of(version: PlanVersion) -> Rules:
    """Return a stored version as the engine takes it."""
    plan = version.plan
    return read_version(
        version_fields(version),
        version_id=version.pk,
        series_id=plan.pk,
        currency=plan.project.currency,
        onsite=plan.agency.is_onsite,
    )


def findings_of(version: PlanVersion) -> list[Finding]:
    """Return what the checks find in a stored version, as things stand."""
    plan = version.plan
    return check_plan(rules_of(version), project=plan.project, agency=plan.agency, leave_out=version)


def check_plan(
    rules: Rules, *, project: Project, agency: Agency, leave_out: PlanVersion | None = None
) -> list[Finding]:
    """Return what the checks find in rules that somebody means to draft for an agency."""
    return lint(rules, _surroundings(rules, project, agency, leave_out))


def _surroundings(rules: Rules, project: Project, agency: Agency, leave_out: PlanVersion | None) -> Surroundings:
    versions = PlanVersion.objects.filter(
        plan__project=project, plan__agency=agency, state=PlanState.APPROVED
    ).select_related("plan__agency", "plan__project")
    if leave_out is not None:
        versions = versions.exclude(pk=leave_out.pk)
    others = [
        OtherVersion(
            id=one.pk,
            name=str(one),
            term=PlanTerm(agency.pk, one.plan.payee, one.plan.applies_to, one.from_on, one.to_on),
            same_series=(one.plan.payee, one.plan.applies_to) == (rules.payee, rules.applies_to),
        )
        for one in versions.order_by("number")
    ]
    agreed = Agreement.objects.filter(project=project, agency=agency).exclude(state=AgreementState.DRAFT)
    ceiling = project.commission_ceiling
    return Surroundings(
        agency_id=agency.pk,
        others=others,
        agreements=[(one.from_on, _last_day(one, project)) for one in agreed],
        stock=_stock(project),
        ceiling=None if ceiling is None else Fraction(ceiling) / 100,
    )


def _last_day(agreement: Agreement, project: Project) -> date | None:
    if agreement.ended_at is not None:
        return clock.local_date(agreement.ended_at, project.zone)
    return None if agreement.auto_renew else agreement.to_on


def _stock(project: Project) -> list[Stock]:
    units = Unit.objects.filter(project=project).order_by()
    return [
        Stock(UnitFact(unit_type, building, area), price)
        for unit_type, building, area, price in units.values_list("unit_type", "building", "area", "list_price")
    ]


def finding_words(finding: Finding | Mapping[str, Any]) -> str:
    """Return a finding's sentence in the reader's language; also of one as it was kept."""
    kept = finding.as_kept() if isinstance(finding, Finding) else finding
    words = ReaderWords()
    facts = {name: _fact(name, str(value), words) for name, value in kept.items()}
    return str(_WORDS[kept["code"]]) % facts


def _fact(name: str, value: str, words: ReaderWords) -> str:
    if name in ("begin", "end", "on"):
        return words.day(date.fromisoformat(value))
    if name in ("rate", "ceiling", "part"):
        return words.percent(parse_fraction(value))
    if name in ("amount", "price"):
        return words.money(parse_decimal(value))
    if name in ("start", "most"):
        number = parse_fraction(value)
        return words.money(Decimal(int(number))) if number >= 1000 and number.denominator == 1 else words.number(number)
    return str(METHODS.get(value) or MOMENTS.get(value) or value) if name in ("method", "when") else value


def is_error(finding: Finding) -> bool:
    return finding.severity == Severity.ERROR
