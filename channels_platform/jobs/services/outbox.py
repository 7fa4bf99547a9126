"""The outbox: a task is written in the caller's transaction, and so is neither lost nor run for nothing.

A nudge after the commit has a worker deliver it at once; a sweep each minute delivers what the nudge missed.
While a message is being delivered its worker holds an advisory lock of its connection, which PostgreSQL drops
if the worker dies: the next attempt need not wait for any lease to run out. (A pooler that shares connections
between transactions would break this: give workers direct connections.)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from celery import current_app
from django.db import connection, transaction
from django.db.models import F

from channels_platform.jobs.models import OutboxMessage
from channels_platform.lib import clock

MAX_ATTEMPTS = 5
KEEP_DONE = timedelta(days=7)
NUDGE_GRACE = timedelta(seconds=30)
_LOCK_CLASS = 7_301
log = structlog.get_logger(__name__)


class Settled(Exception):
    """Raised by a task whose outcome stands recorded elsewhere: there is nothing to try again."""


def enqueue(task: str, **arguments: Any) -> OutboxMessage:
    """Have a worker run `task` once the caller's transaction has committed.

    The task may run more than once, so it must be idempotent. Arguments are JSON, ids and not personal data.
    Writes: OutboxMessage, in the caller's transaction.
    Raises: KeyError for a task nobody registered.
    """
    if task not in current_app.tasks:
        current_app.loader.import_default_modules()
    _ = current_app.tasks[task]
    now = clock.now()
    message = OutboxMessage.objects.create(task=task, arguments=arguments, created_at=now, due_at=now + NUDGE_GRACE)
    transaction.on_commit(partial(_nudge, message.pk), robust=True)
    return message


def _nudge(message_id: int) -> None:
    """Send the message's id now. A broker that is down is no error: the sweep will come by."""
    try:
        current_app.send_task("channels_platform.jobs.tasks.deliver", args=[message_id], retry=False)
    except Exception as error:  # noqa: BLE001 - the row is committed; whatever the broker says, it is not lost
        log.warning("outbox_nudge_failed", message_id=message_id, error=type(error).__name__)


def deliver_message(message_id: int) -> bool:
    """Run one message's task in this process; return whether this call ran it to its end.

    The attempt is counted before the task runs, so one that kills its worker is not tried for ever.
    Locks:  an advisory lock on the message, for the whole run.
    Writes: OutboxMessage.
    """
    with _message_lock(message_id) as mine:
        if not mine:
            return False
        claimed = OutboxMessage.objects.filter(
            pk=message_id, done_at__isnull=True, failed_at__isnull=True, attempts__lt=MAX_ATTEMPTS
        ).update(attempts=F("attempts") + 1, due_at=clock.now() + NUDGE_GRACE)
        if not claimed:
            return False
        message = OutboxMessage.objects.get(pk=message_id)
        try:
            current_app.tasks[message.task].run(**message.arguments)
        except Settled as outcome:
            log.info("outbox_task_settled", task=message.task, message_id=message_id, outcome=str(outcome))
        except Exception as error:  # noqa: BLE001 - recorded on the row and tried again later
            _note_failure(message, error)
            return False
        OutboxMessage.objects.filter(pk=message_id).update(done_at=clock.now(), error="")
        return True


def _note_failure(message: OutboxMessage, error: Exception) -> None:
    log.exception("outbox_task_failed", task=message.task, message_id=message.pk, attempt=message.attempts)
    last = message.attempts >= MAX_ATTEMPTS
    now = clock.now()
    OutboxMessage.objects.filter(pk=message.pk).update(
        error=type(error).__name__,
        failed_at=now if last else None,
        due_at=now + timedelta(minutes=2**message.attempts),
    )


def sweep_messages(*, limit: int = 500) -> dict[str, int]:
    """Nudge what is due and undone, give up what has used its attempts, forget what is long done.

    Shape:  {"nudged", "given_up", "forgotten"}.
    Writes: OutboxMessage.
    """
    now = clock.now()
    waiting = OutboxMessage.objects.filter(done_at__isnull=True, failed_at__isnull=True, due_at__lte=now)
    given_up = 0
    for message_id in waiting.filter(attempts__gte=MAX_ATTEMPTS).values_list("pk", flat=True)[:limit]:
        with _message_lock(message_id) as mine:
            if mine:
                given_up += OutboxMessage.objects.filter(pk=message_id, done_at__isnull=True).update(
                    failed_at=now, error="WorkerLost"
                )
    due = list(waiting.filter(attempts__lt=MAX_ATTEMPTS).order_by("due_at").values_list("pk", flat=True)[:limit])
    for message_id in due:
        _nudge(message_id)
    forgotten, _ = OutboxMessage.objects.filter(done_at__lt=now - KEEP_DONE).delete()
    return {"nudged": len(due), "given_up": given_up, "forgotten": forgotten}


@contextmanager
def _message_lock(message_id: int) -> Iterator[bool]:
    """Hold the message's advisory lock on this connection; answer whether it could be had."""
    key = [_LOCK_CLASS, message_id % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
