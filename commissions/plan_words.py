"""Plans in sentences, in the reader's language."""

from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from commissions.engine.types import (
    Basis,
    Bonus,
    Measure,
    Method,
    Milestone,
    Mode,
    PlanVersion,
)
from commissions.models import Plan
from commissions.models import PlanVersion as PlanVersionRow
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
    sentences = [_span(plan, words), _counted(plan), *_tiers(plan, words)]
    sentences.extend(_bonus(bonus, words) for bonus in plan.bonuses)
    for method, steps in plan.release.items():
        parts = "; ".join(f"{words.percent(step.fraction)} {MOMENTS[step.when]}" for step in steps)
        sentences.append(gettext("%(method)s: %(parts)s.") % {"method": METHODS[method], "parts": parts})
    if plan.retention_fraction:
        kept = words.percent(plan.retention_fraction)
        sentences.append(gettext("%(part)s of what is released is kept until handover.") % {"part": kept})
    return sentences


def _bonus(bonus: Bonus, words: ReaderWords) -> str:
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


def _counted(plan: PlanVersion) -> str:
    return gettext("Counted: %(scope)s, in %(measure)s, per %(period)s. %(mode)s.") % {
        "scope": PlanVersionRow.Scope(str(plan.scope)).label,
        "measure": PlanVersionRow.Measure(str(plan.measure)).label,
        "period": PlanVersionRow.Period(str(plan.period)).label,
        "mode": PlanVersionRow.Mode(str(plan.mode)).label,
    }


def _tiers(plan: PlanVersion, words: ReaderWords) -> list[str]:
    sentences = []
    for place, tier in enumerate(plan.tiers):
        pay = words.percent(tier.rate) if tier.rate is not None else ""
        if plan.basis == Basis.FIXED:
            pay = gettext("%(amount)s a unit") % {"amount": words.money(tier.amount or Decimal(0))}
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
