"""Which way each notice goes, and when: by the reader's wishes, quiet hours and digest, and the project's robots."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from channels_platform.notices.kinds import Kind
from channels_platform.notices.models import Channel, Delivery, Notice, Preference, Robot, Wish


def plan_deliveries(notices: Sequence[Notice], kind: Kind, now: datetime) -> None:
    """Write down the ways that new notices of one kind take; a group hears each thing once, whoever else does.

    Writes: Delivery.
    """
    if not notices:
        return
    Delivery.objects.bulk_create([*_mails(notices, kind, now), *_robots(notices[0], kind, now)])


def _mails(notices: Sequence[Notice], kind: Kind, now: datetime) -> list[Delivery]:
    people = [notice.recipient_id for notice in notices]
    wishes = dict(
        Wish.objects.filter(person__in=people, kind=kind.name, channel=Channel.MAIL).values_list("person", "wanted")
    )
    preferences = Preference.objects.in_bulk(people)
    planned = []
    for notice in notices:
        if not notice.recipient.email or not wishes.get(notice.recipient_id, kind.mailed):
            continue
        preference = None if kind.urgent else preferences.get(notice.recipient_id)
        planned.append(
            Delivery(
                notice=notice,
                channel=Channel.MAIL,
                due_at=when(preference, now),
                together=bool(preference and preference.digest_at),
            )
        )
    return planned


def _robots(notice: Notice, kind: Kind, now: datetime) -> list[Delivery]:
    if notice.project_id is None:
        return []
    robots = Robot.objects.filter(project_id=notice.project_id, is_active=True, tells__contains=kind.name)
    return [Delivery(notice=notice, channel=Channel.ROBOT, robot=robot, due_at=now) for robot in robots]


def when(preference: Preference | None, now: datetime) -> datetime:
    """Return when a person may be written to: at once, at their digest, or when their quiet hours end."""
    if preference is None:
        return now
    if preference.digest_at:
        return _next(preference.digest_at, now)
    begin, end = preference.quiet_from, preference.quiet_until
    if begin is None or end is None or not _is_quiet(now, begin, end):
        return now
    return _next(end, now)


def _is_quiet(now: datetime, begin: time, end: time) -> bool:
    at = now.astimezone(_zone()).time()
    return begin <= at < end if begin <= end else at >= begin or at < end


def _next(at: time, now: datetime) -> datetime:
    """Return the next instant of that time of day, after `now`."""
    local = now.astimezone(_zone())
    found = datetime.combine(local.date(), at, tzinfo=_zone())
    return found if found > now else datetime.combine(local.date() + timedelta(days=1), at, tzinfo=_zone())


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)
