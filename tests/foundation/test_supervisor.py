"""`make run` as it is: web, worker and beat as real processes on a real database and broker."""

import json
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.contrib.auth import get_user_model

from tests.processes import free_port, start, stop, until

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]


class Run:
    """One `make run`."""

    def __init__(self, folder: Path) -> None:
        get_user_model().objects.create_user("somebody")  # a database that is not empty gets no demo data
        self.port, self.output = free_port(), folder / "output"
        self.process = start(
            "-m",
            "channels_platform.supervisor",
            output=self.output,
            PORT=str(self.port),
            HOST="127.0.0.1",
            JOB_WORKERS="1",
        )

    def readiness(self) -> tuple[int, dict[str, bool]]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10) as answer:
                return answer.status, json.load(answer)["checks"]
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)["checks"]
        except OSError:
            return 0, {}

    def wait_until_ready(self) -> None:
        until(lambda: self.readiness()[0] == 200 or self.process.poll() is not None, 60, "readiness")
        assert self.process.poll() is None, self.output.read_text()

    def children(self, word: str) -> list[psutil.Process]:
        return [child for child in psutil.Process(self.process.pid).children() if word in child.cmdline()]

    def child(self, word: str) -> psutil.Process:
        (child,) = self.children(word)
        return child


@pytest.fixture
def run(tmp_path) -> Iterator[Run]:
    run = Run(tmp_path)
    yield run
    stop(run.process)


def test_ready_means_that_a_task_made_the_round_trip(run):
    run.wait_until_ready()
    assert run.readiness() == (200, {"database": True, "broker": True, "worker_and_beat": True})


def test_without_a_worker_nothing_is_ready(run):
    run.wait_until_ready()
    worker = run.child("worker")
    worker.suspend()
    until(lambda: run.readiness()[0] == 503, 40, "unreadiness")
    assert run.readiness()[1] == {"database": True, "broker": True, "worker_and_beat": False}
    worker.resume()
    run.wait_until_ready()


def test_killed_child_is_started_again(run):
    run.wait_until_ready()
    before = run.child("beat").pid
    os.kill(before, signal.SIGKILL)
    until(lambda: b"beat ended (code -9); starting it again" in run.output.read_bytes(), what="the restart")
    # begun is not yet there: until it runs its own program, it bears its parent's name
    until(lambda: [child.pid for child in run.children("beat") if child.pid != before], what="the next beat")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stop_leaves_nothing_running_and_exits_clean(run, number):
    run.wait_until_ready()
    family = psutil.Process(run.process.pid).children(recursive=True)
    run.process.send_signal(number)
    assert run.process.wait(40) == 0
    assert psutil.wait_procs(family, timeout=5)[1] == []
    assert run.output.read_text().endswith("Stopped.\n")


def test_killed_supervisor_takes_its_children_along(run):
    run.wait_until_ready()
    family = psutil.Process(run.process.pid).children(recursive=True)
    run.process.kill()
    run.process.wait()
    assert psutil.wait_procs(family, timeout=30)[1] == []


def test_taken_port_is_said_at_once(run, tmp_path):
    run.wait_until_ready()
    output = tmp_path / "second"
    second = start("-m", "channels_platform.supervisor", output=output, PORT=str(run.port), HOST="127.0.0.1")
    assert second.wait(30) == 1
    assert f"try: make run PORT={run.port + 1}" in output.read_text()
