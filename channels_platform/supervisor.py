"""`make run`: everything the product needs, in the foreground, until Ctrl-C.

Attaches the services, migrates, fills an empty database with demo data (never in production), then keeps web
server, Celery worker and beat running. A child that dies is started again, with a bound; when the supervisor
goes, however it goes, its children go too.
"""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from channels_platform import embedded

LINGER_SECONDS = 5
STOP_SECONDS = 20
RESTARTS, RESTART_WINDOW = 5, 60
READY_SECONDS = 60
DEMO_RUN = "demo"


@dataclass
class Child:
    """One of our processes, and when it died lately."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    deaths: list[float] = field(default_factory=list)

    def start(self) -> None:
        # a session of its own: a terminal's Ctrl-C is ours to pass on, once
        self.process = subprocess.Popen(
            self.command, start_new_session=True, preexec_fn=embedded.dies_with_parent(signal.SIGTERM)
        )

    def is_up(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def may_restart(self) -> bool:
        now = time.monotonic()
        self.deaths = [*(at for at in self.deaths if at > now - RESTART_WINDOW), now]
        return len(self.deaths) <= RESTARTS


_SUPERVISOR = os.getpid()


class Stopped(Exception):
    """Somebody asked us to stop."""


def main() -> None:
    """Run until told to stop; exit 0 then, 1 when something could not be kept running."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    os.chdir(embedded.PROJECT)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channels_platform.settings")
    os.environ.setdefault("CHANNELS_LINGER_SECONDS", str(LINGER_SECONDS))
    problem: str | None = None
    try:
        _say("Starting ...")
        import django

        django.setup()
        host, port = _address()
        _prepare()
        problem = _supervise(_children(host, port), host, port)
    except embedded.EmbeddedError as error:
        problem = str(error)
    except (Stopped, KeyboardInterrupt):
        pass
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _release_services()
    if problem:
        sys.exit(problem)
    _say("Stopped.")


def _stop(number: int, frame: FrameType | None) -> None:
    if os.getpid() != _SUPERVISOR:
        os._exit(1)  # a process the demo forked: its parent says what there is to say
    raise Stopped


def _say(text: str) -> None:
    print(text, flush=True)


def _address() -> tuple[str, int]:
    """Return HOST and PORT, proved to be free."""
    from channels_platform import env

    host, port = env.text("HOST", "127.0.0.1"), env.integer("PORT", 8000, least=1)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise embedded.EmbeddedError(
                f"{host}:{port} cannot be used ({error.strerror}); try: make run PORT={port + 1}"
            ) from error
    return host, port


def _prepare() -> None:
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from channels_platform.checks import refuse_unsafe_start
    from channels_platform.commands import bring_schema_up_to_date
    from channels_platform.jobs.health import forget_heartbeat

    bring_schema_up_to_date(say=_say)
    refuse_unsafe_start()
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    if settings.PRODUCTION:
        call_command("collectstatic", verbosity=0, interactive=False)
    else:
        _make_demo()
    forget_heartbeat()
    connections.close_all()


def _make_demo() -> None:
    """Fill an empty database; one whose filling was interrupted is emptied first."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    from channels_platform.jobs.models import PeriodicRun
    from channels_platform.jobs.services import periodic

    last = PeriodicRun.objects.filter(job=DEMO_RUN).first()
    if last is not None and (last.finished_at is None or last.error):
        _say("Making the demo data was interrupted; beginning again ...")
        call_command("reset_database", stdout=io.StringIO())
    elif get_user_model().objects.exists():
        return
    _say("Making demo data, half a year of it (once) ...")

    @periodic(DEMO_RUN)
    def make() -> dict[str, int]:
        call_command("demo")
        return {}

    make()


def _children(host: str, port: int) -> list[Child]:
    from channels_platform import env

    celery = [sys.executable, "-m", "celery", "--app", "channels_platform.celery", "--quiet"]
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    schedule: Path = embedded.data_dir() / "beat-schedule"
    web = [sys.executable, "-m", "gunicorn", "channels_platform.wsgi", "--bind", bind, "--log-level", "warning"]
    web += ["--preload"]
    workers, threads = env.integer("WEB_WORKERS", 2, least=1), env.integer("WEB_THREADS", 4, least=1)
    web += ["--worker-class", "gthread", "--workers", str(workers), "--threads", str(threads)]
    web += ["--timeout", "60", "--graceful-timeout", "10", "--max-requests", "20000", "--max-requests-jitter", "2000"]
    worker = [*celery, "worker", "--concurrency", str(env.integer("JOB_WORKERS", 2, least=1))]
    worker += ["--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--hostname", f"{port}@%h"]
    beat = [*celery, "beat", "--schedule", str(schedule), "--pidfile", "", "--loglevel", "WARNING"]
    return [Child("web", web), Child("worker", worker), Child("beat", beat)]


def _supervise(children: list[Child], host: str, port: int) -> str | None:
    """Keep the children up until stopped; return what went wrong if one would not stay up."""
    try:
        for child in children:
            child.start()
        deadline: float | None = time.monotonic() + READY_SECONDS
        while True:
            time.sleep(0.3)
            for child in children:
                if child.is_up():
                    continue
                code = child.process.returncode if child.process else None
                if not child.may_restart():
                    return f"{child.name} died {len(child.deaths)} times within {RESTART_WINDOW} s; giving up."
                _say(f"{child.name} ended (code {code}); starting it again.")
                child.start()
            if deadline is not None and (_is_ready(host, port) or time.monotonic() > deadline):
                _announce(host, port, late=time.monotonic() > deadline)
                deadline = None
    finally:
        _stop_children(children)


def _stop_children(children: list[Child]) -> None:
    """Ask all to end, wait, insist."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _say("\nStopping ...")
    running = [child.process for child in children if child.process is not None and child.is_up()]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in running:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _release_services() -> None:
    for name in embedded.attached():
        if not embedded.release(name):
            _say(f"{name} is used by another process and stays up until that ends.")


def _visible(host: str) -> str:
    """Return the host one can connect to when we listen everywhere."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104


def _is_ready(host: str, port: int) -> bool:
    from django.conf import settings

    named = next((name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"), "localhost")
    request = urllib.request.Request(f"http://{_visible(host)}:{port}/readyz", headers={"Host": named})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _announce(host: str, port: int, *, late: bool) -> None:
    from django.conf import settings
    from django.core.management import CommandError, call_command

    address = f"http://{_visible(host)}:{port}/"
    if late:
        _say(f"Not everything answers yet: see {address}readyz")
    _say(f"\nChannels runs at {address}  (Ctrl-C stops it)")
    if settings.PRODUCTION:
        return
    said = io.StringIO()
    try:
        call_command("demo", "--accounts", stdout=said)
    except CommandError:  # a database of the user's own has no demo accounts
        return
    _say("\nDemo accounts:")
    for role, account in json.loads(said.getvalue()).items():
        _say(f"  {role:<18} {account['username']:<22} {account['password']}")


if __name__ == "__main__":
    main()
