"""The keeper: a small process that runs one server for as long as somebody uses it."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from channels_platform.embedded.servers import SERVICES, Facts, Service
from channels_platform.embedded.tools import (
    EmbeddedError,
    dies_with_parent,
    home_of,
    is_free,
    locked,
    wait_for,
    write_private,
)

START_SECONDS = 60
RESTARTS, RESTART_WINDOW = 5, 60


def keep(name: str, linger: float) -> None:
    """Run one service until told to stop, or until nobody has used it for `linger` seconds."""
    home, service = home_of(name), SERVICES[name]
    alive = os.open(home / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(alive, fcntl.LOCK_EX)
    told: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: told.append(number))
    try:
        facts = service.prepare(home)
        child = _launch(service, facts)
    except EmbeddedError as error:
        print(error)
        sys.exit(1)
    write_private(home / "service.json", json.dumps({**facts, "keeper": os.getpid()}))
    print("ready", flush=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the starter reads until this end closes

    deaths: list[float] = []
    last_use = time.monotonic()
    while not told:
        time.sleep(0.25)
        if child.poll() is not None:
            deaths = [*(at for at in deaths if at > time.monotonic() - RESTART_WINDOW), time.monotonic()]
            if len(deaths) > RESTARTS:
                break
            with contextlib.suppress(EmbeddedError):
                child = _launch(service, facts)
        if not is_free(home / "users.lock"):
            last_use = time.monotonic()
        elif time.monotonic() - last_use > linger:
            with locked(home / "start.lock", wait=False) as got:
                if got and is_free(home / "users.lock"):
                    _end(child, service, home, alive)
                    return
    _end(child, service, home, alive)


def _launch(service: Service, facts: Facts) -> subprocess.Popen[bytes]:
    """Start the server and wait until it answers."""
    child = subprocess.Popen(
        service.command(facts), stdin=subprocess.DEVNULL, stdout=sys.stderr, stderr=sys.stderr, cwd=facts["data"],
        start_new_session=True, preexec_fn=dies_with_parent(service.stop_signal), **service.identity(),
    )  # fmt: skip

    def answers() -> bool:
        if child.poll() is not None:
            raise EmbeddedError(f"{service.name} ended with code {child.returncode}")
        try:
            service.finish(facts)
        except Exception:  # noqa: BLE001 - whatever it is, the server is not ready yet
            return False
        return True

    if not wait_for(answers, START_SECONDS):
        child.send_signal(service.stop_signal)
        raise EmbeddedError(f"{service.name} did not answer within {START_SECONDS} s")
    return child


def _end(child: subprocess.Popen[bytes], service: Service, home: Path, alive: int) -> None:
    if child.poll() is None:
        child.send_signal(service.stop_signal)
        try:
            child.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
    (home / "service.json").unlink(missing_ok=True)
    os.close(alive)
