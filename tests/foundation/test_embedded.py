"""The embedded services: started once, joined by others, restarted, kept."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from channels_platform.embedded import PROJECT
from channels_platform.embedded.tools import is_free

ATTACH = """
import sys
from channels_platform import embedded
for name in sys.argv[1:]:
    print(embedded.attach(name), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder anybody may enter, unlike pytest's own."""
    made = Path(tempfile.mkdtemp(prefix="channels-test-"))
    made.chmod(0o755)
    yield made
    for lock in made.rglob("keeper.lock"):
        _until(lambda lock=lock: is_free(lock))
    shutil.rmtree(made)


class Caller:
    """A process of its own that attaches and holds on until told to leave."""

    def __init__(self, folder: Path, *names: str, linger: float = 0.5) -> None:
        self.environment = {**os.environ, "CHANNELS_DATA_DIR": str(folder), "CHANNELS_LINGER_SECONDS": str(linger)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", ATTACH, *names],
            cwd=PROJECT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.names = names

    def urls(self) -> list[str]:
        return [self.process.stdout.readline().strip() for _ in self.names]

    def leave(self) -> None:
        self.process.stdin.close()
        assert self.process.wait(20) == 0


def _facts(folder: Path, name: str) -> dict:
    return json.loads((folder / name / "service.json").read_text())


def _until(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def _is_over(folder: Path, name: str) -> bool:
    return is_free(folder / name / "keeper.lock")


def _run(url: str, statement: str) -> list:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def test_callers_at_the_same_moment_share_one_server(folder):
    callers = [Caller(folder, "postgres", "valkey") for _ in range(4)]
    urls = {tuple(caller.urls()) for caller in callers}
    assert len(urls) == 1
    for caller in callers:
        caller.leave()
    for name in ("postgres", "valkey"):
        _until(lambda name=name: _is_over(folder, name))


def test_data_outlives_the_server_and_the_port_stays(folder):
    first = Caller(folder, "postgres")
    (url,) = first.urls()
    _run(url, "CREATE TABLE kept (word text)")
    _run(url, "INSERT INTO kept VALUES ('still here')")
    first.leave()
    _until(lambda: _is_over(folder, "postgres"))
    second = Caller(folder, "postgres")
    assert second.urls() == [url]
    assert _run(url, "SELECT word FROM kept") == [("still here",)]
    second.leave()


def test_killed_server_is_back_with_its_data(folder):
    caller = Caller(folder, "postgres")
    (url,) = caller.urls()
    _run(url, "CREATE TABLE kept AS SELECT 7 AS number")
    postmaster = int(Path(_facts(folder, "postgres")["data"], "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)

    def answers() -> bool:
        try:
            return _run(url, "SELECT number FROM kept") == [(7,)]
        except psycopg2.OperationalError:
            return False

    _until(answers)
    caller.leave()


def test_a_killed_keeper_leaves_no_server_behind(folder):
    caller = Caller(folder, "postgres")
    caller.urls()
    postmaster = int(Path(_facts(folder, "postgres")["data"], "postmaster.pid").read_text().split()[0])
    os.kill(_facts(folder, "postgres")["keeper"], signal.SIGKILL)
    _until(lambda: not Path(f"/proc/{postmaster}").exists())
    caller.leave()


def test_the_role_the_product_uses_is_no_superuser(folder):
    caller = Caller(folder, "postgres")
    (url,) = caller.urls()
    assert _run(url, "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user") == [(False, True)]
    caller.leave()


def test_a_long_path_still_gets_a_socket(folder):
    caller = Caller(folder / ("long-" * 20) / "data", "valkey")
    (url,) = caller.urls()
    socket = Path(url.removeprefix("unix://").removesuffix("?db=0"))
    assert len(str(socket)) < 100
    caller.leave()
    _until(lambda: not socket.exists())
    socket.parent.rmdir()


def test_a_closed_folder_is_no_obstacle(folder):
    """Root's checkout is often under /root, which `nobody`, whom PostgreSQL then runs as, may not enter."""
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    caller = Caller(closed / "data", "postgres")
    (url,) = caller.urls()
    data = Path(_facts(closed / "data", "postgres")["data"])
    assert _run(url, "SELECT 1") == [(1,)]
    caller.leave()
    _until(lambda: _is_over(closed / "data", "postgres"))
    assert data.is_relative_to(closed) == (os.geteuid() != 0)
    if os.geteuid() == 0:
        shutil.rmtree(data.parent)
