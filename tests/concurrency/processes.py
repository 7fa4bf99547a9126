"""A server of two processes with eight threads each, sixteen callers at once, and jobs started together."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from typing import Any

from tests.processes import PROJECT, environment, free_port, start, stop, until

THREADS = 16


@dataclass(frozen=True, slots=True)
class Call:
    """One POST of the race: whose key, where, what."""

    key: str
    path: str
    body: Any = None


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Server:
    port: int

    def at_once(self, calls: Sequence[Call]) -> list[Answer]:
        """Send all calls at the same moment, each from a thread with a connection of its own."""
        gate = Barrier(len(calls))

        def send(call: Call) -> Answer:
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            line.connect()
            gate.wait(20)
            headers = {"Authorization": f"Token {call.key}", "Content-Type": "application/json"}
            line.request("POST", f"/api/v1/{call.path}", json.dumps(call.body or {}), headers)
            answer = line.getresponse()
            text = answer.read()
            line.close()
            return Answer(answer.status, json.loads(text) if text.startswith((b"{", b"[")) else text)

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(send, calls))

    def answers(self) -> bool:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            line.request("GET", "/healthz")
            return line.getresponse().status == 200
        except OSError:
            return False
        finally:
            line.close()


@contextmanager
def serving(application: str, output: Path) -> Iterator[Server]:
    port = free_port()
    process = start(
        "-m", "gunicorn", application, "--workers", "2", "--worker-class", "gthread", "--threads", str(THREADS // 2),
        "--bind", f"127.0.0.1:{port}", "--log-level", "error", output=output,
    )  # fmt: skip
    try:
        server = Server(port)
        until(server.answers, what=f"the server: {output.read_text()[-2000:]}")
        # both processes have everything loaded before the first race
        server.at_once([Call("none", "referrals/")] * THREADS)
        yield server
    finally:
        stop(process)


@contextmanager
def together(*commands: Sequence[str]) -> Iterator[list[dict[str, int]]]:
    """Start job processes together once all are ready; the list is filled with their counts when the block ends."""
    begun = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.concurrency.job", *command],
            cwd=PROJECT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for command in commands
    ]  # fmt: skip
    counts: list[dict[str, int]] = []
    try:
        for process in begun:
            assert process.stdout is not None
            until(lambda out=process.stdout: out.readline() == "ready\n", what="the job")
        for process in begun:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        yield counts
        counts += [json.loads(process.communicate(timeout=120)[0].splitlines()[-1]) for process in begun]
    finally:
        for process in begun:
            stop(process)
