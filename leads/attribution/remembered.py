"""What reading a history anew is given and remembers: filings, arrivals, referrals as far as they have come, claims."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leads.attribution.types import FilingFacts, Rules, Span
from leads.states import ReferralState, state_by_clock


@dataclass(slots=True)
class Claim:
    """A hold on one phone, as `leads.models.Claim`."""

    referral: Any
    phone: Any
    starts_at: datetime
    ends_at: datetime
    lapses_at: datetime | None
    released_at: datetime | None = None

    def live_at(self, now: datetime) -> bool:
        """Whether nothing has ended it by `now`."""
        return self.released_at is None and self.ends_at > now and (self.lapses_at is None or self.lapses_at > now)

    def holds_at(self, at: datetime) -> bool:
        return self.starts_at <= at < min(e for e in (self.ends_at, self.lapses_at, self.released_at) if e is not None)


@dataclass(slots=True)
class Standing:
    """A referral as far as it has come.

    `because`: what brought it there, and by which other referral or deal; `turned_away`: why its last arrival did not
    count.
    """

    key: Any
    broker: Any
    rules: Rules
    filed_at: datetime
    state: ReferralState
    reason: str
    lapse_at: datetime | None
    window: Span | None = None
    phones: list[Any] = field(default_factory=list)
    masks: int = 0
    visits: list[datetime] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    before_won: ReferralState | None = None
    because: tuple[str, Any] = ("", None)
    turned_away: str = ""

    def state_at(self, now: datetime) -> ReferralState:
        ends_at = self.window.ends_at if self.window else None
        return state_by_clock(state=self.state, lapse_at=self.lapse_at, window_ends_at=ends_at, now=now)

    def last_visit(self, at: datetime) -> datetime | None:
        return max((visit for visit in self.visits if visit <= at), default=None)


@dataclass(frozen=True, slots=True)
class Filing:
    """A filing as it came. `facts`: what no phone tells is as it was found then, and how many were filed that day by
    then; the rest is found anew.

    `phones`: the ids, of a masked one as they became known, None where they never did.
    """

    referral: Any
    broker: Any
    at: datetime
    phones: Sequence[Any]
    facts: FilingFacts


@dataclass(frozen=True, slots=True)
class Arrival:
    """An arrival as it came. `phones`: all that are known of the referral, in their order."""

    referral: Any
    at: datetime
    reason: str
    override: bool
    fits_mask: bool
    own: bool
    phones: Sequence[Any]
