"""Telling people what became of their clients, from the audit trail: the services that made it so need not know."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.notices.models import Notice, Position
from channels_platform.notices.services import tell
from leads.models import Deal, Referral
from leads.selectors import who_hears_of

READER = "leads"
# Ids are drawn before they are committed: what is this far back, and this young, may appear yet.
_OVERLAP = 5_000
_LATEST = timedelta(minutes=10)
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class _Word:
    """One word to say: which kind, of what, to whom, with which page."""

    kind: str
    target: Any
    people: tuple[Any, ...]
    path: str


def tell_of_events(*, limit: int = _BATCH) -> dict[str, int]:
    """Tell what new events mean for people, each person once; begin with what happens from the first run on.

    Two runs at once do not hinder each other: the second finds the reader's row taken and leaves.
    Shape:  {"events", "told"}.
    Locks:  the reader's position, not waited for.
    Writes: Position, Notice, Delivery.
    """
    with transaction.atomic():
        _, made = Position.objects.get_or_create(reader=READER, defaults={"event_id": _newest()})
        position = Position.objects.select_for_update(skip_locked=True).filter(reader=READER).first()
        if made or position is None:
            return {"events": 0, "told": 0}
        events = [*_late(position.event_id), *_events().filter(pk__gt=position.event_id).order_by("pk")[:limit]]
        new = _untold(events)
        told = sum(_tell(event, word) for event, word in _worded(new))
        position.event_id = max([position.event_id, *(event.pk for event in events)])
        position.save(update_fields=["event_id"])
        return {"events": len(new), "told": told}


def _late(event_id: int) -> QuerySet[Event]:
    """Return what may have appeared below the position since it was passed; most of it was told."""
    return _events().filter(pk__gt=event_id - _OVERLAP, pk__lte=event_id, at__gt=clock.now() - _LATEST).order_by("pk")


def _events() -> QuerySet[Event]:
    return Event.objects.filter(action__in=_WORDS)


def _newest() -> int:
    return Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _untold(events: Iterable[Event]) -> list[Event]:
    """Leave out what was told before: a notice's `once` ends in its event's id."""
    by_once = {f"{kind}:{event.pk}": event for event in events for kind in _WORDS[event.action][1]}
    told = set(Notice.objects.filter(once__in=list(by_once)).values_list("once", flat=True))
    done = {by_once[once].pk for once in told}
    return [event for event in by_once.values() if event.pk not in done]


def _worded(events: list[Event]) -> Iterator[tuple[Event, _Word]]:
    referrals = _targets(Referral.objects.select_related("project", "broker__user", "consultant__user"), events)
    deals = _targets(Deal.objects.select_related("project"), events)
    for event in {event.pk: event for event in events}.values():
        target = referrals.get(event.target_id) or deals.get(event.target_id)
        if target is not None:
            for word in _WORDS[event.action][0](event, target):
                yield event, word


def _targets(rows: Any, events: list[Event]) -> dict[str, Any]:
    kind = rows.model._meta.label_lower
    ids = {event.target_id for event in events if event.target_kind == kind}
    return {str(row.pk): row for row in rows.filter(pk__in=ids)}


def _tell(event: Event, word: _Word) -> int:
    return tell(
        kind=word.kind,
        recipients=word.people,
        target=word.target,
        project=word.target.project,
        facts={"project": word.target.project.name},
        path=word.path,
        once=str(event.pk),
    )


def _to_broker(event: Event, referral: Referral) -> Iterator[_Word]:
    """The broker hears what others did; what one did oneself one knows."""
    if event.actor_id != referral.broker.user_id:
        yield _Word(event.action, referral, _others(event, referral), _client_page(referral))


def _of_loss(event: Event, referral: Referral) -> Iterator[_Word]:
    """A refused filing that a decision had put in, and another took out again, has lost the deal."""
    yield _Word("referral.lost", referral, _others(event, referral), _client_page(referral))


def _of_visit(event: Event, referral: Referral) -> Iterator[_Word]:
    yield _Word("referral.visited", referral, tuple(who_hears_of(referral)), _client_page(referral))
    yield from _of_assignment(event, referral)


def _of_assignment(event: Event, referral: Referral) -> Iterator[_Word]:
    if referral.consultant is not None and referral.consultant.user_id != event.actor_id:
        page = reverse("desk:referral", args=[referral.pk])
        yield _Word("referral.assigned", referral, (referral.consultant.user,), page)


def _of_deal(event: Event, deal: Deal) -> Iterator[_Word]:
    shares = deal.shares.filter(ended_at__isnull=True).select_related("referral__broker__user")
    for share in shares:
        yield _Word(event.action, deal, _others(event, share.referral), _client_page(share.referral))


def _of_decision(event: Event, deal: Deal) -> Iterator[_Word]:
    """Who keeps another part of a deal than before; who comes in or goes out hears of having won or lost."""
    before, after = (facts.get("shares", {}) for facts in (event.before, event.after))
    shares = deal.shares.filter(ended_at__isnull=True).select_related("referral__broker__user")
    for share in shares:
        was, becomes = (parts.get(share.referral.number) for parts in (before, after))
        if None not in (was, becomes) and was != becomes:
            yield _Word(event.action, deal, _others(event, share.referral), _client_page(share.referral))


def _others(event: Event, referral: Referral) -> tuple[Any, ...]:
    return tuple(person for person in who_hears_of(referral) if person.pk != event.actor_id)


def _client_page(referral: Referral) -> str:
    return reverse("portal:referral", args=[referral.pk])


_Say = Callable[[Event, Any], Iterator[_Word]]
# action: (what it means for whom, the kinds that this makes)
_WORDS: dict[str, tuple[_Say, tuple[str, ...]]] = {
    **{
        action: (_to_broker, (action,))
        for action in (
            "referral.filed",
            "referral.rejected",
            "referral.won",
            "referral.lost",
            "referral.lapsed",
            "referral.expired",
            "referral.withdrawn",
            "referral.extended",
        )
    },
    "referral.rejected_again": (_of_loss, ("referral.lost",)),
    "referral.visited": (_of_visit, ("referral.visited", "referral.assigned")),
    "referral.visited_again": (_of_visit, ("referral.visited", "referral.assigned")),
    "referral.reassigned": (_of_assignment, ("referral.assigned",)),
    **{action: (_of_deal, (action,)) for action in ("deal.contracted", "deal.handed_over", "deal.cancelled")},
    "deal.decided": (_of_decision, ("deal.decided",)),
}
