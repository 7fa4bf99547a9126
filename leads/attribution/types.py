"""Facts that the rules judge, and the decisions they return."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from fractions import Fraction
from typing import Any

from channels_platform.lib.spans import WindowEnd, window_end
from leads.states import Reason


@dataclass(frozen=True, slots=True)
class Rules:
    """One policy version, as the rules read it (domain 4.1)."""

    exclusive_from: str
    protection_days: int
    window_end: str
    visit_within_hours: int | None
    lead_time_minutes: int
    lookback_days: int
    revisit_extends: bool
    max_protection_days: int | None
    masked: bool
    daily_filing_limit: int | None
    credit_days: int | None
    proxy_purchase: bool
    zone: tzinfo

    def window_from(self, start: datetime, days: int | None = None) -> datetime:
        """Return the end of a protection window that starts at `start`."""
        return window_end(
            start=start, days=days or self.protection_days, end=WindowEnd(self.window_end), zone=self.zone
        )


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open span of time."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class PhoneFindings:
    """What is known of the phones of a filing, at the instant of judging."""

    own: bool = False
    known_to_site: bool = False
    already_referred: bool = False
    held_by_another: bool = False


@dataclass(frozen=True, slots=True)
class FilingFacts:
    """What a filing is judged by. `findings` is None where the phones do not parse."""

    project_open: bool
    agreement_in_force: bool
    broker_active: bool
    filed_today: int
    findings: PhoneFindings | None


@dataclass(frozen=True, slots=True)
class FilingDecision:
    """`reason` is None for an accepted filing; then `lapse_at` and `claim` say what it holds."""

    reason: Reason | None
    lapse_at: datetime | None = None
    claim: Span | None = None


@dataclass(frozen=True, slots=True)
class ReferralFacts:
    """A referral as its visit is judged. `last_visited_on_today`: it was confirmed on this local date."""

    state: str
    filed_at: datetime
    lapse_at: datetime | None
    window: Span | None
    visited_before: bool
    visited_today: bool


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """What an arrival is judged by beside its referral.

    `fits_mask`: the full phones fit what was filed (masked mode, first visit; else True).
    `findings`: judged as domain 4.3 says: own phone and already-referred now, natural visits as of filing.
    """

    fits_mask: bool
    findings: PhoneFindings
    override: bool


@dataclass(frozen=True, slots=True)
class VisitDecision:
    """`reason` None: confirmed. `claim`: claims to start now; `extend_to`: new end of the live ones."""

    reason: Reason | None
    first: bool = False
    overridden: tuple[Reason, ...] = ()
    claim: Span | None = None
    extend_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A referral filed under `never` that has a buyer's phone."""

    referral: Any
    last_visited_at: datetime
    credit_days: int | None


@dataclass(frozen=True, slots=True)
class BuyerPhone:
    """What is known of one buyer's phone at the subscription."""

    phone: Any
    holder: Any | None
    candidates: tuple[Candidate, ...]
    last_natural_visit_at: datetime | None


@dataclass(frozen=True, slots=True)
class Visitor:
    """The referral under which the buyers came, as it stood at the subscription."""

    referral: Any
    visited: bool
    proxy_purchase: bool
    never: bool
    last_visited_at: datetime | None
    credit_days: int | None


@dataclass(frozen=True, slots=True)
class Share:
    """A referral's part of a deal, and the rule that gave it."""

    referral: Any
    fraction: Fraction
    because: str
