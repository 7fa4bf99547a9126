"""Clients that go to a colleague, of a broker who left or by staff's hand: the agency keeps every one of them."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from brokers.models import Broker
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.names import needed_reason
from channels_platform.notices.services import tell
from leads.locks import lock_clients
from leads.models import DealShare, Handover, Referral, ReferralPhone
from leads.selectors import live_by_clock
from leads.services.moves import require_live
from leads.states import LIVE
from projects.models import Project

INHERITED = "client.inherited"
# A phone in a project, by their keys.
Phoned = tuple[UUID, int]


@dataclass(frozen=True, slots=True)
class Succession:
    """Which open clients of a broker who left would go to a successor, and which stay, with why."""

    going: list[Referral]
    had_deal: list[Referral]
    known: list[Referral]

    def by_project(self) -> list[tuple[Project, int]]:
        projects = {one.project_id: one.project for one in self.going}
        counts = Counter(one.project_id for one in self.going)
        return sorted(((projects[pk], n) for pk, n in counts.items()), key=lambda row: row[0].name)


def open_clients(former: Broker, now: datetime) -> list[Referral]:
    """Return a broker's referrals that are live by the clock, oldest first."""
    live = Referral.objects.filter(live_by_clock(now), broker=former, agency=former.agency_id)
    return list(live.select_related("project").order_by("filed_at", "pk"))


def successors(former: Broker) -> Any:
    """Return who may take over: active brokers of the same agency."""
    others = Broker.objects.filter(agency=former.agency_id, is_active=True, user__is_active=True).exclude(pk=former.pk)
    return others.select_related("user").order_by("user__name", "pk")


def plan_succession(*, former: Broker, successor: Broker, now: datetime | None = None) -> Succession:
    """Return what `hand_over_to_successor` would do now.

    A client whose deal was made and undone stays: commission of it was reckoned to the one who left. So does a
    client that the successor has a live filing of in the project: nobody holds two (check 8 of domain 4.2).
    """
    now = now or clock.now()
    return _sorted_out(open_clients(former, now), successor, now)


def _sorted_out(clients: Collection[Referral], successor: Broker, now: datetime) -> Succession:
    with_deal = had_deal(clients)
    mine = live_phones(successor, now)
    known = {pk for pk, phones in phones_of(clients).items() if phones & mine} - with_deal
    return Succession(
        going=[one for one in clients if one.pk not in with_deal | known],
        had_deal=[one for one in clients if one.pk in with_deal],
        known=[one for one in clients if one.pk in known],
    )


def had_deal(clients: Iterable[Referral]) -> set[UUID]:
    """Return which clients had a deal, also a cancelled one."""
    shares = DealShare.objects.filter(referral__in=[one.pk for one in clients])
    return set(shares.values_list("referral", flat=True))


def live_phones(broker: Broker, now: datetime) -> set[Phoned]:
    """Return the phones that a broker's live clients have, each with its project."""
    own = Referral.objects.filter(live_by_clock(now), broker=broker).values("pk")
    rows = ReferralPhone.objects.filter(referral__in=own, phone__isnull=False)
    return set(rows.values_list("referral__project", "phone"))


def phones_of(clients: Iterable[Referral]) -> dict[UUID, set[Phoned]]:
    """Return the full phones of each client, with its project."""
    found: dict[UUID, set[Phoned]] = {one.pk: set() for one in clients}
    rows = ReferralPhone.objects.filter(referral__in=list(found), phone__isnull=False)
    for referral, project, phone in rows.values_list("referral", "referral__project", "phone"):
        found[referral].add((project, phone))
    return found


@transactional
def hand_over_to_successor(*, actor: Any, former: Broker, successor: Broker) -> int:
    """Give all open clients of a broker who left to a colleague; return how many.

    The agency keeps the referrals and their protection; what was filed, visited and earned before stays as it is.
    Raises: Forbidden; Invalid `bad_successor`; NotAllowed `still_active`, `nothing_to_hand_over`.
    Locks:  both brokers, the clients' phones in their projects, the referrals by id.
    Writes: Referral, Handover, Notice, Delivery, audit event `referral.handed_over` for each.
    Source: domain 4.3.
    """
    require_person(actor, Can.EDIT_OWN_BROKERS)
    head = getattr(actor, "broker", None)
    if head is None or head.agency_id != former.agency_id:
        raise Forbidden("the agency is not yours")
    both = Broker.objects.select_for_update(no_key=True, of=("self",)).select_related("user")
    people = {one.pk: one for one in both.filter(pk__in=[former.pk, successor.pk]).order_by("pk")}
    left, heir = people[former.pk], people[successor.pk]
    if heir.pk == left.pk or heir.agency_id != left.agency_id or not (heir.is_active and heir.user.is_active):
        raise Invalid("only an active colleague takes over", code="bad_successor", field="successor")
    if left.is_active:
        raise NotAllowed("the broker has not left", code="still_active")
    plan = _locked_plan(left, heir)
    now = clock.now()
    for referral in plan.going:
        _give(actor, referral, left, heir, now)
    if not plan.going:
        raise NotAllowed("there is nothing to hand over", code="nothing_to_hand_over")
    if heir.user_id != actor.pk:
        tell(
            kind=INHERITED,
            recipients=[heir.user],
            target=heir,
            facts={"broker": str(left), "n": len(plan.going)},
            path=reverse("portal:referrals"),
        )
    return len(plan.going)


def _locked_plan(left: Broker, heir: Broker) -> Succession:
    """Hold the clients' phones, so that the heir files none of them meanwhile, and the clients themselves."""
    locked = lock_clients(open_clients(left, clock.now()))
    now = clock.now()
    still = [one for one in locked.values() if one.broker_id == left.pk and one.state_at(now) in LIVE]
    return _sorted_out(still, heir, now)


@transactional
def transfer_client(*, actor: Any, referral: Referral, receiver: Broker, reason: str, **facts: Any) -> Referral:
    """Give a live client to another active broker of its agency, for the developer; the agency keeps it.

    `facts` go to the event.
    Raises: Forbidden; Invalid `reason_required`, `bad_receiver`; NotAllowed as `require_transferable`.
    Locks:  the receiver, the client's phones in the project, the referral.
    Writes: Referral, Handover, audit event `referral.handed_over`.
    Source: domain 4.3.
    """
    require_person(actor, Can.TRANSFER_CLIENT)
    reason = needed_reason(reason)
    heir = Broker.objects.select_for_update(no_key=True, of=("self",)).select_related("user").get(pk=receiver.pk)
    if not (heir.is_active and heir.user.is_active):
        raise Invalid("only an active broker receives clients", code="bad_receiver", field="receiver")
    locked = lock_clients([referral])[referral.pk]
    now = clock.now()
    require_transferable(
        referral=locked,
        receiver=heir,
        had_deal=bool(had_deal([locked])),
        known=bool(phones_of([locked])[locked.pk] & live_phones(heir, now)),
        now=now,
    )
    _give(actor, locked, locked.broker, heir, now, reason=reason, **facts)
    return locked


def require_transferable(*, referral: Referral, receiver: Broker, had_deal: bool, known: bool, now: datetime) -> None:
    """Refuse a client that does not go to this receiver now; `known`: the receiver has a live client with its phone.

    Raises: NotAllowed `lapsed`, `expired`, `not_live`, `other_agency`, `already_theirs`, `had_deal`, `receiver_has_it`.
    """
    require_live(referral=referral, now=now)
    if referral.agency_id != receiver.agency_id:
        raise NotAllowed("the receiver works for another agency", code="other_agency")
    if referral.broker_id == receiver.pk:
        raise NotAllowed("the receiver has the client already", code="already_theirs")
    if had_deal:
        raise NotAllowed("the client had a deal", code="had_deal")
    if known:
        raise NotAllowed("the receiver has a live client with this phone", code="receiver_has_it")


def _give(
    actor: Any, referral: Referral, left: Broker, heir: Broker, now: datetime, reason: str = "", **facts: Any
) -> None:
    referral.broker = heir
    referral.save(update_fields=["broker"])
    Handover.objects.create(referral=referral, former=left, successor=heir, by=actor, at=now)
    record(
        "referral.handed_over",
        actor=actor,
        target=referral,
        project=referral.project_id,
        agency=referral.agency_id,
        reason=reason,
        before={"broker": str(left)},
        after={"broker": str(heir), **facts},
    )
