"""Why an earlier deal's commission is another now: what changed between two explanations, and which deal brought it.

Explanations are those of `engine.rows`. A cause is what JSON holds: {"reached": position, "deal": number, "on": date}
where a deal took the period's total over a tier, {"cancelled": number, "on": date} where one that was cancelled made
room.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from channels_platform.lib.money import parse_decimal, parse_fraction
from commissions.engine.explain import Words, gettext_noop, period_words, render
from commissions.engine.types import Measure, Mode

_RERATED = gettext_noop("re-rated from {old} to {new}")
_REACHED = gettext_noop("{what}: {deal}, contracted on {day}, took the total of {period} to the tier from {start}")
_CANCELLED = gettext_noop("{what}: {deal} was cancelled on {day}")
_REPRICED = gettext_noop("price {new} instead of {old}")
_RESHARED = gettext_noop("share {new} instead of {old}")
_NOW = gettext_noop("{what}: {why}")


@dataclass(frozen=True, slots=True)
class Laid:
    """A live deal's share as it lies in its period, to see which one reached a tier."""

    contracted_at: datetime
    number: str
    filed_at: datetime | None
    length: Fraction
    contracted_on: date


def rates(explanation: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the rates or amounts a unit that a commission's slices are paid at; none for anything else."""
    return tuple(str(piece.get("rate", piece.get("amount"))) for piece in explanation.get("slices", ()))


def reached_tier(before: Mapping[str, Any], now: Mapping[str, Any]) -> Fraction | None:
    """Return where the tier begins that a retroactive period rose to; None where it did not rise."""
    if now.get("mode") != Mode.RETROACTIVE or not now.get("slices") or not before.get("slices"):
        return None
    start, former = (parse_fraction(one["slices"][0]["from"]) for one in (now, before))
    return start if start > former else None


def length_of(explanation: Mapping[str, Any]) -> Fraction:
    """Return how much room the share takes in its period: units, or amount.

    Source: domain 6.3.
    """
    share = parse_fraction(explanation["share"])
    return share * parse_fraction(explanation["price"]) if explanation["measure"] == Measure.AMOUNT else share


def first_to_reach(deals: Iterable[Laid], start: Fraction) -> Laid | None:
    """Return the deal with which the total first is at `start` or above, laid by contract, number and filing."""
    total = Fraction(0)
    for deal in sorted(deals, key=lambda one: (one.contracted_at, one.number, str(one.filed_at or ""))):
        total += deal.length
        if total >= start:
            return deal
    return None


def why_adjusted(
    before: Mapping[str, Any], now: Mapping[str, Any], cause: Mapping[str, Any] | None, words: Words
) -> str:
    """Return what is other than before, in one line.

    Such as: re-rated from 6 % to 6.2 %: D-20, contracted on 5 March 2026, took the total of March 2026 to the tier
    from 20
    """
    said = [*_changes(before, now, words)]
    if not said:
        return render(now, words)
    what = "; ".join(said)
    if cause is None:
        return words.gettext(_NOW).format(what=what, why=render(now, words))
    facts = {"what": what, "day": words.day(date.fromisoformat(cause["on"]))}
    if "cancelled" in cause:
        return words.gettext(_CANCELLED).format(deal=cause["cancelled"], **facts)
    start = parse_fraction(cause["reached"])
    amounts = now["measure"] == Measure.AMOUNT
    return words.gettext(_REACHED).format(
        deal=cause["deal"],
        period=period_words(now["period"], words),
        start=words.money(parse_decimal(cause["reached"])) if amounts else words.number(start),
        **facts,
    )


def _changes(before: Mapping[str, Any], now: Mapping[str, Any], words: Words) -> Iterable[str]:
    old, new = rates(before), rates(now)
    if old and new and old != new:
        yield words.gettext(_RERATED).format(old=_paid_at(before, old, words), new=_paid_at(now, new, words))
    if "price" in before and "price" in now and before["price"] != now["price"]:
        old_price, new_price = (words.money(parse_decimal(one["price"])) for one in (before, now))
        yield words.gettext(_REPRICED).format(old=old_price, new=new_price)
    if "share" in before and "share" in now and before["share"] != now["share"]:
        yield words.gettext(_RESHARED).format(old=before["share"], new=now["share"])


def _paid_at(explanation: Mapping[str, Any], found: Sequence[str], words: Words) -> str:
    fixed = "amount" in explanation["slices"][0]
    written = [words.money(parse_decimal(one)) if fixed else words.percent(parse_fraction(one)) for one in found]
    return " / ".join(dict.fromkeys(written))
