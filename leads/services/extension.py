"""Extending protection: a manager lets a window end later, within its cap."""

from datetime import datetime
from typing import Any

from django.conf import settings

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed
from channels_platform.lib.names import needed_reason
from leads.attribution.extend import extended_end
from leads.attribution.types import Span
from leads.locks import lock_clients
from leads.models import Claim, Referral
from leads.selectors import holding
from leads.services.claims import extend_claims
from leads.services.judging import rules_of
from leads.services.moves import require_live


@transactional
def extend_protection(*, actor: Any, referral: Referral, days: int, reason: str, **facts: Any) -> Referral:
    """Let the window of a live referral end `days` later, at most its cap; its claims end with it.

    A claim that has ended by the clock stays ended, and when a filing lapses does not move. `facts` go to the event.
    Raises: Forbidden; Invalid `reason_required`, `out_of_range`; NotAllowed `lapsed`, `expired`, `not_live`,
            `nothing_to_extend`, `at_cap`.
    Locks:  the referral's phones in the project, the referral.
    Writes: Referral, Claim, audit event `referral.extended`.
    Source: domain 4.1, 4.2.
    """
    require_person(actor, Can.EXTEND_PROTECTION)
    reason = needed_reason(reason)
    require_days(days)
    # Whoever claims a phone closes what is past on it under this lock: a claim cannot end between look and write.
    locked = lock_clients([referral])[referral.pk]
    now = clock.now()
    holds = Claim.objects.filter(holding(now), referral=locked).exists()
    end = later_end(referral=locked, days=days, holds=holds, now=now)
    before = locked.window_ends_at
    extend_claims(referral=locked, ends_at=end, now=now)
    locked.window_ends_at = end
    locked.save(update_fields=["window_ends_at"])
    record(
        "referral.extended",
        actor=actor,
        target=locked,
        project=locked.project_id,
        agency=locked.agency_id,
        reason=reason,
        before={"protected_until": before and before.isoformat()},
        after={"protected_until": end.isoformat(), "days": days, **facts},
    )
    return locked


def require_days(days: int) -> None:
    """Refuse a number of days that one act cannot give.

    Raises: Invalid `out_of_range`.
    """
    if not 1 <= days <= settings.PROTECTION_EXTENSION_DAYS:
        raise Invalid(f"1 to {settings.PROTECTION_EXTENSION_DAYS} days", code="out_of_range", field="days")


def later_end(*, referral: Referral, days: int, holds: bool, now: datetime) -> datetime:
    """Return until when the referral's window would be extended now; `holds`: whether a claim of it holds.

    Raises: NotAllowed `lapsed`, `expired`, `not_live`, `nothing_to_extend`, `at_cap`.
    """
    require_live(referral=referral, now=now)
    start, end = referral.window_starts_at, referral.window_ends_at
    if start is None or end is None or not holds:
        raise NotAllowed("it protects nothing", code="nothing_to_extend")
    later = extended_end(rules=rules_of(referral.policy, referral.project), window=Span(start, end), days=days)
    if later is None:
        raise NotAllowed("the window has reached its cap", code="at_cap")
    return later
