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
    if "zero" in explanation:
        return []
    if "bonus" in explanation or "parts" in explanation:
        return _bonus_waits(figures, explanation, currency, expected)
    if "awaited" not in explanation:
        return []
    kept = parse_fraction(explanation.get("retention", "0"))
    return _Laying(figures, explanation, kept, currency, expected).waits()


def _bonus_waits(
    figures: Figures, explanation: Mapping[str, Any], currency: str, expected: Mapping[Milestone, date]
) -> list[Wait]:
    """A bonus waits whole; of several added into one, each for its own moment, by what it is of the sum."""
    pending = to_minor(figures.earned - figures.released, currency)
    open_parts = [
        part
        for part in explanation.get("parts", [explanation])
        if "bonus" in part and "zero" not in part and not part["released"]
    ]
    if not pending or not open_parts:
        return []
    worth = [Fraction(parse_decimal(part["amount"])) * parse_fraction(part["share"]) for part in open_parts]
    whole = sum(worth)
    parts = split_minor(pending, [one / whole for one in worth]) if whole else (pending,)
    found = []
    for part, minor in zip(open_parts, parts, strict=False):
        when, amount = Milestone(part["release"]), from_minor(minor, currency)
        found.append(
            Wait(Step.BONUS, MOVERS[when], amount, when=when, expected_on=expected.get(when), pending=amount)
        )
    return found


@dataclass(slots=True)
class _Laying:
    """A commission's steps ahead, laid one after the other."""

    figures: Figures
    explanation: Mapping[str, Any]
    kept: Fraction
    currency: str
    expected: Mapping[Milestone, date]

    def waits(self) -> list[Wait]:
        earned = to_minor(self.figures.earned, self.currency)
        released = to_minor(self.figures.released, self.currency)
        retained_now = retained = to_minor(self.figures.retained, self.currency)
        reached = sum((parse_fraction(fraction) for _, fraction in self.explanation["reached"]), Fraction(0))
        found: list[Wait] = []
        handed_over = not self.kept
        for when, fraction in self._steps():
            if when == Milestone.HANDOVER and not handed_over:
                handed_over = True
                if retained:
                    found.append(self._retention(retained, retained_now))
            if not fraction:
                continue
            reached += fraction
            upto = half_up(earned * reached.numerator, reached.denominator)
            step, released = upto - released, upto
            keep = 0 if handed_over else half_up(upto * self.kept.numerator, self.kept.denominator) - retained
            retained += keep
            part = fraction if handed_over else fraction * (1 - self.kept)
            found.append(self._release(when, step - keep, part, more=reached != fraction))
        return found

    def _steps(self) -> list[tuple[Milestone, Fraction]]:
        """Order the steps as expected, the undated after the dated, and all before the handover unless dated later."""
        steps = [(Milestone(when), parse_fraction(fraction)) for when, fraction in self.explanation["awaited"]]
        handover = self.expected.get(Milestone.HANDOVER)

        def place(step: tuple[Milestone, Fraction]) -> tuple[int, date]:
            day = self.expected.get(step[0])
            if step[0] == Milestone.HANDOVER:
                return (1, date.max)
            late = day is not None and handover is not None and day > handover
            return (2 if late else 0, day or date.max)

        if self.kept and all(when != Milestone.HANDOVER for when, _ in steps):
            steps.append((Milestone.HANDOVER, Fraction(0)))
        return sorted(steps, key=place)

    def _release(self, when: Milestone, minor: int, part: Fraction, *, more: bool) -> Wait:
        amount = from_minor(minor, self.currency)
        return Wait(
            Step.RELEASE,
            MOVERS[when],
            amount,
            when=when,
            fraction=part,
            more=more,
            expected_on=self.expected.get(when),
            pending=amount,
        )

    def _retention(self, minor: int, now: int) -> Wait:
        """What is kept by then: part of it is kept today, part is still to be released."""
        return Wait(
            Step.RETENTION,
            Mover.DEVELOPER,
            from_minor(minor, self.currency),
            when=Milestone.HANDOVER,
            fraction=self.kept,
            expected_on=self.expected.get(Milestone.HANDOVER),
            pending=from_minor(minor - now, self.currency),
            retained=from_minor(now, self.currency),
        )


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
    """What decides whether the next draft takes a payee's payable: all that is free there, the minimum, its day."""

    free: Decimal
    minimum: Decimal
    payout_on: date | None
    hold: str = ""


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
        return replace(wait, step=Step.HOLD, whose=Mover.MANAGER, note=till.hold)
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
