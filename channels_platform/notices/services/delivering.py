"""Sending what is due. A channel that is down keeps its deliveries waiting; none is lost, and staff see each.

A delivery is claimed by a conditional update that also sets its next attempt, and sent outside of any transaction: a
worker that dies meanwhile is followed by another. So each arrives at least once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import F, QuerySet

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.lib import clock
from channels_platform.notices.mails import digest_mail, notice_mail
from channels_platform.notices.models import Channel, Delivery, Notice
from channels_platform.notices.robots import RobotRefused, say_in_group

BATCH = 500
GIVE_UP_AFTER = timedelta(days=3)
KEEP = timedelta(days=90)
_LONGEST_WAIT = timedelta(hours=3)
log = structlog.get_logger(__name__)


def deliver_due(*, limit: int = BATCH) -> dict[str, int]:
    """Send what is due, each by itself; a digest takes all that waits for it.

    Shape:  {"sent", "failed", "given_up"}.
    Writes: Delivery.
    """
    counts = {"sent": 0, "failed": 0, "given_up": 0}
    due = _waiting().filter(due_at__lte=clock.now()).order_by("due_at", "pk").values_list("pk", flat=True)
    for delivery_id in list(due[:limit]):
        for outcome, count in deliver(delivery_id).items():
            counts[outcome] += count
    return counts


def deliver(delivery_id: int) -> dict[str, int]:
    """Send one delivery, and with it what waits for the same digest; nothing where it is not due or another has it.

    Who was disabled since gets nothing.
    Writes: Delivery.
    """
    now = clock.now()
    first = _claim(delivery_id, now)
    if first is None:
        return {}
    claimed = [first]
    if first.together:
        others = _waiting().filter(
            notice__recipient=first.notice.recipient_id, channel=first.channel, together=True, due_at__lte=now
        )
        claimed += [found for pk in others.values_list("pk", flat=True) if (found := _claim(pk, now)) is not None]
    gone = [one for one in claimed if one.robot is None and not one.notice.recipient.is_active]
    if gone:
        Delivery.objects.filter(pk__in=[one.pk for one in gone]).update(given_up_at=now, error="inactive")
        claimed = [one for one in claimed if one not in gone]
        if not claimed:
            return {"given_up": len(gone)}
    ids = [delivery.pk for delivery in claimed]
    try:
        _send(claimed)
    except Exception as error:  # noqa: BLE001 - whatever it is, it holds up no other, and staff see it
        return _note_failure(claimed, error, now)
    Delivery.objects.filter(pk__in=ids).update(sent_at=clock.now(), error="")
    return {"sent": len(ids)}


def send_again(*, actor: Any, delivery: Delivery) -> bool:
    """Have a delivery that was given up tried anew; whether it was one.

    Raises: Forbidden.
    Writes: Delivery.
    """
    require(actor, Can.EDIT_PROJECTS)
    now = clock.now()
    again = Delivery.objects.filter(pk=delivery.pk, sent_at__isnull=True, given_up_at__isnull=False)
    return bool(again.update(given_up_at=None, attempts=0, due_at=now))


def forget_old() -> int:
    """Delete notices, and with them their deliveries, older than `KEEP`; return how many notices.

    Writes: Notice, Delivery.
    """
    old = Notice.objects.filter(created_at__lt=clock.now() - KEEP).values("pk")[:10_000]
    return Notice.objects.filter(pk__in=old).delete()[1].get("notices.Notice", 0)


def _waiting() -> QuerySet[Delivery]:
    return Delivery.objects.filter(sent_at__isnull=True, given_up_at__isnull=True)


def _claim(delivery_id: int, now: datetime) -> Delivery | None:
    found = Delivery.objects.select_related("notice__recipient", "robot").get(pk=delivery_id)
    wait = min(timedelta(minutes=2 ** min(found.attempts, 8)), _LONGEST_WAIT)
    mine = _waiting().filter(pk=delivery_id, due_at__lte=now, attempts=found.attempts)
    if not mine.update(attempts=F("attempts") + 1, due_at=now + wait):
        return None
    found.attempts += 1
    return found


def _send(claimed: Sequence[Delivery]) -> None:
    first = claimed[0]
    if first.channel == Channel.ROBOT and first.robot is not None:
        say_in_group(first.robot, first.notice)
    elif first.together:
        digest_mail([delivery.notice for delivery in claimed]).send()
    else:
        notice_mail(first.notice).send()


def _note_failure(claimed: Sequence[Delivery], error: Exception, now: datetime) -> dict[str, int]:
    text = error.code if isinstance(error, RobotRefused) else type(error).__name__
    log.warning("notice_not_delivered", channel=claimed[0].channel, delivery=claimed[0].pk, error=text)
    counts = {"failed": 0, "given_up": 0}
    for delivery in claimed:
        over = now - delivery.notice.created_at > GIVE_UP_AFTER
        Delivery.objects.filter(pk=delivery.pk).update(error=text[:80], given_up_at=now if over else None)
        counts["given_up" if over else "failed"] += 1
    return counts
