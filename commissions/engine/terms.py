"""Which plan versions may stand beside each other."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from commissions.engine.types import AppliesTo, Id


class Term(Protocol):
    """What of a plan version decides whether another may stand beside it."""

    @property
    def agency_id(self) -> Id: ...
    @property
    def payee(self) -> str: ...
    @property
    def applies_to(self) -> str: ...
    @property
    def from_on(self) -> date | None: ...
    @property
    def to_on(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class PlanTerm:
    agency_id: Id
    payee: str
    applies_to: str
    from_on: date | None
    to_on: date | None


def overlaps(one: Term, other: Term) -> bool:
    """Whether two plan versions of one project could both apply to one deal and payee.

    Source: domain 6.2.
    """
    if (one.agency_id, one.payee) != (other.agency_id, other.payee):
        return False
    if one.applies_to != other.applies_to and AppliesTo.ALL not in (one.applies_to, other.applies_to):
        return False
    return _starts_before_end(one, other) and _starts_before_end(other, one)


def _starts_before_end(one: Term, other: Term) -> bool:
    return one.from_on is None or other.to_on is None or one.from_on <= other.to_on
