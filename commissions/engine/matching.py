"""An agency's own ledger laid beside ours: which of its rows is which of our deals, and how they differ. Pure.

A row that names a deal is about that deal or none; the others go to the deal that they fit best by unit, client,
amount and date. Each row and each deal is matched once. The same rows in the same order come to the same.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from channels_platform.lib.money import half_up

# what a fit is worth; a pair needs NEEDED in all
_DEAL, _UNIT, _AMOUNT, _CLIENT, _DAY, _NEAR, _OF_SPAN = 1000, 50, 30, 20, 20, 10, 1
NEEDED = 50
# a row that fits a deal so well, and finds it taken, is that deal once more
_SURE = 60
_NEAR_DAYS = 7


class Reason(StrEnum):
    """How a row stands: it agrees, or why not."""

    AGREES = "agrees"
    MISSING_WITH_US = "missing_with_us"
    MISSING_WITH_THEM = "missing_with_them"
    AMOUNT_DIFFERS = "amount_differs"
    DATE_DIFFERS = "date_differs"
    OTHER_SHARE = "other_share"
    NOT_YET_RELEASED = "not_yet_released"
    CLAWED_BACK = "clawed_back"
    DUPLICATE = "duplicate"
    NO_AMOUNT = "no_amount"
    LEFT_OUT = "left_out"

    @property
    def differs(self) -> bool:
        """Whether the two sides have something to settle."""
        return self not in NOTHING_TO_SETTLE


# what is left out of their file, totals and signatures, was no deal
NOTHING_TO_SETTLE = (Reason.AGREES, Reason.LEFT_OUT)


@dataclass(frozen=True, slots=True)
class Theirs:
    """A row of the agency's ledger; what it does not say is '' or None. `client` is masked."""

    number: int
    deal: str = ""
    unit: str = ""
    client: str = ""
    on: date | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Ours:
    """The agency's part of one of our deals.

    `amount`: what is compared, of `earned`; `share`: the agency's part of the deal. `due`: it is of the span, so that
    the agency's ledger should have it.
    """

    deal: str
    unit: str
    clients: frozenset[str]
    on: date
    amount: Decimal
    earned: Decimal
    share: Fraction = Fraction(1)
    cancelled: bool = False
    due: bool = True


@dataclass(frozen=True, slots=True)
class Pair:
    """One row of the result; at least one side is there. `score`: how well they fit, 0 of one side alone."""

    theirs: Theirs | None
    ours: Ours | None
    reason: Reason
    score: int = 0

    @property
    def difference(self) -> Decimal:
        """Theirs less ours."""
        theirs = self.theirs.amount if self.theirs and self.theirs.amount is not None else Decimal(0)
        return theirs - (self.ours.amount if self.ours else Decimal(0))


def plain(text: str) -> str:
    """Return a deal's number or a unit's as it is compared: letters and digits only, in one case and width."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text).casefold())


def match(theirs: Sequence[Theirs], ours: Sequence[Ours], *, digits: int = 2) -> list[Pair]:
    """Return the rows of both sides, matched: theirs in their order, then ours that they lack by deal.

    Ours that nothing is due of, or out of the span, are not missing with them.
    Units: `digits` of the currency after the point.
    """
    known = {plain(one.deal): one for one in ours}
    scored = _scored(theirs, ours, known)
    by_row, taken = {}, set()
    for score, number, deal in sorted(scored, key=lambda one: (-one[0], one[1], one[2])):
        if number not in by_row and deal not in taken:
            by_row[number] = (score, known[deal])
            taken.add(deal)
    sure = {number for score, number, _deal in scored if score >= _SURE}
    found = [_judged(row, by_row.get(row.number), row.number in sure, digits) for row in theirs]
    lacking = (one for one in ours if plain(one.deal) not in taken and one.due and one.amount)
    found += [Pair(None, one, Reason.MISSING_WITH_THEM) for one in sorted(lacking, key=lambda one: one.deal)]
    return found


def _scored(theirs: Iterable[Theirs], ours: Iterable[Ours], known: dict[str, Ours]) -> list[tuple[int, int, str]]:
    """Return (score, row, deal) of the pairs that fit well enough; only those that share something are looked at."""
    by_unit, by_client, by_day = (defaultdict[object, list[str]](list) for _ in range(3))
    for one in ours:
        deal = plain(one.deal)
        by_unit[plain(one.unit)].append(deal)
        by_day[one.on, one.amount].append(deal)
        for client in one.clients:
            by_client[client, one.amount].append(deal)
    found = []
    for row in theirs:
        named = plain(row.deal)
        if named:
            near = {named} & known.keys()
        else:
            near = {*by_client[row.client, row.amount], *by_day[row.on, row.amount]}
            near |= set(by_unit[plain(row.unit)]) if plain(row.unit) else set()
        scores = ((_score(row, known[deal]), row.number, deal) for deal in near)
        found += [one for one in scores if one[0] >= NEEDED]
    return found


def _score(row: Theirs, one: Ours) -> int:
    score = (_DEAL if row.deal else 0) + (_OF_SPAN if one.due else 0)
    score += _UNIT if row.unit and plain(row.unit) == plain(one.unit) else 0
    score += _CLIENT if row.client and row.client in one.clients else 0
    score += _AMOUNT if row.amount is not None and row.amount == one.amount else 0
    if row.on is not None:
        apart = abs((row.on - one.on).days)
        score += _DAY if apart == 0 else _NEAR if apart <= _NEAR_DAYS else 0
    return score


def _judged(row: Theirs, match: tuple[int, Ours] | None, sure: bool, digits: int) -> Pair:
    if match is None:
        return Pair(row, None, Reason.DUPLICATE if sure else Reason.MISSING_WITH_US)
    score, one = match
    return Pair(row, one, _reason(row, one, digits), score)


def _reason(row: Theirs, one: Ours, digits: int) -> Reason:
    if (row.amount or 0) == one.amount:
        differs = row.on is not None and row.on != one.on
        return Reason.DATE_DIFFERS if differs else Reason.AGREES
    if row.amount is None:
        return Reason.NO_AMOUNT
    if one.cancelled:
        return Reason.CLAWED_BACK
    if one.share != 1 and _is_whole(row.amount, one, digits):
        return Reason.OTHER_SHARE
    if one.amount < row.amount <= one.earned:
        return Reason.NOT_YET_RELEASED
    return Reason.AMOUNT_DIFFERS


def _is_whole(amount: Decimal, one: Ours, digits: int) -> bool:
    """Whether our part of what they have, at our share, is what we earned or compare, to the smallest unit."""
    part = Fraction(amount) * one.share * 10**digits
    return Decimal(half_up(part.numerator, part.denominator)).scaleb(-digits) in (one.amount, one.earned)
