"""Withdrawing a referral: its broker lets the client go."""

from typing import Any

from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import NotAllowed
from leads.locks import lock_referrals
from leads.models import Referral
from leads.services.claims import release_claims
from leads.services.moves import move_referral
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
    released = release_claims(referral=locked, now=now)
    move_referral(referral=locked, to=ReferralState.WITHDRAWN, actor=actor, now=now, reason=reason, released=released)
    return locked
