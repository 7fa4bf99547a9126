"""Contests: which days a round has, who takes which place in it, and who gets how much of the prizes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

from channels_platform.lib.errors import Invalid
from channels_platform.lib.money import (
    BEYOND_ANY_PRICE,
    NotAnAmount,
    NotANumber,
    from_minor,
    parse_decimal,
    split_minor,
    to_minor,
)

MAX_PRIZES = 20


class Every(StrEnum):
    """How long a round lasts: an ISO week, from Monday, or a calendar month."""

    WEEK = "weekly"
    MONTH = "monthly"


class Days(NamedTuple):
    """Local days, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Placed:
    """Somebody's place, held together with `sharing` - 1 others.

    Units: `prize` in minor units.
    """

    who: Any
    place: int
    sharing: int
    figure: Fraction
    prize: int


def round_on(every: str, day: date, *, first: date, last: date) -> Days:
    """Return the round of a day: the part of its week or month that lies within the contest's days."""
    if every == Every.WEEK:
        begin = day - timedelta(days=day.weekday())
        end = begin + timedelta(days=6)
    else:
        begin = day.replace(day=1)
        end = (begin + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return Days(max(begin, first), min(end, last))


def rounds_over(every: str, *, first: date, last: date, today: date) -> Iterator[Days]:
    """Yield the rounds whose last day is past, earliest first."""
    day = first
    while day <= last:
        days = round_on(every, day, first=first, last=last)
        if days.last >= today:
            return
        yield days
        day = days.last + timedelta(days=1)


def round_label(every: str, days: Days) -> str:
    """Name a round as entries do: 2026-W10, or 2026-03."""
    if every == Every.WEEK:
        year, week, _ = days.first.isocalendar()
        return f"{year:04d}-W{week:02d}"
    return f"{days.first.year:04d}-{days.first.month:02d}"


def placed(figures: Mapping[Any, Fraction], prizes: Sequence[int]) -> list[Placed]:
    """Return who did something by place. Equal figures share a place, and equally the prizes of the places they take.

    Shape:  the most first; among equals as given, who comes first there has what cannot be split.
    Units:  prizes in minor units, of the first place first.
    Source: domain 6.4.
    """
    found: list[Placed] = []
    doing = {who: figure for who, figure in figures.items() if figure > 0}
    for figure in sorted(set(doing.values()), reverse=True):
        equals = [who for who, theirs in doing.items() if theirs == figure]
        place = len(found) + 1
        parts = split_minor(sum(taken(prizes, place, len(equals))), [Fraction(1, len(equals))] * len(equals))
        found += [Placed(who, place, len(equals), figure, part) for who, part in zip(equals, parts, strict=True)]
    return found


def taken(prizes: Sequence[int], place: int, sharing: int) -> Sequence[int]:
    """Return the prizes of the places that so many equals take from a place on."""
    return prizes[place - 1 : place - 1 + sharing]


def read_prizes(given: Any, *, currency: str) -> list[Decimal]:
    """Return prizes, of the first place first, with the currency's digits.

    Raises: Invalid `required`, `too_many`, `not_positive`, `must_not_rise`, `out_of_range`; NotANumber, NotAnAmount.
    """
    if not isinstance(given, list | tuple) or not given:
        raise Invalid("there is no prize", code="required", field="prizes")
    if len(given) > MAX_PRIZES:
        raise Invalid(f"at most {MAX_PRIZES} prizes", code="too_many", field="prizes")
    found: list[Decimal] = []
    for one in given:
        try:
            amount = from_minor(to_minor(one if isinstance(one, Decimal) else parse_decimal(one), currency), currency)
        except (NotANumber, NotAnAmount) as fault:
            raise Invalid(fault.detail, code=fault.code, field="prizes") from fault
        if amount <= 0:
            raise Invalid("a prize is above 0", code="not_positive", field="prizes")
        if amount >= BEYOND_ANY_PRICE:
            raise Invalid("no prize is that high", code="out_of_range", field="prizes")
        if found and amount > found[-1]:
            raise Invalid("a lower place gets no more", code="must_not_rise", field="prizes")
        found.append(amount)
    return found
