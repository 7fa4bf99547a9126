"""What is wrong or odd about a sound plan among the others: found before anybody approves it.

An error bars the approval; a warning asks for a reason, which is kept with it. Findings hold what JSON holds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from channels_platform.lib.money import exact_text
from commissions.engine.conditions import unmet_by_deal
from commissions.engine.terms import PlanTerm, overlaps
from commissions.engine.types import Basis, Id, Measure, Method, Milestone, PlanVersion, Tier, UnitFact

# with fewer units on record the list is taken to be still incomplete: no tier is called out of reach by it
STOCK_TO_JUDGE_BY = 50


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found; `field` is a path of engine.plans, `facts` what its sentence names."""

    code: str
    severity: Severity
    field: str
    facts: dict[str, Any]

    def as_kept(self) -> dict[str, Any]:
        return {"code": self.code, "severity": self.severity.value, "field": self.field, **self.facts}


@dataclass(frozen=True, slots=True)
class OtherVersion:
    """An approved version beside the one looked at; `same_series`: of the same plan."""

    id: Id
    name: str
    term: PlanTerm
    same_series: bool


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is to sell: a home and its list price."""

    unit: UnitFact
    price: Decimal


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a plan stands among.

    Shape:  `agreements` are the approved ones' days (None: open, or renewed by itself); `stock` is empty where the
            project's units are not recorded.
    Units:  `ceiling` a fraction of the price; prices in the project's currency.
    """

    agency_id: Id
    others: Sequence[OtherVersion] = ()
    agreements: Sequence[tuple[date, date | None]] = ()
    stock: Sequence[Stock] = ()
    ceiling: Fraction | None = None


def lint(version: PlanVersion, among: Surroundings) -> list[Finding]:
    """Return what is found, errors first, each group in the order of the fields.

    Source: rules-chosen, checks of a plan.
    """
    found = [
        *_neighbours(version, among),
        *_days(version, among),
        *_tiers(version, among),
        *_release(version),
        *_bonuses(version),
        *_conditions(version, among),
    ]
    return sorted(found, key=lambda finding: finding.severity != Severity.ERROR)


def _error(code: str, path: str, **facts: Any) -> Finding:
    return Finding(code, Severity.ERROR, path, facts)


def _warning(code: str, path: str, **facts: Any) -> Finding:
    return Finding(code, Severity.WARNING, path, facts)


def _neighbours(version: PlanVersion, among: Surroundings) -> Iterator[Finding]:
    """Versions in the same days, and days between this plan's versions that none covers."""
    mine = PlanTerm(among.agency_id, version.payee, version.applies_to, version.from_on, version.to_on)
    for other in among.others:
        if overlaps(mine, other.term):
            yield _error("overlap", "from", other=other.name)
    series = [other.term for other in among.others if other.same_series]
    before = [term.to_on for term in series if term.to_on and version.from_on and term.to_on < version.from_on]
    behind = [term.from_on for term in series if term.from_on and version.to_on and term.from_on > version.to_on]
    # the open version before this one reaches it: that is an overlap, no gap
    if before and version.from_on and max(before) + timedelta(days=1) < version.from_on:
        yield _gap("from", max(before), version.from_on)
    if behind and version.to_on and version.to_on + timedelta(days=1) < min(behind):
        yield _gap("to", version.to_on, min(behind))


def _gap(path: str, last: date, first: date) -> Finding:
    begin, end = last + timedelta(days=1), first - timedelta(days=1)
    return _warning("gap", path, begin=begin.isoformat(), end=end.isoformat())


def _days(version: PlanVersion, among: Surroundings) -> Iterator[Finding]:
    """Whether an agreement lasts as long as the plan."""
    if not among.agreements:
        yield _warning("no_agreement", "to")
        return
    if any(end is None for _, end in among.agreements):
        return
    last = max(end for _, end in among.agreements if end is not None)
    if version.to_on is None or version.to_on > last:
        yield _warning("agreement_ends", "to", on=last.isoformat())


def _tiers(version: PlanVersion, among: Surroundings) -> Iterator[Finding]:
    sold = [stock for stock in among.stock if _met(version, stock)]
    reach = (
        Fraction(len(sold)) if version.measure == Measure.UNITS else sum((Fraction(s.price) for s in sold), Fraction(0))
    )
    for place, tier in enumerate(version.tiers):
        yield from _ceiling(version, tier, place, among.ceiling, sold)
        # a retroactive tier is reached by the total, a marginal one by what comes behind it
        beyond = tier.start > reach or (tier.start == reach and version.mode == "marginal")
        if place and beyond and len(among.stock) >= STOCK_TO_JUDGE_BY:
            yield _warning(
                "unreachable_tier", f"tiers.{place}.from", start=exact_text(tier.start), most=exact_text(reach)
            )
        if place and _pay(tier) == _pay(version.tiers[place - 1]):
            yield _warning("idle_tier", f"tiers.{place}.from", start=exact_text(tier.start))
        elif place and _pay(tier) < _pay(version.tiers[place - 1]):
            yield _warning("falling_tier", f"tiers.{place}.from", start=exact_text(tier.start))


def _pay(tier: Tier) -> Fraction:
    return tier.rate if tier.rate is not None else Fraction(tier.amount or 0)


def _ceiling(
    version: PlanVersion, tier: Tier, place: int, ceiling: Fraction | None, sold: Sequence[Stock]
) -> Iterator[Finding]:
    if ceiling is None:
        return
    most = exact_text(ceiling)
    if tier.rate is not None and tier.rate > ceiling:
        yield _error("over_ceiling", f"tiers.{place}.rate", rate=exact_text(tier.rate), ceiling=most)
    if version.basis == Basis.FIXED and sold and tier.amount is not None:
        cheapest = min(stock.price for stock in sold)
        if Fraction(tier.amount) > ceiling * Fraction(cheapest):
            path = f"tiers.{place}.amount"
            yield _error("amount_over_ceiling", path, amount=f"{tier.amount:f}", price=f"{cheapest:f}", ceiling=most)


def _release(version: PlanVersion) -> Iterator[Finding]:
    """Parts that would stay pending for ever."""
    for method, steps in version.release.items():
        path = f"release.{Method(method).value}"
        if sum((step.fraction for step in steps), Fraction(0)) != 1:
            yield _error("release_incomplete", path, method=Method(method).value)
        for step in steps:
            if not _can_happen(step.when, method):
                part = exact_text(step.fraction)
                yield _error("never_released", path, method=Method(method).value, when=step.when.value, part=part)


def _can_happen(when: Milestone, method: Method) -> bool:
    return when != Milestone.LOAN_RELEASED or method == Method.MORTGAGE


def _bonuses(version: PlanVersion) -> Iterator[Finding]:
    for place, bonus in enumerate(version.bonuses):
        if bonus.release == Milestone.SUBSCRIBED:
            yield _warning("bonus_before_contract", f"bonuses.{place}.release", name=bonus.name)
        elif bonus.release == Milestone.LOAN_RELEASED:
            yield _warning("bonus_only_mortgage", f"bonuses.{place}.release", name=bonus.name)


def _conditions(version: PlanVersion, among: Surroundings) -> Iterator[Finding]:
    asked = version.conditions
    if asked.of_deal and among.stock and not any(_met(version, stock) for stock in among.stock):
        yield _warning("no_unit_meets", "conditions", units=len(among.stock))


def _met(version: PlanVersion, stock: Stock) -> bool:
    return unmet_by_deal(version.conditions, unit=stock.unit, price=stock.price) is None
