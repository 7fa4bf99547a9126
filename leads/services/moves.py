"""Moves of a referral's state: each with its event, none without the row's lock."""

from datetime import datetime
from typing import Any

from channels_platform.audit.services import record
from channels_platform.lib.errors import NotAllowed
from leads.models import Referral
from leads.services.claims import close_claims_of
from leads.states import LIVE, ReferralState

# What is recorded where a referral that won gets back the state it had.
_GIVEN_BACK = {
    ReferralState.FILED: "referral.reopened",
    ReferralState.VISITED: "referral.reopened",
    ReferralState.REJECTED: "referral.rejected_again",
}


def settle_by_clock(*, referral: Referral, now: datetime) -> ReferralState:
    """Write down a lapse or expiry that already happened, and return the state that holds.

    Locks:  the caller holds the referral's row.
    Writes: Referral, Claim, audit event.
    """
    state = referral.state_at(now)
    if state != referral.state:
        move_referral(referral=referral, to=state, actor=None, now=now)
        close_claims_of(referral_ids=[referral.pk], now=now)
    return state


def require_live(*, referral: Referral, now: datetime) -> None:
    """Refuse what is over by the clock.

    Raises: NotAllowed `lapsed`, `expired`; `not_live` for any other state.
    """
    state = referral.state_at(now)
    if state not in LIVE:
        over = state in (ReferralState.LAPSED, ReferralState.EXPIRED)
        raise NotAllowed(f"the referral is {state}", code=str(state) if over else "not_live")


def move_referral(
    *, referral: Referral, to: ReferralState, actor: Any, now: datetime, reason: str = "", **facts: Any
) -> None:
    """Change the state and record `referral.<state>`; what a deal gives back is no second filing, visit or refusal.

    Locks:  the caller holds the referral's row.
    Writes: Referral, audit event.
    """
    before = referral.state
    referral.state = to
    fields = ["state"]
    if to is ReferralState.WON and before != ReferralState.WON:
        referral.state_before_won = before
        fields.append("state_before_won")
    referral.save(update_fields=fields)
    given_back = _GIVEN_BACK.get(to) if before == ReferralState.WON else None
    record(
        given_back or f"referral.{to}",
        actor=actor,
        target=referral,
        project=referral.project_id,
        agency=referral.agency_id,
        before={"state": str(before)},
        after={"state": str(to), **facts},
        reason=reason,
    )
