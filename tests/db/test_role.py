"""Under its own role the product works, and cannot change what is kept: not by TRUNCATE, not by switching triggers off."""

import json
import subprocess
import sys
from collections.abc import Iterator

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from channels_platform.audit.grants import table_rights
from channels_platform.audit.services import record
from tests.processes import PROJECT, environment

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "a-password-of-this-test"
KEPT = [
    "audit_event",
    "commissions_ledgertransaction",
    "commissions_ledgerentry",
    "leads_visit",
    "leads_payment",
    "leads_attributiondecision",
]


@pytest.fixture
def role() -> Iterator[str]:
    name = f"{connection.settings_dict['NAME']}_role"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
        call_command("grant_role", name)
        yield name
        cursor.execute(f"DROP OWNED BY {name}")
        cursor.execute(f"DROP ROLE {name}")


@pytest.fixture
def restricted(role) -> Iterator[psycopg2.extensions.connection]:
    given = connection.settings_dict
    other = psycopg2.connect(host=given["HOST"], port=given["PORT"], dbname=given["NAME"], user=role, password=PASSWORD)
    other.autocommit = True
    yield other
    other.close()


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_kept_rows_cannot_be_changed_or_emptied(restricted, table, statement):
    with restricted.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute(statement.format(table))


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "DROP TABLE audit_event",
        "SET session_replication_role = replica",
        "TRUNCATE accounts_user CASCADE",
        "DELETE FROM django_migrations",
    ],
)
def test_guards_cannot_be_switched_off(restricted, statement):
    with restricted.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute(statement)


def test_events_can_still_be_written_and_read(restricted):
    record("tested", actor=None)
    with restricted.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_event SELECT (jsonb_populate_record(e, jsonb_build_object('id', id + 1))).* FROM audit_event e"
        )
        cursor.execute("SELECT count(*) FROM audit_event")
        assert cursor.fetchone() == (2,)


def test_every_protected_table_is_covered():
    assert {table for table, rights in table_rights().items() if "DELETE" not in rights} >= set(KEPT)
    assert table_rights()["leads_claim"] == ("SELECT", "INSERT", "UPDATE")


def test_unknown_role_is_said():
    with pytest.raises(CommandError, match="does not exist"):
        call_command("grant_role", "nobody_knows_this_role")


def test_every_scenario_runs_under_the_role_and_ends_the_same(role):
    """The services lock, write and take back nothing that the role may not."""
    given = connection.settings_dict
    cases = sorted(
        str(path) for path in (PROJECT / "tests/scenarios/cases").glob("*.json") if ".expected" not in path.name
    )

    def replay(user: str, password: str) -> list[dict]:
        url = f"postgres://{user}:{password}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
        done = subprocess.run(
            [sys.executable, "manage.py", "replay", *cases],
            cwd=PROJECT,
            env=environment(DATABASE_URL=url),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    restricted = replay(role, PASSWORD)
    assert len(restricted) == len(cases)
    assert restricted == replay(given["USER"], given["PASSWORD"])
