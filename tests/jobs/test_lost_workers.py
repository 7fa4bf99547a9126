"""SIGKILL on a worker: nothing is lost, and nothing is tried for ever."""

import os
import signal
from collections.abc import Iterator
from datetime import timedelta

import psutil
import pytest

import tests.jobs.poison_worker  # noqa: F401 - registers the task
from channels_platform.jobs.models import Heartbeat, OutboxMessage
from channels_platform.jobs.services import enqueue, sweep_messages
from channels_platform.jobs.services.outbox import MAX_ATTEMPTS
from channels_platform.lib import clock
from tests.processes import start, stop, until

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
LATER = timedelta(minutes=5)


@pytest.fixture
def worker(tmp_path) -> Iterator:
    process = start(
        "-m", "celery", "--app", "tests.jobs.poison_worker", "--quiet", "worker", "--concurrency", "1",
        "--without-gossip", "--without-mingle", "--loglevel", "ERROR", output=tmp_path / "worker",
    )  # fmt: skip
    yield process
    stop(process)


def _sweep_later() -> dict[str, int]:
    with clock.at(clock.now() + LATER):
        return sweep_messages()


def test_task_that_kills_its_worker_is_tried_a_few_times_and_given_up(worker):
    message = enqueue("tests.poison")

    def is_given_up() -> bool:
        message.refresh_from_db()
        if message.failed_at is None and message.attempts:
            _sweep_later()
        return message.failed_at is not None

    until(is_given_up, 90, "the message to be given up")
    assert (message.attempts, message.error) == (MAX_ATTEMPTS, "WorkerLost")
    healthy = enqueue("channels_platform.jobs.tasks.heartbeat")
    until(lambda: OutboxMessage.objects.get(pk=healthy.pk).done_at, 60, "the worker to go on with other work")
    assert Heartbeat.objects.exists()


def test_work_of_a_killed_worker_is_done_by_the_next(worker, tmp_path):
    until(lambda: psutil.Process(worker.pid).children(), what="the worker's start")
    for process in [*psutil.Process(worker.pid).children(recursive=True), psutil.Process(worker.pid)]:
        os.kill(process.pid, signal.SIGKILL)
    message = enqueue("channels_platform.jobs.tasks.heartbeat")
    second = start(
        "-m", "celery", "--app", "tests.jobs.poison_worker", "--quiet", "worker", "--concurrency", "1",
        "--without-gossip", "--without-mingle", "--loglevel", "ERROR", output=tmp_path / "second",
    )  # fmt: skip
    try:
        _sweep_later()
        until(lambda: OutboxMessage.objects.get(pk=message.pk).done_at, 60, "the message")
        assert OutboxMessage.objects.get(pk=message.pk).attempts == 1
    finally:
        stop(second)
