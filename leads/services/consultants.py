"""Who on site looks after the client; never a question of who referred it."""

from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q

from channels_platform.accounts.permissions import Can
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid
from leads.locks import lock_referrals
from leads.models import Consultant, Referral
from leads.selectors import live_by_clock
from leads.states import LIVE


def receive_client(*, referral: Referral, now: datetime) -> Consultant | None:
    """Return who receives an arriving client, and note it on the referral (the caller saves it).

    Its own consultant if still on duty; else the broker's preferred one if on duty; else of those
    on duty the one with the fewest open clients, ties to the least recently assigned.
    Locks:  the project's consultants on duty.
    Writes: Consultant.
    Source: domain 4.3.
    """
    on_duty = Q(project_id=referral.project_id, on_duty=True, user__is_active=True)
    for wanted in (referral.consultant_id, referral.preferred_consultant_id):
        chosen = Consultant.objects.filter(on_duty, pk=wanted).first() if wanted else None
        if chosen is not None:
            break
    else:
        chosen = _least_busy(on_duty, now)
    if chosen is not None and chosen.pk != referral.consultant_id:
        Consultant.objects.filter(pk=chosen.pk).update(last_assigned_at=now)
        referral.consultant = chosen
    return chosen


def _least_busy(on_duty: Q, now: datetime) -> Consultant | None:
    ids = list(
        Consultant.objects.select_for_update(of=("self",)).filter(on_duty).order_by("pk").values_list("pk", flat=True)
    )
    return (
        Consultant.objects.filter(pk__in=ids)
        .annotate(open_clients=Count("referrals", filter=live_by_clock(now, "referrals__")))
        .order_by("open_clients", F("last_assigned_at").asc(nulls_first=True), "pk")
        .first()
    )


@transactional
def assign_consultant(*, actor: Any, referral: Referral, consultant: Consultant, reason: str) -> Referral:
    """Give the client to another consultant, with a reason.

    Raises: Forbidden; Invalid `reason_required`, `other_project`.
    Locks:  the referral.
    Writes: Referral, Consultant, audit event `referral.reassigned`.
    """
    if not (actor.can(Can.CONFIRM_VISIT) or actor.can(Can.OVERRIDE_VISIT)):
        raise Forbidden("only reception and managers assign consultants")
    if not reason.strip():
        raise Invalid("a reason is needed", code="reason_required", field="reason")
    locked = lock_referrals([referral.pk])[referral.pk]
    if consultant.project_id != locked.project_id:
        raise Invalid("the consultant works on another project", code="other_project", field="consultant")
    before = str(locked.consultant) if locked.consultant_id else None
    locked.consultant = consultant
    locked.save(update_fields=["consultant"])
    Consultant.objects.filter(pk=consultant.pk).update(last_assigned_at=clock.now())
    record(
        "referral.reassigned",
        actor=actor,
        target=locked,
        project=locked.project_id,
        agency=locked.agency_id,
        before={"consultant": before},
        after={"consultant": str(consultant)},
        reason=reason,
    )
    return locked


@transactional
def hand_over_clients(*, actor: Any, leaving: Consultant, successor: Consultant, reason: str) -> int:
    """Give all open clients of a consultant who leaves to a successor; return how many.

    Raises: Invalid `other_project`, `reason_required`.
    Locks:  the clients' referrals by id.
    Writes: Referral, Consultant, audit event `consultant.handed_over`.
    """
    if not reason.strip():
        raise Invalid("a reason is needed", code="reason_required", field="reason")
    if leaving.project_id != successor.project_id or leaving.pk == successor.pk:
        raise Invalid("a successor is another consultant of the project", code="other_project", field="successor")
    open_ids = Referral.objects.filter(consultant=leaving, state__in=[*LIVE, "won"]).values_list("pk", flat=True)
    ids = list(lock_referrals(list(open_ids)))
    moved = Referral.objects.filter(pk__in=ids).update(consultant=successor)
    Consultant.objects.filter(pk=leaving.pk).update(on_duty=False)
    record(
        "consultant.handed_over",
        actor=actor,
        target=leaving,
        project=leaving.project_id,
        reason=reason,
        after={"successor": str(successor), "clients": moved},
    )
    return moved
