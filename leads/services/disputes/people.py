"""Who judges a dispute, who is heard in it, and who is told of its steps."""

import re
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q, prefetch_related_objects
from django.urls import reverse

from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Can, Role
from channels_platform.accounts.selectors import staff_of
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.models import Event
from channels_platform.lib.errors import Forbidden, Invalid
from channels_platform.lib.redaction import redact
from channels_platform.notices.services import tell
from leads.models import (
    Deal,
    DealShare,
    Dispute,
    DisputeQuestion,
    DisputeSide,
    NaturalVisit,
    Referral,
    ReferralPhone,
    Visit,
)
from leads.selectors import referrals_of_case, similar_referrals
from projects.models import Project


def require_impartial(actor: Any, *, referrals: Collection[Referral], deal: Deal | None) -> None:
    """Refuse who may not decide at all, and who belongs to the case.

    Raises: Forbidden, also `belongs_to_case`.
    """
    require_person(actor, Can.DECIDE_DISPUTE)
    if part_in_case(actor, referrals=referrals, deal=deal):
        raise Forbidden("who took part in the case does not judge it", code="belongs_to_case")


def require_speaker(actor: Any, agency: Any) -> None:
    """Refuse who does not speak for the agency.

    Raises: Forbidden.
    """
    require_person(actor, Can.RAISE_DISPUTE)
    broker = getattr(actor, "broker", None)
    if broker is None or broker.agency_id != agency.pk:
        raise Forbidden("an agency's own people speak for it")


def part_in_case(person: Any, *, referrals: Collection[Referral], deal: Deal | None) -> str:
    """Return how a person belongs to the case (`recruited`, `filed`, `received`, `consultant`), '' if not at all."""
    ids = [referral.pk for referral in referrals]
    phones = Q(phone__in=ReferralPhone.objects.filter(referral__in=ids, phone__isnull=False).values("phone"))
    filed = Event.objects.filter(
        actor=person,
        target_kind=Referral._meta.label_lower,
        target_id__in=[str(pk) for pk in ids],
        action__in=["referral.filed", "referral.rejected"],
    )
    parts = {
        "recruited": Referral.objects.filter(
            Q(broker__recruited_by=person) | Q(handovers__former__recruited_by=person), pk__in=ids
        ),
        "filed": filed,
        "received": Visit.objects.filter(referral__in=ids, received_by=person),
        "received_walk_in": NaturalVisit.objects.filter(
            phones, project__in=[referral.project_id for referral in referrals], recorded_by=person
        ),
        "consultant": Visit.objects.filter(referral__in=ids, consultant__user=person),
        "consultant_now": Referral.objects.filter(pk__in=ids, consultant__user=person),
    }
    if deal is not None:
        parts["consultant_of_deal"] = Deal.objects.filter(pk=deal.pk, consultant__user=person)
    return next((part for part, rows in parts.items() if rows.exists()), "")


def add_sides(dispute: Dispute, sides: Iterable[tuple[Any, Referral | None]], now: datetime) -> None:
    """Hear agencies in the dispute: (agency or its id, its referral); who is heard already stays as they are.

    Writes: DisputeSide.
    """
    rows = [
        DisputeSide(dispute=dispute, agency_id=getattr(agency, "pk", agency), referral=referral, since=now)
        for agency, referral in sides
    ]
    DisputeSide.objects.bulk_create(rows, ignore_conflicts=True)


def holders_of(deal: Deal) -> list[tuple[Any, Referral | None]]:
    """Return the agencies that have a part of the deal now, each with its referral."""
    held = DealShare.objects.filter(deal=deal, ended_at__isnull=True).select_related("referral").order_by("pk")
    return [(share.referral.agency_id, share.referral) for share in held]


def require_discreet(text: str, *, dispute: Dispute, reader: Any = None, field: str) -> None:
    """Refuse a text for a side that names somebody else's client: a phone, a name, a number, an agency.

    `reader`: the agency it is for, whose own names may stand in it; None where every side reads it.
    Raises: Invalid `names_phone`, `names_client`.
    """
    if redact(text) != text:
        raise Invalid("a phone stands in the text", code="names_phone", field=field)
    lowered = text.casefold()
    known = [*referrals_of_case(dispute), *similar_referrals(dispute)]
    prefetch_related_objects(known, "handovers__former__user")
    own = {name for referral in known if referral.agency_id == getattr(reader, "pk", None) for name in _names(referral)}
    if any(_stands_in(lowered, name) for referral in known for name in _names(referral) - own):
        raise Invalid("the text names somebody's client, filing or agency", code="names_client", field=field)


def _names(referral: Referral) -> set[str]:
    brokers = [referral.broker, *(handover.former for handover in referral.handovers.all())]
    names = (str(referral.client_name), referral.number, referral.agency.name, *map(str, brokers))
    return {name.casefold() for name in names}


def _stands_in(text: str, name: str) -> bool:
    """Whether a name stands in a text: as a word of its own, where words have ends."""
    if len(name) < 2:
        return False
    ends = r"\b" if name.isascii() else ""
    return re.search(f"{ends}{re.escape(name)}{ends}", text) is not None


# ---- telling ----


def managers_of(project: Project) -> list[User]:
    """Return who decides disputes of a project."""
    return list(staff_of([project], [Role.MARKETING_MANAGER]))


def people_of(side: DisputeSide, dispute: Dispute) -> list[User]:
    """Return who hears of a dispute for a side: its managers, brokers of its referrals in the case, who contested."""
    asked = DisputeQuestion.objects.filter(dispute=dispute, agency=side.agency_id, referral__isnull=False)
    concerned = Q(role=Role.AGENCY_ADMIN) | Q(broker__in=asked.values("referral__broker"))
    if side.referral is not None:
        concerned |= Q(broker=side.referral.broker_id)
    if dispute.agency_id == side.agency_id:
        concerned |= Q(pk=dispute.raised_by_id)
    return list(User.objects.filter(concerned, broker__agency=side.agency_id, is_active=True).distinct())


def tell_managers(kind: str, dispute: Dispute, *, besides: Collection[Any] = (), only: Any = None) -> None:
    """Tell the project's managers of a step, but not those who made it or may not judge.

    Writes: Notice, Delivery.
    """
    people = [only] if only is not None else managers_of(dispute.project)
    left_out = {person.pk for person in besides if person is not None}
    tell(
        kind=kind,
        recipients=[person for person in people if person.pk not in left_out],
        target=dispute,
        project=dispute.project,
        facts={"project": dispute.project.name},
        path=reverse("admin:leads_dispute_change", args=[dispute.pk]),
    )


def tell_sides(kind: str, dispute: Dispute, *, besides: Any = None) -> None:
    """Tell the sides of a step, but not who made it.

    Writes: Notice, Delivery.
    """
    for side in dispute.sides.select_related("referral", "agency"):
        _tell_side(kind, dispute, [person for person in people_of(side, dispute) if person != besides])


def tell_asked(question: DisputeQuestion) -> None:
    """Tell those who may answer a question: the agency's managers, and who has the referral it is about.

    Writes: Notice, Delivery.
    """
    concerned = Q(role=Role.AGENCY_ADMIN)
    if question.referral is not None:
        concerned |= Q(broker=question.referral.broker_id)
    people = User.objects.filter(concerned, broker__agency=question.agency_id, is_active=True)
    _tell_side("dispute.asked", question.dispute, people, due_at=question.due_at)


def _tell_side(kind: str, dispute: Dispute, people: Iterable[User], due_at: datetime | None = None) -> None:
    tell(
        kind=kind,
        recipients=people,
        target=dispute,
        project=dispute.project,
        facts={"project": dispute.project.name},
        path=reverse("portal:dispute", args=[dispute.pk]),
        due_at=due_at,
    )
