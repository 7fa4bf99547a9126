"""The broker's word that the client is at the door. Reception's confirmation alone counts (domain 4.3)."""

from typing import Any

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, NotAllowed
from leads.locks import lock_referrals
from leads.models import Referral, ToldArrival
from leads.selectors import visible_referrals
from leads.states import LIVE


@transactional
def tell_arrival(*, actor: Any, referral: Referral) -> ToldArrival:
    """Keep that the broker says the client has arrived; a second time the same day is the first.

    Raises: Forbidden for who may not see the referral; NotAllowed `not_live`, `already_today` where reception has
            confirmed.
    Locks:  the referral.
    Writes: ToldArrival, audit event `referral.arrival_told`.
    """
    require(actor, Can.FILE_REFERRAL)
    if actor is not None and not visible_referrals(actor).order_by().filter(pk=referral.pk).exists():
        raise Forbidden("somebody else's client")
    own = lock_referrals([referral.pk])[referral.pk]
    now = clock.now()
    local_on = clock.local_date(now, own.project.zone)
    told = ToldArrival.objects.filter(referral=own, local_on=local_on).first()
    if told is not None:
        return told
    if own.state_at(now) not in LIVE:
        raise NotAllowed("the referral is no longer live", code="not_live")
    if own.visits.filter(confirmed=True, local_on=local_on).exists():
        raise NotAllowed("reception has confirmed the arrival already", code="already_today")
    told = ToldArrival(referral=own, project_id=own.project_id, local_on=local_on, told_at=now, told_by=actor)
    told.save(force_insert=True)
    record("referral.arrival_told", actor=actor, target=own, project=own.project_id, agency=own.agency_id, after={})
    return told
