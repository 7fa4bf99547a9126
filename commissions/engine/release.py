"""Milestones reached, and what of a commission they release and a retention holds back."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from channels_platform.lib.money import exact_text, half_up
from commissions.engine.types import DealFact, Method, Milestone, PaymentFact, PlanVersion, ReleaseStep, Source

_SUBSCRIBED = frozenset({Milestone.SUBSCRIBED})
_ZERO = Decimal(0)


class Collected(NamedTuple):
    """What was collected up to a moment, refunds taken off: by source own, by loan and fund, and in all."""

    own: Decimal = _ZERO
    borrowed: Decimal = _ZERO

    @property
    def total(self) -> Decimal:
        return self.own + self.borrowed


def collected(payments: Iterable[PaymentFact], *, as_of: datetime) -> Collected:
    """Add up the payments received at or before the instant."""
    own = borrowed = _ZERO
    for payment in payments:
        if payment.received_at <= as_of:
            if payment.source == Source.OWN:
                own += payment.amount
            else:
                borrowed += payment.amount
    return Collected(own, borrowed)


def milestones(deal: DealFact, *, as_of: datetime) -> frozenset[Milestone]:
    """Return the milestones reached at the instant.

    None but `subscribed` counts before the contract is signed. Until handover a refund can undo one; what was
    reached at handover stays, and later payments may add to it.
    Source: domain 5.
    """
    if deal.subscribed_at > as_of:
        return frozenset()
    if deal.contracted_at is None or deal.contracted_at > as_of:
        return _SUBSCRIBED
    reached = {Milestone.SUBSCRIBED, Milestone.CONTRACTED}
    _add_collection(reached, deal, collected(deal.payments, as_of=as_of))
    if deal.handed_over_at is not None and deal.handed_over_at <= as_of:
        reached.add(Milestone.HANDOVER)
        _add_collection(reached, deal, collected(_before_handover(deal, deal.handed_over_at), as_of=as_of))
    return frozenset(reached)


def _before_handover(deal: DealFact, handed_over_at: datetime) -> Iterable[PaymentFact]:
    """Without a handover sequence, what was received at the very instant of handover came after it."""
    if deal.handover_sequence is None:
        return (payment for payment in deal.payments if payment.received_at < handed_over_at)
    handover = (handed_over_at, deal.handover_sequence)
    return (payment for payment in deal.payments if (payment.received_at, payment.sequence) < handover)


def _add_collection(reached: set[Milestone], deal: DealFact, money: Collected) -> None:
    if money.own >= deal.first_payment_amount:
        reached.add(Milestone.FIRST_PAYMENT)
    if deal.loan_amount is not None and money.borrowed >= deal.loan_amount:
        reached.add(Milestone.LOAN_RELEASED)
    if money.total >= deal.price:
        reached.add(Milestone.FULLY_COLLECTED)


class Progress(NamedTuple):
    """How far a schedule is: the weight reached, and the steps on either side as [milestone, fraction]."""

    weight: int
    reached: list[list[str]]
    awaited: list[list[str]]


@dataclass(frozen=True, slots=True)
class Schedule:
    """The release steps of one method, as weights over one denominator, with their text for explanations."""

    steps: tuple[tuple[Milestone, int, str], ...]
    denominator: int
    _known: dict[frozenset[Milestone], Progress] = field(init=False, default_factory=dict, compare=False)

    @classmethod
    def of(cls, steps: tuple[ReleaseStep, ...]) -> "Schedule":
        denominator = lcm(*(step.fraction.denominator for step in steps))
        return cls(
            steps=tuple((Milestone(s.when), int(s.fraction * denominator), exact_text(s.fraction)) for s in steps),
            denominator=denominator,
        )

    def progress(self, reached: frozenset[Milestone]) -> Progress:
        """Return how far the schedule is; worked out once for each of the few sets of milestones there are."""
        found = self._known.get(reached)
        if found is None:
            done, waiting = ([s for s in self.steps if (s[0] in reached) == side] for side in (True, False))
            found = self._known[reached] = Progress(
                sum(weight for _, weight, _ in done), _as_text(done), _as_text(waiting)
            )
        return found

    def released(self, earned: int, progress: Progress) -> int:
        """Return the minor units released of what is earned: round(earned x F).

        Source: domain 6.5.
        """
        weight = progress.weight
        return earned if weight == self.denominator else half_up(earned * weight, self.denominator)


def _as_text(steps: list[tuple[Milestone, int, str]]) -> list[list[str]]:
    return [[when.value, fraction] for when, _, fraction in steps]


def schedules(version: PlanVersion) -> dict[str, Schedule]:
    return {Method(method).value: Schedule.of(steps) for method, steps in version.release.items()}


def retained(released: int, retention: Fraction | None, reached: frozenset[Milestone]) -> int:
    """Return the minor units of what is released that are kept until handover.

    Source: domain 6.5.
    """
    if retention is None or Milestone.HANDOVER in reached:
        return 0
    return half_up(released * retention.numerator, retention.denominator)
