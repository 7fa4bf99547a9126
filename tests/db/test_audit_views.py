"""The auditor's views: as documented, readable by the auditor's role and nothing else, with nobody's name or phone."""

import re

import psycopg2
import pytest
from django.core.management import call_command
from django.db import connection

from channels_platform.audit.grants import audit_views
from tests.processes import PROJECT
from tests.services.commissions.books import kept_books
from tests.services.commissions.cast import Cast

DOCS = PROJECT / "docs/audit-views.md"


def _rows(statement: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


@pytest.mark.django_db
def test_every_view_and_column_is_documented_and_nothing_else():
    text = DOCS.read_text(encoding="utf-8")
    told = {}
    for part in text.split("\n### ")[1:]:
        name, table = part.split("\n", 1)
        told[name] = re.findall(r"^\| ([a-z_]+) \|", table.replace("| column |", ""), re.MULTILINE)
    there = {
        view: [
            column
            for (column,) in _rows(
                "SELECT column_name FROM information_schema.columns"
                f" WHERE table_schema = 'public' AND table_name = '{view}' ORDER BY ordinal_position"
            )
        ]
        for view in audit_views()
    }
    assert told == there
    assert len(there) > 15


@pytest.fixture
def books(db) -> Cast:
    return kept_books()


def test_the_views_say_what_the_books_say(books):
    assert _rows("SELECT transaction_id FROM audit_ledger GROUP BY 1 HAVING sum(amount) <> 0") == []
    assert _rows("SELECT * FROM audit_balances WHERE earned <> pending + retained + payable + paid + tax") == []
    own = _rows(
        "SELECT earned, pending, retained, payable, paid, tax FROM audit_balances"
        f" WHERE payee_id = '{books.payee('C1').pk}'"
    )
    assert tuple(f"{amount:.2f}" for amount in own[0]) == tuple(books.figures("C1").values())
    assert _rows("SELECT state, lines FROM audit_batches ORDER BY number") == [("paid", 4), ("submitted", 3)]
    differing = (
        "SELECT * FROM audit_batches b JOIN (SELECT batch_number, sum(net) AS net FROM audit_lines GROUP BY 1) l"
        " ON l.batch_number = b.number WHERE l.net <> b.net"
    )
    assert _rows(differing) == []


def test_no_view_holds_a_persons_name_or_phone(books):
    everything = " ".join(str(row) for view in audit_views() for row in _rows(f"SELECT * FROM {view}"))
    for secret in ("Client", "Buyer", "138", *(broker.user.username for broker in books.brokers.values())):
        assert not re.search(rf"(?<![\d-]){re.escape(secret)}", everything), secret


@pytest.mark.django_db(transaction=True)
def test_the_auditors_role_reads_the_views_and_nothing_else():
    name, given = f"{connection.settings_dict['NAME']}_auditor", connection.settings_dict
    with connection.cursor() as cursor:
        cursor.execute(f"DROP ROLE IF EXISTS {name}")
        cursor.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'of-this-test'")
    try:
        call_command("grant_role", name, "--auditor")
        other = psycopg2.connect(
            host=given["HOST"], port=given["PORT"], dbname=given["NAME"], user=name, password="of-this-test"
        )
        other.autocommit = True
        with other.cursor() as cursor:
            for view in audit_views():
                cursor.execute(f"SELECT count(*) FROM {view}")
            for refused in ("SELECT 1 FROM leads_deal", "DELETE FROM audit_line_entries", "SELECT 1 FROM audit_event"):
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    cursor.execute(refused)
        other.close()
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP OWNED BY {name}")
            cursor.execute(f"DROP ROLE {name}")
