"""Reading notices: each person their own."""

from typing import Any

from django.db.models import QuerySet

from channels_platform.notices.kinds import kinds_for
from channels_platform.notices.models import Channel, Notice, Preference, Wish
from channels_platform.presentation.formats import MOST_COUNTED


def notices_of(person: Any) -> QuerySet[Notice]:
    """Return what a person was told, newest first."""
    return Notice.objects.filter(recipient=person)


def unread_of(person: Any) -> QuerySet[Notice]:
    return notices_of(person).filter(read_at__isnull=True)


def count_unread(person: Any) -> int:
    """Return how many notices wait to be read, counted to `MOST_COUNTED` and one."""
    return unread_of(person).values("pk")[: MOST_COUNTED + 1].count()


def choices_of(person: Any) -> dict[str, Any]:
    """Return what a person chose, as the form that changes it shows it; where they said nothing, what holds."""
    wishes = dict(Wish.objects.filter(person=person, channel=Channel.MAIL).values_list("kind", "wanted"))
    preference = Preference.objects.filter(person=person).first()
    return {
        "mailed": [kind.name for kind in kinds_for(person) if wishes.get(kind.name, kind.mailed)],
        "quiet_from": preference and preference.quiet_from,
        "quiet_until": preference and preference.quiet_until,
        "digest_at": preference and preference.digest_at,
    }
