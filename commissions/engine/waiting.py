"""What the parts of a row still wait for: the milestones ahead and what each releases, then the way to the bank.

A row's `pending` and `retained` are laid over the milestones to come, in the order in which they are expected: each
step releases what rounding its running fraction adds (domain 6.5), so that the parts add up to the row exactly. What
is payable waits for people: where its ledger entries are tells for whom.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from channels_platform.lib.money import from_minor, half_up, parse_decimal, parse_fraction, split_minor, to_minor
from commissions.engine.types import AppliesTo, Id, Milestone, Series


class Mover(StrEnum):
    """Whose move it is."""

    BUYER = "buyer"
    LENDER = "lender"
    DEVELOPER = "developer"
    AGENCY = "agency"
    PAYEE = "payee"
    FINANCE = "finance"
    APPROVER = "approver"
    MANAGER = "manager"


class Step(StrEnum):
    """What a part waits for: the first three are the deal's, the rest the payout's."""

    RELEASE = "release"
    BONUS = "bonus"
    RETENTION = "retention"
    CUT_OFF = "cut_off"
    MINIMUM = "minimum"
    NETTING = "netting"
    HOLD = "hold"
    INVOICE = "invoice"
    SUBMISSION = "submission"
    APPROVAL = "approval"
    BANK = "bank"
    OWED_BACK = "owed_back"


MOVERS = {
    Milestone.SUBSCRIBED: Mover.BUYER,
    Milestone.CONTRACTED: Mover.BUYER,
    Milestone.FIRST_PAYMENT: Mover.BUYER,
    Milestone.LOAN_RELEASED: Mover.LENDER,
    Milestone.FULLY_COLLECTED: Mover.BUYER,
    Milestone.HANDOVER: Mover.DEVELOPER,
}


@dataclass(frozen=True, slots=True)
class Wait:
    """One part of a row, and what it waits for.

    Shape:  `amount` = `pending` + `retained` for the deal's steps; below zero where it is owed back. `fraction` is that
            of what is earned (of a retention: of what is released); `more`: something is released before it.
    Units:  amounts in the project's currency.
    """

    step: Step
    whose: Mover
    amount: Decimal
    when: Milestone | None = None
    fraction: Fraction | None = None
    more: bool = False
    expected_on: date | None = None
    pending: Decimal = Decimal(0)
    retained: Decimal = Decimal(0)
    batch: str = ""
    note: str = ""


class Figures(NamedTuple):
    """What a row earns, of it released, of that retained."""

    earned: Decimal
    released: Decimal
    retained: Decimal


# --- the deal's steps -----------------------------------------------------------------------------------------------


def expected_dates(
    *,
    own: Mapping[Milestone, date | None],
    days: Mapping[Milestone, int | None],
    contracted_on: date | None,
    handover_on: date | None,
) -> dict[Milestone, date]:
    """Return when milestones are expected: by the deal's own dates, else by the project's.

    `days`: how long after the contract; `handover_on`: when the project's homes are handed over.
    """
    found = {when: day for when, day in own.items() if day is not None}
    for when, count in days.items():
        if count is not None and contracted_on is not None:
            found.setdefault(when, contracted_on + timedelta(days=count))
    if handover_on is not None:
        found.setdefault(Milestone.HANDOVER, handover_on)
    return found


def release_waits(
    figures: Figures, explanation: Mapping[str, Any], *, currency: str, expected: Mapping[Milestone, date]
) -> list[Wait]:
    """Return what a row's pending and retained wait for, in the order expected; [] where nothing is left.

    Shape:  the parts' `pending` add up to earned - released, their `retained` to the row's.
    Source: domain 6.5.
    """
    return [
        wait_of(leg, from_minor(pending, currency), from_minor(retained, currency), expected_on=expected.get(leg.when))
        for leg, pending, retained in parts_ahead(in_minor(figures, currency), explanation, expected)
    ]


def in_minor(figures: Figures, currency: str) -> tuple[int, int, int]:
    """Return the figures in minor units."""
    return (
        to_minor(figures.earned, currency),
        to_minor(figures.released, currency),
        to_minor(figures.retained, currency),
    )


class Leg(NamedTuple):
    """One step ahead: up to which running fraction it releases, `kept` being what a retention keeps of that."""

    step: Step
    when: Milestone
    part: Fraction | None = None
    more: bool = False
    upto: Fraction = Fraction(0)
    kept: Fraction = Fraction(0)


def wait_of(leg: Leg, pending: Decimal, retained: Decimal, *, expected_on: date | None) -> Wait:
    """Return a leg with its amounts as a wait."""
    return Wait(
        leg.step,
        MOVERS[leg.when],
        pending + retained,
        when=leg.when,
        fraction=leg.part,
        more=leg.more,
        expected_on=expected_on,
        pending=pending,
        retained=retained,
    )


def parts_ahead(
    figures: tuple[int, int, int], explanation: Mapping[str, Any], expected: Mapping[Milestone, date]
) -> list[tuple[Leg, int, int]]:
    """Lay a row's pending and retained over the steps ahead: each with what it frees of the one and of the other.

    Units: minor units; `figures` as in `Figures`.
    """
    earned, released, retained = figures
    if "zero" in explanation:
        return []
    if "bonus" in explanation or "parts" in explanation:
        return _bonus_parts(earned - released, explanation)
    found = []
    kept_now = retained
    for leg in _course(explanation, expected):
        if leg.step is Step.RETENTION:
            if retained:
                found.append((leg, retained - kept_now, kept_now))
            retained = kept_now = 0
            continue
        upto = half_up(earned * leg.upto.numerator, leg.upto.denominator)
        keep = half_up(upto * leg.kept.numerator, leg.kept.denominator) - retained if leg.kept else 0
        found.append((leg, upto - released - keep, 0))
        released, retained = upto, retained + keep
    return found


def _bonus_parts(pending: int, explanation: Mapping[str, Any]) -> list[tuple[Leg, int, int]]:
    """A bonus waits whole; of several added into one, each for its own moment, by what it is of the sum."""
    waiting = [
        part
        for part in explanation.get("parts", [explanation])
        if "bonus" in part and "zero" not in part and not part["released"]
    ]
    if not pending or not waiting:
        return []
    worth = [Fraction(parse_decimal(part["amount"])) * parse_fraction(part["share"]) for part in waiting]
    parts = split_minor(pending, [one / sum(worth) for one in worth])
    return [(Leg(Step.BONUS, Milestone(part["release"])), minor, 0) for part, minor in zip(waiting, parts, strict=True)]


_Steps = tuple[tuple[str, str], ...]


def _course(explanation: Mapping[str, Any], expected: Mapping[Milestone, date]) -> tuple[Leg, ...]:
    """Order the steps ahead as expected: the undated after the dated, all before the handover unless dated later."""
    steps = [(when, fraction) for when, fraction in explanation.get("awaited", ())]
    kept = explanation.get("retention", "0")
    if kept != "0" and all(when != Milestone.HANDOVER for when, _ in steps):
        steps.append((Milestone.HANDOVER.value, "0"))
    handover = expected.get(Milestone.HANDOVER)

    def place(step: tuple[str, str]) -> tuple[int, date]:
        day = expected.get(Milestone(step[0]))
        if step[0] == Milestone.HANDOVER:
            return (1, date.max)
        late = day is not None and handover is not None and day > handover
        return (2 if late else 0, day or date.max)

    if len(steps) > 1:
        steps.sort(key=place)
    reached = tuple((when, fraction) for when, fraction in explanation.get("reached", ()))
    return _legs(reached, tuple(steps), kept)


@lru_cache(maxsize=4096)
def _legs(reached: _Steps, ahead: _Steps, retention: str) -> tuple[Leg, ...]:
    """Make the legs of one order of steps, of which there are few however many rows."""
    kept = parse_fraction(retention)
    upto = sum((parse_fraction(fraction) for _, fraction in reached), Fraction(0))
    found = []
    for when, text in ahead:
        milestone, fraction = Milestone(when), parse_fraction(text)
        if milestone == Milestone.HANDOVER and kept:
            found.append(Leg(Step.RETENTION, milestone, kept))
            kept = Fraction(0)
        if fraction:
            more, upto = bool(upto), upto + fraction
            found.append(Leg(Step.RELEASE, milestone, fraction * (1 - kept), more, upto, kept))
    return tuple(found)


# --- the payout's steps ---------------------------------------------------------------------------------------------


class Place(StrEnum):
    """Where payable entries are: in no live line, or in an open one of a batch so far on."""

    FREE = "free"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"


class Position(NamedTuple):
    """How much of a row is payable where. `lacks_invoice`: its line still needs one."""

    place: Place
    amount: Decimal
    batch: str = ""
    lacks_invoice: bool = False


@dataclass(frozen=True, slots=True)
class Till:
    """What decides whether the next draft takes a payee's payable: all that is free there, the minimum, its day.

    `hold`: why nothing is taken; set by hand it is finance that lifts it, else a manager.
    """

    free: Decimal
    minimum: Decimal
    payout_on: date | None
    hold: str = ""
    by_hand: bool = False


def payout_waits(positions: Iterable[Position], till: Till) -> list[Wait]:
    """Return what a row's payable waits for, part by part as it lies; what is paid waits for nothing."""
    return [_payout_wait(position, till) for position in positions if position.amount]


def _payout_wait(position: Position, till: Till) -> Wait:
    wait = Wait(Step.CUT_OFF, Mover.FINANCE, position.amount, batch=position.batch)
    if position.place is Place.FREE:
        return _free_wait(wait, till)
    if position.place is Place.APPROVED:
        return replace(wait, step=Step.BANK)
    if position.lacks_invoice:
        return replace(wait, step=Step.INVOICE, whose=Mover.AGENCY)
    if position.place is Place.SUBMITTED:
        return replace(wait, step=Step.APPROVAL, whose=Mover.APPROVER)
    return replace(wait, step=Step.SUBMISSION)


def _free_wait(wait: Wait, till: Till) -> Wait:
    if wait.amount < 0:
        return replace(wait, step=Step.OWED_BACK, whose=Mover.PAYEE)
    if till.hold:
        return replace(wait, step=Step.HOLD, whose=Mover.FINANCE if till.by_hand else Mover.MANAGER, note=till.hold)
    if till.free <= 0:
        return replace(wait, step=Step.NETTING)
    if till.free < till.minimum:
        return replace(wait, step=Step.MINIMUM)
    return replace(wait, expected_on=till.payout_on)


# --- why there is no row at all -------------------------------------------------------------------------------------


class NoRow(StrEnum):
    NATURAL = "natural"
    NO_PLAN = "no_plan"
    NOT_IN_FORCE = "not_in_force"


def why_no_row(series: Iterable[Series], *, agency_id: Id, referred: bool, subscribed_on: date) -> NoRow | None:
    """Return why a deal has no commission line for an agency or its brokers; None where a plan covers it.

    `series`: the project's plans.
    """
    about = [
        one
        for one in series
        if one.agency_id == agency_id
        and one.versions
        and (one.applies_to == AppliesTo.ALL or referred == (one.applies_to == AppliesTo.REFERRED))
    ]
    if not about:
        return NoRow.NO_PLAN if referred else NoRow.NATURAL
    if any(version.is_in_force(subscribed_on) for one in about for version in one.versions):
        return None
    return NoRow.NOT_IN_FORCE
