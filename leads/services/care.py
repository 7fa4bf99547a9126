"""Looking after clients who came: follow-ups, what is overdue, the pool of those nobody looks after."""

from datetime import date, datetime
from typing import Any

from django.urls import reverse

from channels_platform.accounts.permissions import Can, Role
from channels_platform.accounts.selectors import staff_of
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import one_transaction, transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.names import clean_text
from channels_platform.lib.redaction import redact
from channels_platform.notices.services import tell
from leads.care import overdue_clients, pool_of_project
from leads.locks import lock_referrals
from leads.models import ClientCare, Consultant, FollowUp, Referral
from leads.states import ReferralState
from projects.models import Project

OVERDUE, GIVEN_AWAY = "client.overdue", "client.given_away"
BATCH = 200


def attend(*, referral: Referral, now: datetime, due_on: date | None) -> None:
    """Note that a client is looked after from now, to be in touch with by `due_on`; the caller holds the referral.

    Writes: ClientCare.
    """
    ClientCare.objects.update_or_create(
        referral=referral, defaults={"attended_at": now, "due_on": due_on, "escalated_at": None}
    )


@transactional
def follow_up(*, actor: Any, referral: Referral, grade: str, note: str = "", next_on: date | None = None) -> FollowUp:
    """Write down a contact with a client: what was said, how promising, when next.

    By the client's own consultant, or marketing.
    Raises: Forbidden; Invalid `unknown_choice`, `past`; NotAllowed when the client is no longer open or went
    back to the pool.
    Locks:  the referral.
    Writes: FollowUp, ClientCare, audit event `client.followed_up`.
    """
    require_person(actor, Can.SUBSCRIBE_DEAL)
    locked = lock_referrals([referral.pk])[referral.pk]
    own = locked.consultant is not None and locked.consultant.user_id == actor.pk
    if not (own or actor.can(Can.EDIT_PROJECTS)):
        raise Forbidden("the client is another consultant's")
    now = clock.now()
    if locked.state_at(now) is not ReferralState.VISITED:
        raise NotAllowed("the client is no longer open")
    if pool_of_project(locked.project, now).filter(pk=locked.pk).exists() and not actor.can(Can.EDIT_PROJECTS):
        raise NotAllowed("the client went back to the pool", code="in_pool")
    if grade not in ClientCare.Grade.values:
        raise Invalid("no such grade", code="unknown_choice", field="grade")
    if next_on is not None and next_on < clock.local_date(now, locked.project.zone):
        raise Invalid("the next contact is ahead", code="past", field="next_on")
    kept = FollowUp(referral=locked, by=actor, at=now, note=redact(clean_text(note)), grade=grade, next_on=next_on)
    kept.save(force_insert=True)
    attend(referral=locked, now=now, due_on=next_on)
    ClientCare.objects.filter(referral=locked).update(grade=grade)
    record(
        "client.followed_up",
        actor=actor,
        target=locked,
        project=locked.project_id,
        after={"grade": grade, "next_on": next_on.isoformat() if next_on else None},
    )
    return kept


@transactional
def take_client(*, actor: Any, referral: Referral) -> Referral:
    """Let a consultant take a client out of the pool of a site they work on; of two at once, one does.

    Raises: Forbidden; NotAllowed `not_in_pool` when somebody looks after the client.
    Locks:  the referral.
    Writes: Referral, Consultant, ClientCare, Notice, audit event `client.taken`.
    """
    require_person(actor, Can.TAKE_CLIENT)
    taker = Consultant.objects.select_related("user").filter(user=actor, project_id=referral.project_id).first()
    if taker is None:
        raise Forbidden("only consultants of the site take clients")
    locked = lock_referrals([referral.pk])[referral.pk]
    now = clock.now()
    if not pool_of_project(locked.project, now).filter(pk=locked.pk).exists():
        raise NotAllowed("somebody looks after the client", code="not_in_pool")
    give_client("client.taken", actor=actor, referral=locked, consultant=taker, now=now)
    return locked


def give_client(
    action: str, *, actor: Any, referral: Referral, consultant: Consultant, now: datetime, reason: str = ""
) -> None:
    """Give a client to another consultant, who is to call today one who came; the caller holds the referral.

    The former consultant is told; the new one hears of it from the trail.
    Writes: Referral, Consultant, ClientCare, Notice, Delivery, the audit event `action`.
    """
    former = referral.consultant
    referral.consultant = consultant
    referral.save(update_fields=["consultant"])
    Consultant.objects.filter(pk=consultant.pk).update(last_assigned_at=now)
    if referral.state == ReferralState.VISITED:
        attend(referral=referral, now=now, due_on=clock.local_date(now, referral.project.zone))
    record(
        action,
        actor=actor,
        target=referral,
        project=referral.project_id,
        agency=referral.agency_id,
        before={"consultant": str(former) if former else None},
        after={"consultant": str(consultant)},
        reason=reason,
    )
    if former is not None and (actor is None or former.user_id != actor.pk):
        tell(
            kind=GIVEN_AWAY,
            recipients=[former.user],
            target=referral,
            project=referral.project,
            facts={"project": referral.project.name, "consultant": str(referral.consultant)},
            path=reverse("desk:care"),
        )


def escalate_overdue() -> dict[str, int]:
    """Tell the projects' managers of clients whose day went by without a contact; each once.

    Shape:  {"told"}: how many clients.
    Locks:  their care, skipping what others hold.
    Writes: ClientCare, Notice, Delivery.
    Source: domain 7.
    """
    told = 0
    for project in Project.objects.exclude(status=Project.Status.CLOSED).order_by("pk"):
        while done := one_transaction(lambda project=project: _escalate(project)):  # type: ignore[misc]
            told += done
            if done < BATCH:
                break
    return {"told": told}


def _escalate(project: Project) -> int:
    now = clock.now()
    late = overdue_clients(project, now).filter(care__escalated_at__isnull=True).values("pk")
    rows = ClientCare.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        referral__in=late, escalated_at__isnull=True
    )
    found = list(rows.select_related("referral__consultant__user").order_by("pk")[:BATCH])
    managers = list(staff_of([project], [Role.MARKETING_MANAGER]))
    for care in found:
        tell(
            kind=OVERDUE,
            recipients=managers,
            target=care.referral,
            project=project,
            facts={"project": project.name, "consultant": str(care.referral.consultant)},
            path=reverse("desk:referral", args=[care.referral_id]),
            once=f"{care.referral_id}:{care.due_on}",
        )
    ClientCare.objects.filter(pk__in=[care.pk for care in found]).update(escalated_at=now)
    return len(found)
