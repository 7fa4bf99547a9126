"""Reading clients and deals, within what a person may see."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from channels_platform.audit.models import Event
from channels_platform.lib.phones import InvalidPhone, parse_phone
from channels_platform.privacy.services import find_phones
from leads.models import Claim, Deal, DealShare, Dispute, NaturalVisit, Notice, Referral
from leads.states import LIVE, ReferralState, reason_for_agency
from projects.models import Project
from projects.selectors import visible_projects

_LAST_FOUR = re.compile(r"\d{4}")


def live_by_clock(now: datetime, prefix: str = "") -> Q:
    """Return the condition that a referral is live at `now`, whatever the sweep has done."""
    return (
        Q(**{f"{prefix}state__in": list(LIVE)})
        & ~Q(**{f"{prefix}state": ReferralState.FILED, f"{prefix}lapse_at__lte": now})
        & (Q(**{f"{prefix}window_ends_at__isnull": True}) | Q(**{f"{prefix}window_ends_at__gt": now}))
    )


def holding(now: datetime) -> Q:
    """Return the condition that a claim holds its phone at `now`."""
    return Q(live=True, starts_at__lte=now, ends_at__gt=now) & (Q(lapses_at__isnull=True) | Q(lapses_at__gt=now))


def visible_referrals(user: Any) -> QuerySet[Referral]:
    """Return the referrals a person may see.

    Brokers: what they filed; an agency's manager: the agency's; a consultant: own clients; other
    staff: those of their projects.
    """
    referrals = Referral.objects.select_related("project", "policy", "agency", "broker__user", "consultant__user")
    if getattr(user, "is_agency_side", False):
        broker = getattr(user, "broker", None)
        if broker is None:
            return referrals.none()
        return (
            referrals.filter(agency_id=broker.agency_id)
            if user.role == "agency_admin"
            else referrals.filter(broker=broker)
        )
    if user.role == "consultant":
        return referrals.filter(consultant__user=user)
    return _in_projects(referrals, user)


def visible_deals(user: Any) -> QuerySet[Deal]:
    """Return the deals a person may see; agency people those that their referrals have a share of."""
    deals = Deal.objects.select_related("project", "unit", "consultant__user")
    if getattr(user, "is_agency_side", False):
        return deals.filter(
            pk__in=_shares_of(visible_referrals(user)),
        )
    if user.role == "consultant":
        return deals.filter(consultant__user=user)
    return _in_projects(deals, user)


def _shares_of(referrals: QuerySet[Referral]) -> QuerySet[Any]:
    return DealShare.objects.filter(referral__in=referrals.order_by(), ended_at__isnull=True).values("deal_id")


def visible_natural_visits(user: Any) -> QuerySet[NaturalVisit]:
    """Return the natural visits of a member of staff's projects."""
    visits = NaturalVisit.objects.select_related("project", "phone")
    return visits.none() if getattr(user, "is_agency_side", False) else _in_projects(visits, user)


def visible_disputes(user: Any) -> QuerySet[Dispute]:
    """Return the disputes of staff's projects; of an agency for its manager; a broker's own."""
    disputes = Dispute.objects.select_related("project", "agency", "referral", "deal", "raised_by", "decided_by")
    if getattr(user, "is_agency_side", False):
        broker = getattr(user, "broker", None)
        if broker is None:
            return disputes.none()
        of_agency = disputes.filter(agency_id=broker.agency_id)
        return (
            of_agency
            if user.role == "agency_admin"
            else of_agency.filter(Q(raised_by=user) | Q(referral__broker=broker))
        )
    return _in_projects(disputes, user)


def _in_projects(rows: QuerySet[Any], user: Any) -> QuerySet[Any]:
    if getattr(user, "is_superuser", False) or getattr(user, "all_projects", False):
        return rows
    return rows.filter(project__in=visible_projects(user).order_by())


def search_referrals(referrals: QuerySet[Referral], text: str) -> QuerySet[Referral]:
    """Narrow to a number, an exact phone (by the blind index), or the last four digits."""
    text = text.strip()
    if not text:
        return referrals
    if _LAST_FOUR.fullmatch(text):
        return referrals.filter(pk__in=_by_last_four(referrals, text))
    try:
        number = parse_phone(text)
    except InvalidPhone:
        return referrals.filter(number__iexact=text)
    phone = find_phones([number]).get(number)
    return referrals.filter(phones__phone=phone) if phone else referrals.none()


def _by_last_four(referrals: QuerySet[Referral], digits: str) -> QuerySet[Any]:
    return referrals.order_by().filter(Q(phones__masked__endswith=digits)).values("pk")


def live_at(referrals: QuerySet[Referral], now: datetime) -> QuerySet[Referral]:
    """Narrow to those live by the clock."""
    return referrals.filter(live_by_clock(now))


def find_for_reception(*, user: Any, project: Project, text: str) -> QuerySet[Referral]:
    """Return referrals of a project by number, phone or last four digits; newest first.

    Refused filings are left out: there is nothing to confirm.
    """
    found = visible_referrals(user).filter(project=project).exclude(state=ReferralState.REJECTED)
    return search_referrals(found, text) if text.strip() else found.none()


def reason_shown(referral: Referral, user: Any) -> str:
    """Return the reason as this person may read it (domain 4.5)."""
    return reason_for_agency(referral.reason) if getattr(user, "is_agency_side", False) else referral.reason


# What an agency may read of its referral's history; facts beside the state stay inside.
_AGENCY_STEPS = re.compile(r"^referral\.[a-z_]+$|^visit\.refused$")
_AGENCY_FACTS = ("state", "protected_until", "consultant", "phone", "reason", "deal")


def timeline(referral: Referral, *, for_agency: bool) -> list[dict[str, Any]]:
    """Return the steps of a referral, oldest first: `{at, action, facts, actor, reason}`.

    For an agency: no staff names, no written reasons, hidden reasons as `unavailable`.
    """
    events = Event.objects.filter(target_kind=Referral._meta.label_lower, target_id=str(referral.pk))
    steps = []
    for event in events.select_related("actor").order_by("id"):
        facts = dict(event.after)
        if for_agency:
            if not _AGENCY_STEPS.match(event.action) or event.action == "referral.reassigned":
                continue
            facts = {name: facts[name] for name in _AGENCY_FACTS if facts.get(name)}
            if "reason" in facts:
                facts["reason"] = reason_for_agency(facts["reason"])
        steps.append(
            {
                "at": event.at,
                "action": event.action,
                "facts": facts,
                "actor": None if for_agency else event.actor,
                "reason": "" if for_agency else event.reason,
            }
        )
    return steps


def unread_notices(user: Any, now: datetime) -> QuerySet[Notice]:
    """Return a person's reminders of ends still ahead, the nearest first; at most ten."""
    notices = Notice.objects.filter(recipient=user, read_at__isnull=True, due_at__gt=now)
    return notices.select_related("referral__project").order_by("due_at", "pk")[:10]


def claim_spans(referral: Referral, now: datetime) -> list[tuple[Claim, datetime]]:
    """Return the referral's claims with the end of the span actually held, in order of start."""
    claims: Iterable[Claim] = referral.claims.select_related("phone").order_by("starts_at", "id")
    return [(claim, claim.held_until if claim.held_until <= now else _promised_end(claim)) for claim in claims]


def _promised_end(claim: Claim) -> datetime:
    """The end of a claim that still holds: its window's, a lapse not having happened."""
    return claim.ends_at if claim.released_at is None else claim.held_until
