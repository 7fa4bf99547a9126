"""Plans in sentences, in the reader's language."""

from collections.abc import Iterable
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from commissions.engine.explain import band_words, listed
from commissions.engine.types import (
    Band,
    Bonus,
    Measure,
    Method,
    Milestone,
    Mode,
    Period,
    PlanVersion,
    ReleaseStep,
    Scope,
    Tier,
)
from commissions.models import Plan
from commissions.words import ReaderWords

MOMENTS: dict[str, str | Promise] = {
    Milestone.SUBSCRIBED: gettext_lazy("at subscription"),
    Milestone.CONTRACTED: gettext_lazy("when the contract is signed"),
    Milestone.FIRST_PAYMENT: gettext_lazy("when the first payment is collected"),
    Milestone.LOAN_RELEASED: gettext_lazy("when the loan is paid out"),
    Milestone.FULLY_COLLECTED: gettext_lazy("when the full price is collected"),
    Milestone.HANDOVER: gettext_lazy("at handover"),
}
METHODS: dict[str, str | Promise] = {
    Method.LUMP_SUM: gettext_lazy("Lump sum"),
    Method.INSTALMENT: gettext_lazy("Instalments"),
    Method.MORTGAGE: gettext_lazy("Mortgage"),
}


def plan_in_words(plan: PlanVersion) -> list[str]:
    """Return a plan's rules, a sentence each, from what it pays to when it pays.

    Source: domain 6.2-6.5.
    """
    words = ReaderWords()
    sentences = [_span(plan, words), *conditions_in_words(plan, words), _counted(plan).strip(), *_tiers(plan, words)]
    sentences += caps_in_words(plan, words)
    sentences.extend(bonus_in_words(bonus, words) for bonus in plan.bonuses)
    for method, steps in plan.release.items():
        facts = {"method": METHODS[method], "parts": release_in_words(steps, words)}
        sentences.append(gettext("%(method)s: %(parts)s.") % facts)
    if plan.retention_fraction:
        kept = words.percent(plan.retention_fraction)
        sentences.append(gettext("%(part)s of what is released is kept until handover.") % {"part": kept})
    return sentences


def release_in_words(steps: Iterable[ReleaseStep], words: ReaderWords) -> str:
    return "; ".join(f"{words.percent(step.fraction)} {MOMENTS[step.when]}" for step in steps)


def bonus_in_words(bonus: Bonus, words: ReaderWords) -> str:
    return gettext("Bonus “%(name)s” per deal: %(amount)s to %(to)s, released %(moment)s.") % {
        "name": bonus.name,
        "amount": words.money(bonus.amount),
        "to": gettext("the broker") if bonus.to == "broker" else gettext("the agency"),
        "moment": MOMENTS[bonus.release],
    }


def _span(plan: PlanVersion, words: ReaderWords) -> str:
    facts = {
        "payee": gettext("the agency") if plan.payee == "agency" else gettext("the broker in person"),
        "deals": Plan.AppliesTo(str(plan.applies_to)).label,
        "from": words.day(plan.from_on) if plan.from_on else "",
        "to": words.day(plan.to_on) if plan.to_on else "",
    }
    if plan.from_on and plan.to_on:
        template = gettext("Paid to %(payee)s. %(deals)s, subscribed from %(from)s to %(to)s.")
    elif plan.from_on:
        template = gettext("Paid to %(payee)s. %(deals)s, subscribed from %(from)s on.")
    elif plan.to_on:
        template = gettext("Paid to %(payee)s. %(deals)s, subscribed until %(to)s.")
    else:
        template = gettext("Paid to %(payee)s. %(deals)s, whenever subscribed.")
    return template % facts


def conditions_in_words(plan: PlanVersion, words: ReaderWords) -> list[str]:
    """Return what the plan asks of a deal besides its days, a sentence each."""
    asked, said = plan.conditions, []
    if asked.agency_grade:
        grade = gettext(
            "Only while the agency holds grade %(grades)s on the day of subscription; other deals don't count."
        )
        said.append(grade % {"grades": listed(asked.agency_grade, words, either=True)})
    if asked.unit_type:
        kind = gettext("Only for units of type %(types)s; other deals don't count.")
        said.append(kind % {"types": listed(asked.unit_type, words, either=True)})
    if asked.building:
        building = gettext("Only for units in building %(buildings)s; other deals don't count.")
        said.append(building % {"buildings": listed(asked.building, words, either=True)})
    if asked.area is not None:
        area = gettext("Only for units whose area in m² is %(band)s; other deals don't count.")
        said.append(area % {"band": _band(asked.area, words, money=False)})
    if asked.price is not None:
        price = gettext("Only for deals whose price is %(band)s; other deals don't count.")
        said.append(price % {"band": _band(asked.price, words, money=True)})
    return said


def _band(band: Band, words: ReaderWords, *, money: bool) -> str:
    ends = {"from": band.low, "below": band.below}
    kept = {name: f"{value:f}" for name, value in ends.items() if value is not None}
    return band_words(kept, words, money=money)


def caps_in_words(plan: PlanVersion, words: ReaderWords) -> list[str]:
    """Return the most that the plan pays, a sentence each."""
    said = []
    if plan.caps.deal is not None:
        deal = gettext("At most %(amount)s commission for a deal, bonuses aside.")
        said.append(deal % {"amount": words.money(plan.caps.deal)})
    if plan.caps.period is not None:
        period = gettext("At most %(amount)s commission in all, %(period)s; bonuses aside, the earlier contract first.")
        if plan.scope == Scope.BROKER:
            period = gettext(
                "At most %(amount)s commission for each broker's deals, %(period)s; "
                "bonuses aside, the earlier contract first."
            )
        said.append(period % {"amount": words.money(plan.caps.period), "period": _PERIODS[plan.period]})
    return said


_SCOPES: dict[str, str | Promise] = {
    Scope.AGENCY: gettext_lazy("the agency's own deals"),
    Scope.BROKER: gettext_lazy("each broker's own deals"),
    Scope.PROJECT: gettext_lazy("all deals of the project, whichever agency brought them"),
}
_MEASURES: dict[str, str | Promise] = {
    Measure.UNITS: gettext_lazy("by the unit"),
    Measure.AMOUNT: gettext_lazy("by the amount sold"),
}
_PERIODS: dict[str, str | Promise] = {
    Period.MONTH: gettext_lazy("anew each month"),
    Period.QUARTER: gettext_lazy("anew each quarter"),
    Period.YEAR: gettext_lazy("anew each year"),
    Period.PLAN: gettext_lazy("over the whole plan"),
}
_MODES: dict[str, str | Promise] = {
    Mode.MARGINAL: gettext_lazy("Each tier pays its own part."),
    Mode.RETROACTIVE: gettext_lazy("The tier reached pays for all deals of the period."),
}


def _counted(plan: PlanVersion) -> str:
    return gettext("Counted are %(scope)s, %(measure)s, %(period)s. %(mode)s") % {
        "scope": _SCOPES[plan.scope],
        "measure": _MEASURES[plan.measure],
        "period": _PERIODS[plan.period],
        "mode": _MODES[plan.mode] if len(plan.tiers) > 1 else "",
    }


def tier_pay(tier: Tier, words: ReaderWords) -> str:
    if tier.rate is not None:
        return words.percent(tier.rate)
    return gettext("%(amount)s a unit") % {"amount": words.money(tier.amount or Decimal(0))}


def _tiers(plan: PlanVersion, words: ReaderWords) -> list[str]:
    sentences = []
    for place, tier in enumerate(plan.tiers):
        pay = tier_pay(tier, words)
        if len(plan.tiers) == 1:
            sentences.append(gettext("Every deal pays %(pay)s.") % {"pay": pay})
        elif plan.measure == Measure.AMOUNT:
            start = words.number(tier.start)
            sentences.append(gettext("From %(start)s of sales: %(pay)s.") % {"start": start, "pay": pay})
        elif plan.mode == Mode.RETROACTIVE and place:
            start = words.number(tier.start)
            sentences.append(gettext("From %(start)s units: %(pay)s for all.") % {"start": start, "pay": pay})
        else:
            # Tier 20 begins behind the twentieth unit: people say the twenty-first.
            start = words.number(tier.start + 1)
            sentences.append(gettext("From unit %(start)s: %(pay)s.") % {"start": start, "pay": pay})
    return sentences
