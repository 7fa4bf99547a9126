"""The outbox: what a transaction asked for happens once it commits, and a poison task is given up."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import shared_task
from django.conf import settings
from django.db import connection, connections, transaction

from channels_platform.jobs.models import OutboxMessage
from channels_platform.jobs.services import deliver_message, enqueue, sweep_messages
from channels_platform.jobs.services.outbox import KEEP_DONE, MAX_ATTEMPTS, NUDGE_GRACE
from channels_platform.lib import clock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ran: list[str] = []


@shared_task(name="tests.note")
def note(word: str) -> None:
    ran.append(word)


@shared_task(name="tests.fail")
def fail() -> None:
    raise RuntimeError("the client is 13800001234")


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


@pytest.fixture
def noon():
    with clock.at(NOON):
        yield


@pytest.mark.django_db
def test_unknown_task_is_refused_at_once():
    with pytest.raises(KeyError):
        enqueue("nobody.knows")
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db
def test_delivered_message_is_done_and_not_run_again():
    message = enqueue("tests.note", word="once")
    assert deliver_message(message.pk) is True
    assert deliver_message(message.pk) is False
    message.refresh_from_db()
    assert (ran, message.attempts, message.done_at is not None) == (["once"], 1, True)


@pytest.mark.django_db(transaction=True)
def test_rolled_back_transaction_asks_for_nothing():
    with pytest.raises(RuntimeError), transaction.atomic():
        enqueue("tests.note", word="never")
        raise RuntimeError
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db
def test_commit_nudges_a_worker(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        enqueue("tests.note", word="soon")
    assert len(callbacks) == 1


@pytest.mark.django_db
def test_broker_that_is_down_does_not_hurt_the_caller(django_capture_on_commit_callbacks, monkeypatch):
    from channels_platform.celery import app

    def refuse(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr(app, "send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        message = enqueue("tests.note", word="later")
    message.refresh_from_db()
    assert message.done_at is None


@pytest.mark.django_db
def test_sweep_nudges_only_what_is_due(noon):
    enqueue("tests.note", word="due")
    assert sweep_messages()["nudged"] == 0
    with clock.at(NOON + NUDGE_GRACE):
        assert sweep_messages()["nudged"] == 1


@pytest.mark.django_db
def test_failing_task_waits_longer_each_time_and_is_given_up(noon):
    message = enqueue("tests.fail")
    waits = []
    for _ in range(MAX_ATTEMPTS):
        assert deliver_message(message.pk) is False
        message.refresh_from_db()
        waits.append(message.due_at - NOON)
    assert waits == [timedelta(minutes=2**attempt) for attempt in range(1, MAX_ATTEMPTS + 1)]
    assert (message.error, message.failed_at) == ("RuntimeError", NOON)
    assert deliver_message(message.pk) is False
    assert sweep_messages()["nudged"] == 0


@pytest.mark.django_db
def test_task_that_kills_its_worker_is_given_up(noon):
    """An attempt is counted before the task runs; a worker that died leaves the count and nothing else."""
    message = enqueue("tests.note", word="poison")
    OutboxMessage.objects.update(attempts=MAX_ATTEMPTS)
    with clock.at(NOON + NUDGE_GRACE):
        assert sweep_messages() == {"nudged": 0, "given_up": 1, "forgotten": 0}
    message.refresh_from_db()
    assert (message.error, ran) == ("WorkerLost", [])


@pytest.mark.django_db(transaction=True)
def test_message_in_other_hands_is_left_alone():
    message = enqueue("tests.note", word="theirs")
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(7301, %s)", [message.pk])
            assert deliver_message(message.pk) is False
            cursor.execute("SELECT pg_advisory_unlock(7301, %s)", [message.pk])
    finally:
        other.close()
    assert deliver_message(message.pk) is True
    assert ran == ["theirs"]


@pytest.mark.django_db
def test_no_lock_is_left_behind():
    message = enqueue("tests.fail")
    deliver_message(message.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 7301 AND pid = pg_backend_pid()"
        )
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db
def test_done_messages_are_forgotten_after_a_while(noon):
    message = enqueue("tests.note", word="done")
    deliver_message(message.pk)
    with clock.at(NOON + KEEP_DONE):
        assert sweep_messages()["forgotten"] == 0
    with clock.at(NOON + KEEP_DONE + timedelta(seconds=1)):
        assert sweep_messages()["forgotten"] == 1


def test_the_broker_gives_work_back_later_than_any_task_may_last():
    """Three settings speak of it; one too short runs a long task twice."""
    for options in (settings.CELERY_BROKER_TRANSPORT_OPTIONS, settings.CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS):
        assert options["visibility_timeout"] > settings.CELERY_TASK_TIME_LIMIT
    assert settings.CELERY_VISIBILITY_TIMEOUT > settings.CELERY_TASK_TIME_LIMIT > settings.CELERY_TASK_SOFT_TIME_LIMIT
