"""Real processes for tests: how to start one on the test database, and how to wait."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import connection

PROJECT = Path(__file__).resolve().parents[1]


def environment(**more: str) -> dict[str, str]:
    """Return an environment in which a process works on this test's database and its own corner of Redis."""
    given = connection.settings_dict
    return {
        **os.environ,
        "CHANNELS_ENV": "test",
        "DATABASE_URL": f"postgres://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}",
        "REDIS_URL": settings.REDIS_URL,
        "REDIS_PREFIX": settings.REDIS_PREFIX,
        **more,
    }


def start(*command: str, output: Path, **more: str) -> subprocess.Popen[bytes]:
    """Start `python COMMAND...` in the project."""
    with output.open("ab") as said:
        return subprocess.Popen(
            [sys.executable, *command], cwd=PROJECT, env=environment(**more), stdout=said, stderr=subprocess.STDOUT
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition: Callable[[], object], seconds: float = 30, what: str = "it") -> None:
    """Wait for the condition; fail with `what` did not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes], seconds: float = 30) -> int:
    """Ask a process to end, insist if it will not; return its exit code."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()
