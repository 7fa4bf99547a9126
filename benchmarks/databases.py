"""Databases of the benchmarks' own, beside the product's on the same server."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import psycopg2.errors

ROOT = Path(__file__).resolve().parent.parent


def server_url() -> str:
    """Return the address of the product's database server, attaching to the embedded one where none is given."""
    from channels_platform import env

    return env.database_url(stage=env.stage())


def url_of(name: str, base: str) -> str:
    return urlunsplit(urlsplit(base)._replace(path=f"/{name}"))


def recreate(name: str, base: str, template: str | None = None) -> str:
    """Make the database anew, empty or as a copy, and return its address."""
    connection = psycopg2.connect(base)
    connection.autocommit = True
    with connection.cursor() as cursor:
        _drop(cursor, name)
        cursor.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    connection.close()
    return url_of(name, base)


def drop(name: str, base: str) -> None:
    connection = psycopg2.connect(base)
    connection.autocommit = True
    with connection.cursor() as cursor:
        _drop(cursor, name)
    connection.close()


def _drop(cursor: Any, name: str) -> None:
    try:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    except psycopg2.errors.InsufficientPrivilege:  # autovacuum is there: it goes by itself, but is not ours to end
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')


def analyse(url: str) -> None:
    """Have the planner look at what a database holds by now."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    connection.close()


def environment(url: str, **more: str) -> dict[str, str]:
    """Return the environment of a process on a benchmark database: no debugging, no throttle in the way."""
    return {
        **os.environ,
        "DATABASE_URL": url,
        "DEBUG": "off",
        "API_REQUESTS_PER_MINUTE": "100000000",
        "LOG_LEVEL": "ERROR",
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "channels_platform.settings",
        **more,
    }


def migrate(url: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=environment(url), check=True
    )
