"""Using a service: the first caller has it started, later ones join."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from channels_platform.embedded.servers import SERVICES
from channels_platform.embedded.tools import PROJECT, EmbeddedError, home_of, is_free, locked, wait_for

LINGER_SECONDS = 600
STOP_SECONDS = 60

_attached: dict[str, tuple[int, str]] = {}


def attach(name: str) -> str:
    """Return the address of a running service, starting it where none runs.

    The service stays up for as long as this process lives, and CHANNELS_LINGER_SECONDS (of the one who
    started it) after its last user.
    Raises: EmbeddedError, with the end of the server's log.
    """
    if name in _attached:
        return _attached[name][1]
    home = home_of(name)
    with locked(home / "start.lock"):
        if is_free(home / "keeper.lock"):
            _start_keeper(name, home, float(os.environ.get("CHANNELS_LINGER_SECONDS") or LINGER_SECONDS))
        facts = json.loads((home / "service.json").read_text())
        users = os.open(home / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(users, fcntl.LOCK_SH)
    _attached[name] = (users, SERVICES[name].url(facts))
    return _attached[name][1]


def release(name: str) -> bool:
    """Stop using a service and end it if nobody else does; return whether it ended."""
    if name in _attached:
        os.close(_attached.pop(name)[0])
    home = home_of(name)
    with locked(home / "start.lock"):
        if is_free(home / "keeper.lock"):
            return True
        if not is_free(home / "users.lock"):
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(json.loads((home / "service.json").read_text())["keeper"], signal.SIGTERM)
        return wait_for(lambda: is_free(home / "keeper.lock"), STOP_SECONDS)


def attached() -> list[str]:
    """Return the names of the services this process uses."""
    return list(_attached)


def is_running(name: str) -> bool:
    home = home_of(name)
    with locked(home / "start.lock"):
        return not is_free(home / "keeper.lock")


def _start_keeper(name: str, home: Path, linger: float) -> None:
    log = home / "server.log"
    with log.open("ab") as output:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "channels_platform.embedded", "keep", name, str(linger)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=output, cwd=PROJECT, start_new_session=True,
        )  # fmt: skip
    said = keeper.stdout.read().decode() if keeper.stdout else ""
    if said.strip() != "ready":
        keeper.wait()
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise EmbeddedError(f"{name} did not start ({said.strip() or 'see below'}). End of {log}:\n{tail}")
    # the keeper outlives this process; reaping it is init's business
    keeper.returncode = 0
