"""Who on site looks after the client; never a question of who referred it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, F, QuerySet
from django.urls import reverse

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.names import needed_reason
from channels_platform.notices.services import tell
from leads.care import on_duty_at
from leads.locks import lock_referrals
from leads.models import ClientCare, Consultant, DutyShift, Referral
from leads.selectors import live_by_clock
from leads.services.care import attend, give_client
from leads.states import LIVE, Because, ReferralState


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who receives an arriving client, why, and the figures that this rests on."""

    consultant: Consultant | None
    because: Because
    facts: dict[str, int] = field(default_factory=dict)


def receive_client(*, referral: Referral, now: datetime) -> Assignment:
    """Return who receives an arriving client and why, and note it on the referral (the caller saves it).

    Its own consultant if still on duty; else the broker's preferred one if on duty; else of those
    on duty the one with the fewest open clients, ties to the least recently assigned.
    Locks:  the project's consultants on duty.
    Writes: Consultant, ClientCare.
    Source: domain 4.3.
    """
    on_duty = on_duty_at(referral.project, now)
    for wanted, because in (
        (referral.consultant_id, Because.OWN),
        (referral.preferred_consultant_id, Because.PREFERRED),
    ):
        chosen = on_duty.filter(pk=wanted).first() if wanted else None
        if chosen is not None:
            assignment = Assignment(chosen, because)
            break
    else:
        assignment = _least_busy(on_duty, now)
    chosen = assignment.consultant
    if chosen is not None:
        if chosen.pk != referral.consultant_id:
            Consultant.objects.filter(pk=chosen.pk).update(last_assigned_at=now)
            referral.consultant = chosen
        attend(referral=referral, now=now, due_on=clock.local_date(now, referral.project.zone))
    return assignment


def _least_busy(on_duty: QuerySet[Consultant], now: datetime) -> Assignment:
    ids = list(on_duty.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    rows = list(
        Consultant.objects.filter(pk__in=ids)
        .annotate(open_clients=Count("referrals", filter=live_by_clock(now, "referrals__")))
        .order_by("open_clients", F("last_assigned_at").asc(nulls_first=True), "pk")
    )
    if not rows:
        return Assignment(None, Because.NOBODY)
    fewest = rows[0].open_clients
    as_many = sum(one.open_clients == fewest for one in rows)
    because = Because.FEWEST if as_many == 1 else Because.LONGEST_WITHOUT
    return Assignment(rows[0], because, {"clients": fewest, "on_duty": len(rows), "as_many": as_many})


@transactional
def assign_consultant(*, actor: Any, referral: Referral, consultant: Consultant, reason: str) -> Referral:
    """Give the client to another consultant, with a reason.

    Raises: Forbidden; Invalid `reason_required`, `other_project`, `nothing_changed`; NotAllowed `not_live` for a client
            who is neither open nor bought.
    Locks:  the referral.
    Writes: Referral, Consultant, audit event `referral.reassigned`.
    """
    if not (actor.can(Can.CONFIRM_VISIT) or actor.can(Can.OVERRIDE_VISIT)):
        raise Forbidden("only reception and managers assign consultants")
    reason = needed_reason(reason)
    locked = lock_referrals([referral.pk])[referral.pk]
    if locked.state_at(clock.now()) not in (*LIVE, ReferralState.WON):
        raise NotAllowed("the referral is over", code="not_live")
    if consultant.project_id != locked.project_id:
        raise Invalid("the consultant works on another project", code="other_project", field="consultant")
    if consultant.pk == locked.consultant_id:
        raise Invalid("the consultant has the client already", code="nothing_changed", field="consultant")
    give_client(
        "referral.reassigned", actor=actor, referral=locked, consultant=consultant, now=clock.now(), reason=reason
    )
    return locked


def plan_handover(*, leaving: Consultant, receivers: Sequence[Consultant]) -> list[tuple[Consultant, list[Any]]]:
    """Return which clients each receiver would get: in turn, as evenly as can be; open clients and buyers alike."""
    ids = list(
        Referral.objects.filter(consultant=leaving, state__in=[*LIVE, ReferralState.WON])
        .order_by("filed_at", "pk")
        .values_list("pk", flat=True)
    )
    return [(one, ids[place :: len(receivers)]) for place, one in enumerate(receivers)]


def hand_over_clients(*, actor: Any, leaving: Consultant, successor: Consultant, reason: str) -> int:
    """Give all open clients of a consultant who leaves to one successor; return how many. As `share_out_clients`."""
    return share_out_clients(actor=actor, leaving=leaving, receivers=[successor], reason=reason)


@transactional
def share_out_clients(*, actor: Any, leaving: Consultant, receivers: Sequence[Consultant], reason: str) -> int:
    """Give all open clients of a consultant who leaves to others, in turn; return how many.

    The one who leaves goes off duty and out of the roster from today on; all concerned are told.
    Raises: Forbidden; Invalid `other_project`, `reason_required`, `receivers_required`.
    Locks:  the clients' referrals by id.
    Writes: Referral, Consultant, DutyShift, ClientCare, Notice, audit event `consultant.handed_over`.
    """
    require(actor, Can.EDIT_PROJECTS)
    reason = needed_reason(reason)
    if not receivers:
        raise Invalid("nobody receives the clients", code="receivers_required", field="receivers")
    if any(one.project_id != leaving.project_id or one.pk == leaving.pk for one in receivers):
        raise Invalid("a successor is another consultant of the project", code="other_project", field="successor")
    now = clock.now()
    today = clock.local_date(now, leaving.project.zone)
    lock_referrals(
        Referral.objects.filter(consultant=leaving, state__in=[*LIVE, ReferralState.WON]).values_list("pk", flat=True)
    )
    given = plan_handover(leaving=leaving, receivers=receivers)
    for receiver, ids in given:
        Referral.objects.filter(pk__in=ids).update(consultant=receiver)
        # whoever receives a client calls today, and has the days for it that a new client would give
        came = ClientCare.objects.filter(referral__in=ids, referral__first_visited_at__isnull=False)
        came.update(attended_at=now, due_on=today, escalated_at=None)
        _tell_of_handover("consultant.received_clients", actor, leaving, receiver.user, receiver, len(ids))
    moved = sum(len(ids) for _one, ids in given)
    _tell_of_handover("consultant.handed_over", actor, leaving, leaving.user, leaving, moved)
    Consultant.objects.filter(pk=leaving.pk).update(on_duty=False)
    DutyShift.objects.filter(consultant=leaving, day__gte=today).delete()
    record(
        "consultant.handed_over",
        actor=actor,
        target=leaving,
        project=leaving.project_id,
        reason=reason,
        after={"clients": moved, "successors": {str(one): len(ids) for one, ids in given}},
    )
    return moved


def _tell_of_handover(
    kind: str, actor: Any, leaving: Consultant, person: Any, target: Consultant, clients: int
) -> None:
    if clients and (actor is None or person.pk != actor.pk):
        tell(
            kind=kind,
            recipients=[person],
            target=target,
            project=leaving.project,
            facts={"project": leaving.project.name, "leaving": str(leaving), "clients": clients},
            path=reverse("desk:care"),
        )
