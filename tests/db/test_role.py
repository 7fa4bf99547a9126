"""Under its own role the product works, and cannot change what is kept, whichever way it tries."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from channels_platform.audit.grants import audit_views, table_rights
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


def _drop(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
        if cursor.fetchone():
            cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name}")
            cursor.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {name}")
            cursor.execute(f"REVOKE ALL ON SCHEMA public FROM {name}")
            cursor.execute(f"DROP ROLE {name}")


@pytest.fixture
def role() -> Iterator[str]:
    name = f"{connection.settings_dict['NAME']}_role"
    _drop(name)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
    call_command("grant_role", name)
    yield name
    _drop(name)


@pytest.fixture
def restricted(role) -> Iterator[psycopg2.extensions.connection]:
    with _signed_in(role) as other:
        yield other


@contextmanager
def _signed_in(role: str) -> Iterator[psycopg2.extensions.connection]:
    given = connection.settings_dict
    other = psycopg2.connect(host=given["HOST"], port=given["PORT"], dbname=given["NAME"], user=role, password=PASSWORD)
    other.autocommit = True
    yield other
    other.close()


def _refused(restricted, statement: str) -> bool:
    with restricted.cursor() as cursor:
        try:
            cursor.execute(statement)
        except psycopg2.errors.InsufficientPrivilege:
            return True
    return False


@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_kept_rows_cannot_be_changed_or_emptied(restricted, statement):
    assert [table for table in KEPT if not _refused(restricted, statement.format(table))] == []


def test_guards_cannot_be_switched_off(restricted):
    attempts = [
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "DROP TABLE audit_event",
        "SET session_replication_role = replica",
        "TRUNCATE accounts_user CASCADE",
        "DELETE FROM django_migrations",
    ]
    assert [attempt for attempt in attempts if not _refused(restricted, attempt)] == []


def test_the_product_reads_the_audit_views_and_an_auditor_nothing_else(role, restricted):
    views = [f"SELECT count(*) FROM {view}" for view in audit_views()]
    assert [statement for statement in views if _refused(restricted, statement)] == []
    call_command("grant_role", role, "--auditor")
    with _signed_in(role) as auditor:
        assert [statement for statement in views if _refused(auditor, statement)] == []
        attempts = ["SELECT 1 FROM leads_deal", "SELECT 1 FROM audit_event", "DELETE FROM audit_line_entries"]
        assert [attempt for attempt in attempts if not _refused(auditor, attempt)] == []


def test_events_can_still_be_written_and_read(restricted):
    record("tested", actor=None)
    with restricted.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_event (at, action, target_kind, target_id, target_label, before, after,"
            " reason, request_id)"
            " SELECT at, action, '', '', '', '{}', '{}', '', '' FROM audit_event"
        )
        cursor.execute("SELECT count(*) FROM audit_event")
        assert cursor.fetchone() == (2,)


def test_every_protected_table_is_covered():
    assert {table for table, rights in table_rights().items() if "DELETE" not in rights} >= set(KEPT)
    assert table_rights()["leads_claim"] == ("SELECT", "INSERT", "UPDATE")


def test_tables_of_which_only_decided_rows_are_kept_can_be_decided_in():
    for table in ("leads_dispute", "leads_disputequestion", "leads_risksignal"):
        assert "UPDATE" in table_rights()[table]


def test_unknown_role_is_said():
    with pytest.raises(CommandError, match="does not exist"):
        call_command("grant_role", "nobody_knows_this_role")


def test_every_scenario_runs_under_the_role_and_ends_the_same(role):
    """The services lock, write and take back nothing that the role may not."""
    given = connection.settings_dict
    folder = PROJECT / "tests/scenarios/cases"
    cases = [str(path) for path in sorted(folder.glob("*.json")) if not path.name.endswith(".expected.json")]

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
