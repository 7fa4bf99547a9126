"""A broker who left: the open clients go to a colleague, and the agency keeps every one of them."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from brokers.models import Broker
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import TryAgain, transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.notices.services import tell
from leads.locks import lock_keys, lock_referrals, phone_lock_keys
from leads.models import DealShare, Handover, Referral, ReferralPhone
from leads.selectors import live_by_clock
from leads.states import LIVE
from projects.models import Project

INHERITED = "client.inherited"


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
    ids = [one.pk for one in clients]
    with_deal = set(DealShare.objects.filter(referral__in=ids).values_list("referral", flat=True))
    own = Referral.objects.filter(live_by_clock(now), broker=successor).values("pk")
    mine = set(
        ReferralPhone.objects.filter(referral__in=own, phone__isnull=False).values_list("referral__project", "phone")
    )
    known = {
        referral
        for referral, project, phone in ReferralPhone.objects.filter(referral__in=ids, phone__isnull=False).values_list(
            "referral", "referral__project", "phone"
        )
        if (project, phone) in mine
    } - with_deal
    return Succession(
        going=[one for one in clients if one.pk not in with_deal | known],
        had_deal=[one for one in clients if one.pk in with_deal],
        known=[one for one in clients if one.pk in known],
    )


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
    clients = open_clients(left, clock.now())
    phones = ReferralPhone.objects.filter(referral__in=clients, phone__isnull=False)
    keys = {
        one.pk: phone_lock_keys(one.referral.project_id, [one.phone.reveal()])
        for one in phones.select_related("referral", "phone")
        if one.phone is not None
    }
    lock_keys(key for of_phone in keys.values() for key in of_phone)
    locked = lock_referrals([one.pk for one in clients])
    if set(phones.values_list("pk", flat=True)) - set(keys):
        raise TryAgain  # a phone joined a client meanwhile, and is not held
    now = clock.now()
    still = [one for one in locked.values() if one.broker_id == left.pk and one.state_at(now) in LIVE]
    return _sorted_out(still, heir, now)


def _give(actor: Any, referral: Referral, left: Broker, heir: Broker, now: datetime) -> None:
    referral.broker = heir
    referral.save(update_fields=["broker"])
    Handover.objects.create(referral=referral, former=left, successor=heir, by=actor, at=now)
    record(
        "referral.handed_over",
        actor=actor,
        target=referral,
        project=referral.project_id,
        agency=referral.agency_id,
        before={"broker": str(left)},
        after={"broker": str(heir)},
    )
