"""Two versions of a plan against each other: field by field in words, their tiers side by side."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from commissions.engine.types import Measure, Method, PlanVersion
from commissions.models import Plan
from commissions.models import PlanVersion as Stored
from commissions.plan_words import (
    METHODS,
    bonus_in_words,
    caps_in_words,
    conditions_in_words,
    release_in_words,
    tier_pay,
)
from commissions.words import ReaderWords

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that the two versions have otherwise."""

    name: str
    before: str
    after: str


def differences(before: PlanVersion, after: PlanVersion) -> list[Difference]:
    """Return what is another in the second version, in the order of the form; tiers are for `tiers_beside`."""
    words = ReaderWords()
    mine, theirs = _fields(before, words), _fields(after, words)
    return [Difference(name, mine[name], theirs[name]) for name in mine if mine[name] != theirs[name]]


def _fields(plan: PlanVersion, words: ReaderWords) -> dict[str, str]:
    kept = plan.retention_fraction
    return {
        _("Paid to"): str(Plan.PayeeKind(str(plan.payee)).label),
        _("Applies to"): str(Plan.AppliesTo(str(plan.applies_to)).label),
        _("From"): words.day(plan.from_on) if plan.from_on else NOTHING,
        _("To"): words.day(plan.to_on) if plan.to_on else NOTHING,
        _("Basis"): str(Stored.Basis(str(plan.basis)).label),
        _("Measured in"): str(Stored.Measure(str(plan.measure)).label),
        _("Counted per"): str(Stored.Period(str(plan.period)).label),
        _("Counts"): str(Stored.Scope(str(plan.scope)).label),
        _("Tier mode"): str(Stored.Mode(str(plan.mode)).label),
        _("Conditions"): _joined(conditions_in_words(plan, words)),
        _("Caps"): _joined(caps_in_words(plan, words)),
        _("Bonuses per deal"): _joined([bonus_in_words(bonus, words) for bonus in plan.bonuses]),
        **{str(METHODS[method]): release_in_words(plan.release[method], words) for method in Method},
        _("Retention"): words.percent(kept) if kept else NOTHING,
    }


def _joined(sentences: list[str]) -> str:
    return " ".join(sentences) or NOTHING


def tiers_beside(before: PlanVersion, after: PlanVersion) -> list[tuple[str, str, str]]:
    """Return where some tier of either begins, with what each version pays from there on.

    Raises: ValueError where one counts units and the other sales: their tiers lie on no common line.
    """
    if before.measure != after.measure:
        raise ValueError("tiers of units and tiers of sales stand apart")
    words = ReaderWords()
    starts = sorted({tier.start for plan in (before, after) for tier in plan.tiers})
    return [(_start(start, words), _pay_at(before, start, words), _pay_at(after, start, words)) for start in starts]


def tiers_alone(plan: PlanVersion) -> list[tuple[str, str]]:
    """Return where each tier begins, and what it pays."""
    words = ReaderWords()
    return [(_start(tier.start, words), tier_pay(tier, words)) for tier in plan.tiers]


def counted_from(plan: PlanVersion, currency: str) -> str:
    """Return the heading of where tiers begin: so many units, or so much of sales."""
    if plan.measure == Measure.AMOUNT:
        return _("From sales of (%(currency)s)") % {"currency": currency}
    return _("From (units)")


def _start(start: Fraction, words: ReaderWords) -> str:
    return words.number(start) if start.denominator != 1 else f"{int(start):,}"


def _pay_at(plan: PlanVersion, start: Fraction, words: ReaderWords) -> str:
    return tier_pay([tier for tier in plan.tiers if tier.start <= start][-1], words)


def previous(version: Stored) -> Any:
    """Return the version before this one of its plan, None for the first."""
    return version.plan.versions.filter(number__lt=version.number).order_by("-number").first()
