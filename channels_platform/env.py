"""Typed readers of the environment, and the secrets a development machine makes for itself.

What is malformed or missing stops the process at once, by name: a setting is never silently something else.
"""

import json
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from channels_platform import embedded

_env = environ.Env()


class Stage(StrEnum):
    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


def load(path: Path) -> None:
    """Read a `.env` file, if there is one; the real environment wins."""
    if path.exists():
        environ.Env.read_env(path)


def stage() -> Stage:
    """Return what this process is for: CHANNELS_ENV, else development (or test, under pytest)."""
    value = text("CHANNELS_ENV", "test" if "pytest" in sys.modules else "development")
    try:
        return Stage(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"CHANNELS_ENV must be one of {', '.join(Stage)}, not {value!r}.") from error


def text(name: str, default: str) -> str:
    value: str = _env.str(name, default=default)
    return value or default


def flag(name: str, default: bool) -> bool:
    value = text(name, "on" if default else "off").lower()
    if value not in {"on", "off", "true", "false", "yes", "no", "1", "0"}:
        raise ImproperlyConfigured(f"{name} must be on or off, not {value!r}.")
    return value in {"on", "true", "yes", "1"}


def choice(name: str, default: str, *, among: Sequence[str]) -> str:
    value = text(name, default)
    if value not in among:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(among)}, not {value!r}.")
    return value


def integer(name: str, default: int, *, least: int = 0) -> int:
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from error
    if number < least:
        raise ImproperlyConfigured(f"{name} must be at least {least}, not {number}.")
    return number


def listing(name: str, default: list[str]) -> list[str]:
    """Return the comma separated parts."""
    parts = [part.strip() for part in text(name, "").split(",")]
    return [part for part in parts if part] or default


def required(name: str) -> str:
    value = text(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} must be set (see .env.example).")
    return value


def secret(name: str, *, stage: Stage, make: Callable[[], str] = lambda: secrets.token_urlsafe(64)) -> str:
    """Return a secret: from the environment; outside production else one made for this machine and kept."""
    given = text(name, "")
    if given:
        return given
    if stage == Stage.PRODUCTION:
        raise ImproperlyConfigured(f"{name} must be set in production (see .env.example).")
    return _local_secrets(name, make)


def keys(name: str, *, stage: Stage) -> list[str]:
    """Return a ring of keys, the first being primary."""
    ring = [key.strip() for key in secret(name, stage=stage, make=lambda: Fernet.generate_key().decode()).split(",")]
    if not all(len(key) >= 32 for key in ring):
        raise ImproperlyConfigured(f"{name}: every key needs 32 characters or more.")
    if len(set(ring)) != len(ring):
        raise ImproperlyConfigured(f"{name}: a key stands twice.")
    return ring


def _local_secrets(name: str, make: Callable[[], str]) -> str:
    folder = embedded.data_dir()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "secrets.json"
    with embedded.locked(folder / "secrets.lock"):
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if name not in known:
            known[name] = make()
            embedded.write_private(path, json.dumps(known, indent=1))
    return known[name]


def database_url(*, stage: Stage) -> str:
    """Return DATABASE_URL, or outside production the address of the embedded PostgreSQL, started if need be."""
    return text("DATABASE_URL", "") or _embedded(
        "DATABASE_URL", "postgres", "postgres://nobody@127.0.0.1:9/none", stage
    )


def redis_url(*, stage: Stage) -> str:
    """Return REDIS_URL, or outside production the address of the embedded Valkey, started if need be."""
    return text("REDIS_URL", "") or _embedded("REDIS_URL", "valkey", "redis://127.0.0.1:9/0", stage)


def _embedded(variable: str, service: str, nowhere: str, stage: Stage) -> str:
    """Attach to an embedded service; CHANNELS_EMBEDDED=off (type checkers, linters) gives an address of nothing."""
    if stage == Stage.PRODUCTION:
        raise ImproperlyConfigured(f"{variable} must be set in production (see .env.example).")
    return embedded.attach(service) if flag("CHANNELS_EMBEDDED", True) else nowhere


def test_prefix() -> str:
    """Return a prefix for Redis names that no other test process has."""
    return f"{text('TEST_DATABASE_NAME', 'test_channels')}-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


def celery_url(url: str) -> str:
    """Return a Redis address in Celery's spelling: it has its own for unix sockets."""
    if not url.startswith("unix://"):
        return url
    path, _, database = url.removeprefix("unix://").partition("?db=")
    return f"redis+socket://{path}?virtual_host={database or 0}"
