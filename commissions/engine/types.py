"""The facts the engine is given and the figures it returns: frozen, exact, framework-free."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

Id = Hashable
PayeeKey = tuple[str, Id]


class Payee(StrEnum):
    AGENCY = "agency"
    BROKER = "broker"


class AppliesTo(StrEnum):
    REFERRED = "referred"
    WALK_IN = "walk_in"
    ALL = "all"


class Basis(StrEnum):
    PRICE = "price"
    FIXED = "fixed"


class Measure(StrEnum):
    UNITS = "units"
    AMOUNT = "amount"


class Period(StrEnum):
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    PLAN = "plan"


class Scope(StrEnum):
    AGENCY = "agency"
    BROKER = "broker"
    PROJECT = "project"


class Mode(StrEnum):
    MARGINAL = "marginal"
    RETROACTIVE = "retroactive"


class Method(StrEnum):
    LUMP_SUM = "lump_sum"
    INSTALMENT = "instalment"
    MORTGAGE = "mortgage"


class Milestone(StrEnum):
    SUBSCRIBED = "subscribed"
    CONTRACTED = "contracted"
    FIRST_PAYMENT = "first_payment"
    LOAN_RELEASED = "loan_released"
    FULLY_COLLECTED = "fully_collected"
    HANDOVER = "handover"


class Source(StrEnum):
    OWN = "own"
    LOAN = "loan"
    PROVIDENT_FUND = "provident_fund"


class ZeroReason(StrEnum):
    """Why a row earns nothing; the last is for a row the engine no longer returns at all."""

    NOT_CONTRACTED = "not_contracted"
    CANCELLED = "cancelled"
    OTHER_GRADE = "other_grade"
    OTHER_UNIT = "other_unit"
    NO_LONGER_DUE = "no_longer_due"


COMMISSION = "commission"
BONUS_PREFIX = "bonus:"


@dataclass(frozen=True, slots=True)
class Tier:
    """One step of the ladder: from `start` (units, or amount) on, `rate` of the price or `amount` per unit."""

    start: Fraction
    rate: Fraction | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ReleaseStep:
    when: Milestone
    fraction: Fraction


@dataclass(frozen=True, slots=True)
class Bonus:
    name: str
    amount: Decimal
    to: Payee
    release: Milestone


@dataclass(frozen=True, slots=True)
class Band:
    """A half-open span `[low, below)` of an area or a price; open where None."""

    low: Decimal | None = None
    below: Decimal | None = None

    def holds(self, value: Decimal) -> bool:
        return (self.low is None or self.low <= value) and (self.below is None or value < self.below)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a version asks of a deal besides its days (engine.conditions); empty: nothing.

    Units:  `area` in m², `price` (the deal's) in the project's currency.
    """

    agency_grade: tuple[str, ...] = ()
    unit_type: tuple[str, ...] = ()
    building: tuple[str, ...] = ()
    area: Band | None = None
    price: Band | None = None

    @property
    def of_unit(self) -> bool:
        return bool(self.unit_type or self.building or self.area)

    @property
    def of_deal(self) -> bool:
        return self.of_unit or self.price is not None


class UnitFact(NamedTuple):
    """The home that a deal is about, as it is recorded now."""

    unit_type: str
    building: str
    area: Decimal


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that a version pays in commission: for a whole deal, and for a line of one period (engine.layout)."""

    deal: Decimal | None = None
    period: Decimal | None = None


class GradeFact(NamedTuple):
    """The grade an agency holds from a local day on; '' for none."""

    from_on: date
    code: str


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """One version of a plan, in force on the local dates from_on..to_on, both included (None: open)."""

    id: Id
    series_id: Id
    from_on: date | None
    to_on: date | None
    payee: Payee
    applies_to: AppliesTo
    basis: Basis
    measure: Measure
    period: Period
    scope: Scope
    mode: Mode
    tiers: tuple[Tier, ...]
    release: dict[Method, tuple[ReleaseStep, ...]]
    bonuses: tuple[Bonus, ...] = ()
    retention_fraction: Fraction | None = None
    conditions: Conditions = Conditions()
    caps: Caps = Caps()

    def is_in_force(self, day: date) -> bool:
        return (self.from_on is None or self.from_on <= day) and (self.to_on is None or day <= self.to_on)


@dataclass(frozen=True, slots=True)
class Series:
    """All versions of one plan: one project, agency, payee and applies_to.

    Shape:  `grades`, the agency's history of grades, in the order of days; needed where a version asks for grades.
    """

    id: Id
    agency_id: Id
    onsite: bool
    payee: Payee
    applies_to: AppliesTo
    versions: tuple[PlanVersion, ...]
    grades: tuple[GradeFact, ...] = ()


class ShareFact(NamedTuple):
    """A referral's part of a deal, as it stands now."""

    referral_id: Id
    filed_at: datetime
    referral_number: str
    agency_id: Id
    broker_id: Id
    fraction: Fraction


class PaymentFact(NamedTuple):
    """Money collected (negative: refunded); `sequence` orders what happened at one instant.

    Only sums per source, before and after handover, matter: a caller may add such payments up beforehand.
    """

    amount: Decimal
    source: Source
    received_at: datetime
    sequence: int = 0


class DealFact(NamedTuple):
    id: Id
    number: str
    price: Decimal
    method: Method
    first_payment_amount: Decimal
    loan_amount: Decimal | None
    subscribed_at: datetime
    contracted_at: datetime | None = None
    handed_over_at: datetime | None = None
    handover_sequence: int | None = None
    cancelled_at: datetime | None = None
    shares: tuple[ShareFact, ...] = ()
    payments: tuple[PaymentFact, ...] = ()
    unit: UnitFact | None = None


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What one payee has from one deal, share and component, as of one instant.

    Shape:  earned = released + pending; payable = released - retained; referral_id is None for an on-site
            agency; `explanation` holds only what JSON holds, and reads the same after a round trip.
    Units:  amounts in the project's currency, with its digits.
    """

    deal_id: Id
    payee: PayeeKey
    referral_id: Id | None
    kind: str
    series_id: Id
    version_id: Id
    earned: Decimal
    released: Decimal
    retained: Decimal
    pending: Decimal
    payable: Decimal
    explanation: dict[str, Any] = field(compare=False, hash=False, default_factory=dict)
