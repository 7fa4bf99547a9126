"""Individuals: signing up alone, and being confirmed by staff, in bulk or by rule."""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from brokers.models import Broker, Individual, RecruitingLink
from brokers.selectors import link_is_open
from brokers.services.agencies import create_broker
from brokers.states import IndividualState, Relation
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed, Refused
from channels_platform.lib.names import clean_text
from channels_platform.lib.phones import parse_phone
from channels_platform.notices.services import tell
from channels_platform.privacy.models import Phone
from channels_platform.privacy.services import keep_phones

# a second tap, or a reload where the network went away, is the same sign-up
SAME_WITHIN = timedelta(minutes=30)


@transactional
def sign_up(
    *, link: RecruitingLink, name: str, phone: str, relation: str, password: str, detail: str = ""
) -> Individual:
    """Keep who signs up by a link, from outside: an account that may look and not yet file.

    The same person signing up again at once, with the same password, gets the same account.
    Raises: NotAllowed `link_closed`; InvalidPhone; Invalid `unknown_choice`, `detail_required`; ValidationError.
    Locks:  the phone.
    Writes: User, Broker, Individual, Phone, audit events `broker.created`, `individual.signed_up`.
    """
    if not link_is_open(link):
        raise NotAllowed("nobody signs up by this link any more", code="link_closed")
    if relation not in set(Relation):
        raise Invalid("no such relation", code="unknown_choice", field="relation")
    detail = clean_text(detail)
    if not detail and relation != Relation.STAFF:
        raise Invalid("say which home or company", code="detail_required", field="detail")
    number = parse_phone(phone)
    kept = keep_phones([number])[number]
    Phone.objects.select_for_update().get(pk=kept.pk)
    again = _again(link, kept, password)
    if again is not None:
        return again
    broker = create_broker(
        actor=None,
        agency=link.programme.agency,
        username=_username(),
        name=clean_text(name),
        password=password,
        recruited_by=link.recruiter,
        active=False,
    )
    individual = Individual(
        broker=broker, link=link, relation=relation, detail=detail, phone=kept, signed_up_at=clock.now()
    )
    individual.full_clean()
    individual.save(force_insert=True)
    _note("individual.signed_up", None, individual, after={"relation": relation, "link": link.code})
    return individual


def _again(link: RecruitingLink, phone: Phone, password: str) -> Individual | None:
    just_now = Individual.objects.select_related("broker__user").filter(
        phone=phone, link=link, state=IndividualState.WAITING, signed_up_at__gt=clock.now() - SAME_WITHIN
    )
    return next((one for one in just_now if one.broker.user.check_password(password)), None)


def _username() -> str:
    """Return a user name that says nothing of its person: it stands in the audit trail."""
    while True:
        name = f"p{secrets.randbelow(10**8):08d}"
        if not User.objects.filter(username=name).exists():
            return name


@transactional
def confirm_individuals(*, actor: Any, individuals: Iterable[Individual]) -> dict[Individual, str]:
    """Confirm people by hand; return for each the code of what stood in the way, or ''.

    Raises: Forbidden.
    Locks:  each individual and its phone, in order of id.
    Writes: Individual, Broker, User, audit event `individual.confirmed`; tells the person and who recruited them.
    """
    require_person(actor, Can.EDIT_AGENCIES)
    return {one: _outcome(one, actor=actor, by_rule=False) for one in _in_order(individuals)}


@transactional
def confirm_by_rule(*, individuals: Iterable[Individual]) -> int:
    """Confirm those whose relation the records bear out, where their programme says so; return how many.

    Who says what bears them out is the caller (leads.services.individuals); a phone not proven never passes.
    Locks, Writes: as `confirm_individuals`.
    """
    return sum(_outcome(one, actor=None, by_rule=True) == "" for one in _in_order(individuals))


def _in_order(individuals: Iterable[Individual]) -> list[Individual]:
    return sorted(individuals, key=lambda one: one.pk)


def _outcome(individual: Individual, *, actor: Any, by_rule: bool) -> str:
    try:
        with transaction.atomic():
            _confirm(individual, actor=actor, by_rule=by_rule)
    except Refused as refused:
        return refused.code
    return ""


def _confirm(individual: Individual, *, actor: Any, by_rule: bool) -> None:
    stored = _locked(individual, IndividualState.WAITING)
    if by_rule and stored.phone_proven_at is None:
        raise NotAllowed("the phone is not proven", code="phone_not_proven")
    claim_phone(stored)
    user = stored.broker.user
    user.phone = stored.phone
    user.save(update_fields=["phone", "sign_in_phone"])
    Broker.objects.filter(pk=stored.broker_id).update(is_active=True)
    stored.state, stored.by_rule = IndividualState.CONFIRMED, by_rule
    stored.decided_by, stored.decided_at = actor, clock.now()
    stored.save(update_fields=["state", "by_rule", "decided_by", "decided_at"])
    _note("individual.confirmed", actor, stored, after={"by_rule": by_rule})
    project = stored.link.programme.project
    facts = {"project": project.name}
    tell(
        kind="individual.confirmed",
        recipients=[user],
        project=project,
        facts=facts,
        path=reverse("portal:home"),
        once=str(stored.pk),
    )
    if stored.broker.recruited_by is not None:
        tell(
            kind="individual.recruited",
            recipients=[stored.broker.recruited_by],
            target=stored,
            project=project,
            facts=facts,
            path=reverse("recruit"),
            once=str(stored.pk),
        )


def claim_phone(individual: Individual) -> None:
    """Make the phone the one the person signs in with (unsaved); the caller holds the phone.

    Who was declined or disabled signs in with it no more from then on.
    Raises: Invalid `phone_taken` where another account, or another broker, has it.
    Writes: User, of who had it before.
    """
    others = User.objects.exclude(pk=individual.broker.user_id)
    gone = Q(is_active=False) | Q(broker__individual__state=IndividualState.DECLINED)
    others.filter(gone, sign_in_phone=individual.phone).update(sign_in_phone=None)
    taken = others.filter(sign_in_phone=individual.phone).exists()
    if taken or others.filter(phone=individual.phone, is_active=True, broker__is_active=True).exists():
        raise Invalid("the phone belongs to another account", code="phone_taken", field="phone")
    individual.broker.user.sign_in_phone = individual.phone


@transactional
def decline_individuals(*, actor: Any, individuals: Iterable[Individual], reason: str) -> dict[Individual, str]:
    """Decline people, with a reason that they read; return for each what stood in the way, or ''.

    They read it on signing in, with a phone that they have proven until someone else proves it.
    Raises: Forbidden; Invalid `reason_required`.
    Locks:  each individual, in order of id.
    Writes: Individual, audit event `individual.declined`.
    """
    require_person(actor, Can.EDIT_AGENCIES)
    if not clean_text(reason):
        raise Invalid("a reason is needed", code="reason_required", field="reason")
    outcomes: dict[Individual, str] = {}
    for individual in _in_order(individuals):
        try:
            stored = _locked(individual, IndividualState.WAITING)
        except NotAllowed as moved:
            outcomes[individual] = moved.code
            continue
        stored.state, stored.reason = IndividualState.DECLINED, clean_text(reason)
        stored.decided_by, stored.decided_at = actor, clock.now()
        stored.save(update_fields=["state", "reason", "decided_by", "decided_at"])
        _note("individual.declined", actor, stored, reason=reason)
        outcomes[individual] = ""
    return outcomes


@transactional
def forget_individuals() -> int:
    """Erase people declined longer than PERSONAL_DATA_DAYS ago, who filed nothing; return how many.

    The phone goes with the next sweep of phones.
    Locks:  the individuals, skipping those that others hold.
    Writes: Individual, User.
    Source: domain 7.
    """
    oldest = clock.now() - timedelta(days=settings.PERSONAL_DATA_DAYS)
    old = Individual.objects.filter(
        state=IndividualState.DECLINED, decided_at__lt=oldest, erased_at__isnull=True
    ).select_for_update(skip_locked=True, of=("self",))
    ids = list(old.values_list("pk", flat=True))
    people = User.objects.filter(broker__individual__in=ids)
    people.update(name="", is_active=False, phone=None, sign_in_phone=None)
    return Individual.objects.filter(pk__in=ids).update(detail="", reason="", erased_at=clock.now())


def _locked(individual: Individual, state: IndividualState) -> Individual:
    """Return the individual as stored, with its phone held: two with one phone wait for one another."""
    rows = Individual.objects.select_related(
        "broker__user", "broker__recruited_by", "link__programme__project", "phone"
    )
    stored = rows.select_for_update(of=("self", "phone")).get(pk=individual.pk)
    if stored.state != state:
        raise NotAllowed(f"the individual is {stored.state}")
    return stored


def _note(action: str, actor: Any, individual: Individual, **facts: Any) -> None:
    programme = individual.link.programme
    record(action, actor=actor, target=individual, project=programme.project_id, agency=programme.agency_id, **facts)
