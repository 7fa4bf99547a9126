"""What a plan would pay for the n-th deal at a price: a plan shown in figures before anybody approves it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from channels_platform.lib.money import from_minor, round_half_up, to_minor
from commissions.engine.explain import Words, gettext_noop, period_words
from commissions.engine.layout import Rule, period_label
from commissions.engine.tiers import Slice
from commissions.engine.types import PlanVersion

_PREVIEW = gettext_noop("deal {nth} of {period} at {price}: {pays} = {earned}")
_PREVIEW_CUT = gettext_noop("deal {nth} of {period} at {price}: {pays}, at most {earned}")
_PART = gettext_noop("{rate} of {base}")
_PER_UNIT = gettext_noop("{amount} a unit × {units}")


@dataclass(frozen=True, slots=True)
class PreviewPart:
    """A part of the deal in one tier: `rate` of `base` money, or `amount` for each of `units`."""

    rate: Fraction | None
    amount: Decimal | None
    base: Decimal
    units: Fraction


@dataclass(frozen=True, slots=True)
class Preview:
    """The n-th deal of a period, all of them whole and at one price.

    Shape: `parts` never empty; more than one where the deal straddles tiers.
    """

    nth: int
    period: str
    price: Decimal
    parts: tuple[PreviewPart, ...]
    earned: Decimal
    cut: bool = False


def preview_deal(
    version: PlanVersion, *, nth: int, price: Decimal, currency: str, on: date, onsite: bool = False
) -> Preview:
    """Return what the n-th deal of the period of `on` earns, before sharing, release, bonuses and a period's cap.

    With `retroactive` tiers the period is taken to end with that deal.
    Raises: ValueError unless nth and price are above 0; NotAnAmount as `to_minor`.
    """
    if nth < 1 or price <= 0:
        raise ValueError("the n-th deal and its price must be above 0")
    rule = Rule.of(version, onsite=onsite, currency=currency)
    minor = to_minor(price, currency)
    size = minor if rule.layout.amounts else 1
    if rule.retroactive:
        slices = [Slice(0, size, rule.ladder.tier_at(nth * size))]
    else:
        slices = rule.ladder.slices((nth - 1) * size, size)
    parts = []
    for piece in slices:
        tier, units = version.tiers[piece.tier], Fraction(piece.end - piece.begin) / size
        parts.append(PreviewPart(tier.rate, tier.amount, round_half_up(units * Fraction(price), currency), units))
    earned = from_minor(rule.ladder.earned(slices, rule.base(minor, Fraction(1))), currency)
    most = version.caps.deal
    return Preview(
        nth=nth,
        period=period_label(rule.layout.period, on),
        price=from_minor(minor, currency),
        parts=tuple(parts),
        earned=earned if most is None else min(earned, from_minor(to_minor(most, currency), currency)),
        cut=most is not None and most < earned,
    )


def render_preview(preview: Preview, words: Words) -> str:
    """Return the preview in one line, such as: deal 21 of March 2026 at 1,280,000.00: 6.2 % = 79,360.00"""
    return words.gettext(_PREVIEW_CUT if preview.cut else _PREVIEW).format(
        nth=preview.nth,
        period=period_words(preview.period, words),
        price=words.money(preview.price),
        pays=" + ".join(_part(part, words, alone=len(preview.parts) == 1) for part in preview.parts),
        earned=words.money(preview.earned),
    )


def _part(part: PreviewPart, words: Words, *, alone: bool) -> str:
    if part.amount is not None:
        return words.gettext(_PER_UNIT).format(amount=words.money(part.amount), units=words.number(part.units))
    rate = words.percent(part.rate or Fraction(0))
    return rate if alone else words.gettext(_PART).format(rate=rate, base=words.money(part.base))
