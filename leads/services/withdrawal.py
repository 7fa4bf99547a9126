"""Withdrawing a referral: its broker lets the client go, or a manager of the developer does."""

from datetime import datetime
from typing import Any

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require_person
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import NotAllowed
from channels_platform.lib.names import needed_reason
from leads.locks import lock_referrals
from leads.models import Referral
from leads.services.claims import release_claims
from leads.services.moves import move_referral, require_live
from leads.states import LIVE, ReferralState


@transactional
def withdraw_referral(*, actor: Any, referral: Referral, reason: str = "") -> Referral:
    """Withdraw a live referral; its claims are released at this moment.

    Raises: NotAllowed when it is not live.
    Locks:  the referral.
    Writes: Referral, Claim, audit event `referral.withdrawn`.
    """
    locked = lock_referrals([referral.pk])[referral.pk]
    now = clock.now()
    if locked.state_at(now) not in LIVE:
        raise NotAllowed("only a live referral can be withdrawn")
    return _withdraw(actor, locked, now, reason)


@transactional
def release_referral(*, actor: Any, referral: Referral, reason: str, **facts: Any) -> Referral:
    """Let a live referral's client go for the developer: it is withdrawn, and its phones are free at this moment.

    `facts` go to the event.
    Raises: Forbidden; Invalid `reason_required`; NotAllowed `lapsed`, `expired`, `not_live`.
    Locks:  the referral.
    Writes: Referral, Claim, audit event `referral.withdrawn`.
    """
    require_person(actor, Can.RELEASE_CLIENT)
    reason = needed_reason(reason)
    locked = lock_referrals([referral.pk])[referral.pk]
    now = clock.now()
    require_live(referral=locked, now=now)
    return _withdraw(actor, locked, now, reason, by_developer=True, **facts)


def _withdraw(actor: Any, locked: Referral, now: datetime, reason: str, **facts: Any) -> Referral:
    released = release_claims(referral=locked, now=now)
    move_referral(
        referral=locked,
        to=ReferralState.WITHDRAWN,
        actor=actor,
        now=now,
        reason=reason,
        released=released,
        **facts,
    )
    return locked
