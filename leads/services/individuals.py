"""Confirming individuals by rule: what the records bear out of what they say of themselves."""

from collections.abc import Callable, Iterable
from itertools import groupby
from uuid import UUID

from django.db.models import QuerySet

from brokers.models import Individual, Programme
from brokers.services.individuals import confirm_by_rule
from brokers.states import IndividualState, Relation
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import AGENCY_ROLES
from leads.models import DealBuyer
from leads.states import DealState


def confirm_individuals() -> dict[str, int]:
    """Confirm who waits with a proven phone, where the programme confirms such people by rule.

    An owner's phone bought in a project of the same company and the deal stands; an owner's family or friend was
    recruited by a confirmed individual; staff have an account here with that phone; a partner's staff were recruited
    by staff.
    Shape:  {"confirmed"}
    Locks, Writes: as `brokers.services.individuals.confirm_by_rule`.
    """
    waiting = Individual.objects.filter(
        state=IndividualState.WAITING, phone_proven_at__isnull=False, link__programme__is_open=True
    ).select_related("link__programme__project", "broker")
    rows = waiting.order_by("link__programme_id", "relation", "pk")
    confirmed = 0
    for (programme, relation), group in groupby(rows, key=lambda one: (one.link.programme, one.relation)):
        if relation in programme.by_rule:
            people = list(group)
            borne_out = _BORNE_OUT[Relation(relation)](programme, people)
            confirmed += confirm_by_rule(individuals=[one for one in people if one.pk in borne_out])
    return {"confirmed": confirmed}


def _owners(programme: Programme, people: Iterable[Individual]) -> set[UUID]:
    bought = DealBuyer.objects.filter(
        phone__in=[one.phone_id for one in people], deal__project__company=programme.project.company_id
    ).exclude(deal__state__in=(DealState.SUBSCRIBED, DealState.CANCELLED))
    phones = set(bought.values_list("phone", flat=True))
    return {one.pk for one in people if one.phone_id in phones}


def _friends(programme: Programme, people: Iterable[Individual]) -> set[UUID]:
    confirmed = User.objects.filter(broker__individual__state=IndividualState.CONFIRMED, broker__is_active=True)
    return _recruited_by(people, confirmed)


def _staff(programme: Programme, people: Iterable[Individual]) -> set[UUID]:
    accounts = User.objects.filter(is_active=True, phone__in=[one.phone_id for one in people])
    phones = set(accounts.exclude(role__in=AGENCY_ROLES).values_list("phone", flat=True))
    return {one.pk for one in people if one.phone_id in phones}


def _partners(programme: Programme, people: Iterable[Individual]) -> set[UUID]:
    return _recruited_by(people, User.objects.exclude(role__in=AGENCY_ROLES))


def _recruited_by(people: Iterable[Individual], recruiters: QuerySet[User]) -> set[UUID]:
    asked = [one.broker.recruited_by_id for one in people if one.broker.recruited_by_id is not None]
    known = set(recruiters.filter(pk__in=asked, is_active=True).values_list("pk", flat=True))
    return {one.pk for one in people if one.broker.recruited_by_id in known}


_BORNE_OUT: dict[Relation, Callable[[Programme, Iterable[Individual]], set[UUID]]] = {
    Relation.OWNER: _owners,
    Relation.FAMILY: _friends,
    Relation.STAFF: _staff,
    Relation.PARTNER_STAFF: _partners,
}
