"""A load of HTTP requests over kept-alive connections, and the servers it goes to. Loopback only."""

import asyncio
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from benchmarks.databases import ROOT

CONNECTIONS = 8
WORKERS = 2


@dataclass(frozen=True, slots=True)
class Load:
    """What a burst of requests came to: requests per second, and the 95th percentile in seconds."""

    rate: float
    p95: float


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextmanager
def server(application: str, env: dict[str, str]) -> Iterator[int]:
    """Run gunicorn with two workers and yield its port once it answers."""
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", application, "--workers", str(WORKERS), "--worker-class", "gthread",
        "--threads", "4", "--keep-alive", "30", "--bind", f"127.0.0.1:{port}", "--log-level", "error",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True)
    try:
        _wait_for(port)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)


def _wait_for(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the server did not start")


@dataclass
class Meter:
    """How many bytes a server has sent since the last reset."""

    bytes: int = 0

    def reset(self) -> None:
        self.bytes = 0


@contextmanager
def metered(port: int) -> Iterator[tuple[int, Meter]]:
    """Stand between a server and its callers, and yield (the port to call, a meter of what the server sends)."""
    meter = Meter()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, count: bool) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                meter.bytes += len(data) * count
                writer.write(data)
                await writer.drain()
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(carry(reader, to_server, count=False), carry(from_server, writer, count=True))

    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(asyncio.start_server(connect, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield listening.sockets[0].getsockname()[1], meter
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def burst(port: int, requests: int, build: Callable[[int], bytes], expected: int, *, times: int = 1) -> Load:
    """Send requests over 8 connections as fast as they are answered; so many `times`, each over new connections.

    Raises: RuntimeError when an answer has another status than `expected`.
    """
    bursts = [asyncio.run(_burst(port, requests, build, expected)) for _ in range(times)]
    waits = [wait for _, of_burst in bursts for wait in of_burst]
    return Load(len(waits) / sum(took for took, _ in bursts), statistics.quantiles(waits, n=20)[18])


async def _burst(port: int, requests: int, build: Callable[[int], bytes], expected: int) -> tuple[float, list[float]]:
    """Return how long the burst took and how long each request waited, in seconds."""
    numbers = iter(range(requests))
    waits: list[float] = []

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            begun = time.perf_counter()
            writer.write(build(number))
            head = await reader.readuntil(b"\r\n\r\n")
            body = await _body(reader, head)
            waits.append(time.perf_counter() - begun)
            status = int(head.split(b" ", 2)[1])
            if status != expected:
                raise RuntimeError(f"{status}: {body[:300]!r}")
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    took = time.perf_counter() - begun
    return took, waits


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return await reader.readexactly(int(line.split(b":")[1]))
    return await reader.readuntil(b"0\r\n\r\n")


def request(method: str, path: str, port: int, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """Return the bytes of one HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: keep-alive"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
