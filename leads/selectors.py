"""Reading clients and deals, within what a person may see."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Right

from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.audit.selectors import events_of
from channels_platform.lib.phones import InvalidPhone, mask, parse_phone
from channels_platform.privacy.services import find_phones
from leads.models import (
    Claim,
    Consultant,
    Deal,
    DealShare,
    Dispute,
    DisputeFile,
    DisputeQuestion,
    DisputeSide,
    NaturalVisit,
    Referral,
    ReferralPhone,
)
from leads.states import LIVE, DealState, DisputeState, Reason, ReferralState, reason_for_agency
from projects.models import Project
from projects.selectors import visible_projects

_LAST_FOUR = re.compile(r"\d{4}")
# How far around a dispute, and among how many, other filings of the same name are looked for.
_AROUND = timedelta(days=183)
_MOST_NAMES = 200
_MOST_OF_DEAL = 20


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


def who_hears_of(referral: Referral) -> list[User]:
    """Return who is told of a client: its broker; of one whose broker has left, the agency's managers."""
    if referral.broker.user.is_active:
        return [referral.broker.user]
    return list(User.objects.filter(role=Role.AGENCY_ADMIN, is_active=True, broker__agency=referral.agency_id))


def filing_in_the_way(referral: Referral, now: datetime) -> Referral | None:
    """Return the broker's live filing that made this one `already_referred`, while it lives."""
    if referral.reason != Reason.ALREADY_REFERRED:
        return None
    live = Referral.objects.filter(live_by_clock(now), broker_id=referral.broker_id, project_id=referral.project_id)
    numbers = referral.phones.filter(phone__isnull=False).values("phone_id")
    return live.filter(phones__phone__in=numbers).order_by("filed_at", "pk").first()


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


def consultants_of(projects: QuerySet[Project]) -> QuerySet[Consultant]:
    """Return who may receive clients on the projects' sites, on duty or not, by project and name."""
    on_site = Consultant.objects.filter(project__in=projects, user__is_active=True)
    return on_site.select_related("user", "project").order_by("project__name", "user__name", "pk")


def consultants_in_charge_of(user: Any) -> QuerySet[Consultant]:
    """Return whose duty a person sees and switches: of staff's projects; a consultant's own."""
    on_site = consultants_of(visible_projects(user).order_by())
    return on_site.filter(user=user) if getattr(user, "role", "") == "consultant" else on_site


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


def visible_cases(user: Any) -> QuerySet[Dispute]:
    """Return the disputes in which an agency is heard: all to its manager, to a broker one's own. Nobody else's.

    What a side may read of one is `case_view`'s business: never the other side's.
    """
    broker = getattr(user, "broker", None) if getattr(user, "is_agency_side", False) else None
    if broker is None:
        return Dispute.objects.none()
    sides = DisputeSide.objects.filter(agency_id=broker.agency_id)
    heard = Q(pk__in=sides.values("dispute"))
    if user.role != "agency_admin":
        own = Q(dispute__raised_by=user, dispute__agency_id=broker.agency_id)
        asked = DisputeQuestion.objects.filter(agency_id=broker.agency_id, referral__broker=broker)
        heard = Q(pk__in=sides.filter(own | Q(referral__broker=broker)).values("dispute"))
        heard |= Q(pk__in=asked.values("dispute"))
    return Dispute.objects.filter(heard).select_related("project", "agency", "referral", "deal", "appeal_of")


def contested_by(dispute: Dispute, user: Any) -> bool:
    """Whether a person reads what was contested: the agency's manager, who wrote it, who has its referral now."""
    broker = user.broker
    if dispute.agency_id != broker.agency_id:
        return False
    if user.role == "agency_admin" or dispute.raised_by_id == user.pk:
        return True
    return DisputeSide.objects.filter(dispute=dispute, agency=broker.agency_id, referral__broker=broker).exists()


def questions_for(dispute: Dispute, user: Any) -> QuerySet[DisputeQuestion]:
    """Return what a person's agency was asked, to a broker what is about a referral they have now, or answered."""
    questions = DisputeQuestion.objects.filter(dispute=dispute, agency=user.broker.agency_id)
    if user.role == "agency_admin":
        return questions
    return questions.filter(Q(referral__isnull=True) | Q(referral__broker=user.broker) | Q(answered_by=user))


def case_files_for(dispute: Dispute, user: Any) -> QuerySet[DisputeFile]:
    """Return the files that a person's own side handed in, as far as they read what these belong to."""
    readable = Q(question__in=questions_for(dispute, user))
    if contested_by(dispute, user):
        readable |= Q(question__isnull=True)
    return DisputeFile.objects.filter(readable, dispute=dispute, agency=user.broker.agency_id)


def is_contested(deal: Deal) -> bool:
    """Whether a dispute that is not decided is about the deal: itself, or through a filing whose client bought."""
    undecided = Dispute.objects.filter(project=deal.project_id).exclude(state=DisputeState.DECIDED)
    return any(deal_of_case(dispute) == deal for dispute in undecided.select_related("referral", "deal"))


def deal_of_case(dispute: Dispute) -> Deal | None:
    """Return the deal that a dispute is about: its own, or the latest live one that a phone of its referral bought."""
    if dispute.deal is not None or dispute.referral is None:
        return dispute.deal
    phones = ReferralPhone.objects.filter(referral=dispute.referral, phone__isnull=False).values("phone")
    bought = Deal.objects.filter(project=dispute.project_id, buyers__phone__in=phones)
    live = bought.exclude(state=DealState.CANCELLED).select_related("project", "unit")
    return live.order_by("-subscribed_at", "-pk").first()


def referrals_of_case(dispute: Dispute) -> list[Referral]:
    """Return the referrals that a dispute concerns: contested, of its sides, and those that have its deal."""
    deal = deal_of_case(dispute)
    concerned = Q(pk=dispute.referral_id) | Q(dispute_sides__dispute=dispute)
    if deal is not None:
        concerned |= Q(shares__deal=deal, shares__ended_at__isnull=True) | Q(pk=deal.visitor_id)
    rows = Referral.objects.filter(concerned).distinct().order_by("filed_at", "pk")
    return list(rows.select_related("project", "policy", "agency", "broker__user", "consultant__user"))


def similar_to_deal(deal: Deal) -> list[Referral]:
    """Return the accepted referrals that a deal may have counted for: its phones', its shares', and the visitor's."""
    phones = deal.buyers.values("phone")
    concerned = Q(pk__in=ReferralPhone.objects.filter(phone__in=phones).values("referral"))
    concerned |= Q(shares__deal=deal) | Q(pk=deal.visitor_id)
    rows = Referral.objects.filter(concerned, project=deal.project_id, filed_at__lte=deal.subscribed_at)
    rows = rows.exclude(state=ReferralState.REJECTED).distinct().order_by("filed_at", "pk").prefetch_related("phones")
    return list(rows.select_related("project", "policy", "agency", "broker__user")[:_MOST_OF_DEAL])


def similar_referrals(dispute: Dispute) -> list[Referral]:
    """Return the project's other referrals with a phone of the case, or filed around it under the same name.

    Names are encrypted: of those that show the same mask, the newest `_MOST_NAMES` within half a year are compared.
    """
    case = referrals_of_case(dispute)
    known = [referral.pk for referral in case]
    phones = set(ReferralPhone.objects.filter(referral__in=known, phone__isnull=False).values_list("phone", flat=True))
    deal = deal_of_case(dispute)
    if deal is not None:
        phones |= set(deal.buyers.values_list("phone_id", flat=True))
    others = Referral.objects.filter(project=dispute.project_id).exclude(pk__in=known)
    others = others.select_related("project", "policy", "agency", "broker__user", "consultant__user")
    same_phone = others.filter(pk__in=ReferralPhone.objects.filter(phone__in=phones).values("referral"))
    names = {str(referral.client_name).casefold() for referral in case} - {""}
    around = (dispute.raised_at - _AROUND, dispute.raised_at + _AROUND)
    masks = {referral.client_masked for referral in case} - {""}
    alike = others.filter(client_masked__in=masks, filed_at__range=around).order_by("-filed_at")[:_MOST_NAMES]
    found = {referral.pk: referral for referral in same_phone.order_by("-filed_at")[:_MOST_NAMES]}
    found |= {referral.pk: referral for referral in alike if str(referral.client_name).casefold() in names}
    return sorted(found.values(), key=lambda referral: (referral.filed_at, referral.pk))


def _in_projects(rows: QuerySet[Any], user: Any) -> QuerySet[Any]:
    if getattr(user, "is_superuser", False) or getattr(user, "all_projects", False):
        return rows
    return rows.filter(project__in=visible_projects(user).order_by())


def search_referrals(referrals: QuerySet[Referral], text: str) -> QuerySet[Referral]:
    """Narrow to a number, an exact phone (by the blind index), or the last four digits.

    Phones are asked for first and alone: among all that a list shows of a referral, the planner would read the table
    through for them.
    """
    text = text.strip()
    if not text:
        return referrals
    if _LAST_FOUR.fullmatch(text):
        ending = referrals.alias(last_four=Right("phones__masked", 4)).filter(last_four=text)
        return referrals.filter(pk__in=_ids(ending))
    try:
        number = parse_phone(text)
    except InvalidPhone:
        return referrals.filter(number=text.upper())
    phone = find_phones([number]).get(number)
    return referrals.filter(pk__in=_ids(referrals.filter(phones__phone=phone))) if phone else referrals.none()


def _ids(referrals: QuerySet[Referral]) -> list[Any]:
    return list(referrals.order_by().values_list("pk", flat=True))


def live_at(referrals: QuerySet[Referral], now: datetime) -> QuerySet[Referral]:
    """Narrow to those live by the clock."""
    return referrals.filter(live_by_clock(now))


def find_for_reception(*, user: Any, project: Project, text: str) -> QuerySet[Referral]:
    """Return referrals of a project by number, phone or last four digits; newest first.

    A full phone also finds the masked filings that it fits. Refused filings are left out: there is nothing to confirm.
    """
    found = visible_referrals(user).filter(project=project).exclude(state=ReferralState.REJECTED)
    if not text.strip():
        return found.none()
    number = full_phone(text)
    if number is None:
        return search_referrals(found, text)
    here = Referral.objects.filter(project=project)
    ids = _ids(here.filter(phones__phone__isnull=True, phones__masked=mask(number)))
    known = find_phones([number]).get(number)
    if known:
        ids += _ids(here.filter(phones__phone=known))
    return found.filter(pk__in=ids)


def full_phone(text: str) -> str | None:
    """Return the E.164 form of a full phone that was typed, None for anything else."""
    if _LAST_FOUR.fullmatch(text.strip()):
        return None
    try:
        return parse_phone(text)
    except InvalidPhone:
        return None


def reason_shown(referral: Referral, user: Any) -> str:
    """Return the reason as this person may read it (domain 4.5)."""
    return reason_for_agency(referral.reason) if getattr(user, "is_agency_side", False) else referral.reason


# What an agency may read of its referral's history; facts beside the state stay inside.
_AGENCY_STEPS = re.compile(r"^referral\.[a-z_]+$|^visit\.refused$")
_AGENCY_FACTS = ("state", "protected_until", "consultant", "phone", "reason", "deal", "by_developer")


def timeline(referral: Referral, *, for_agency: bool) -> list[dict[str, Any]]:
    """Return the steps of a referral, oldest first: `{at, action, facts, actor, reason}`.

    For an agency: no staff names, no written reasons, hidden reasons as `unavailable`.
    """
    steps = []
    for event in events_of(referral).select_related("actor").order_by("id"):
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


def claim_spans(referral: Referral, now: datetime) -> list[tuple[Claim, datetime]]:
    """Return the referral's claims with the end of the span actually held, in order of start."""
    claims: Iterable[Claim] = referral.claims.select_related("phone").order_by("starts_at", "id")
    return [(claim, claim.held_until if claim.held_until <= now else _promised_end(claim)) for claim in claims]


def _promised_end(claim: Claim) -> datetime:
    """The end of a claim that still holds: its window's, a lapse not having happened."""
    return claim.ends_at if claim.released_at is None else claim.held_until
