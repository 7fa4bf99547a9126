"""The auditor's views: as documented, readable by the auditor's role and nothing else, with nobody's name or phone."""

import re

import pytest
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
    assert _rows("SELECT state, lines FROM audit_batches ORDER BY number") == [("paid", 5), ("submitted", 3)]
    differing = (
        "SELECT * FROM audit_batches b JOIN (SELECT batch_number, sum(net) AS net FROM audit_lines GROUP BY 1) l"
        " ON l.batch_number = b.number WHERE l.net <> b.net"
    )
    assert _rows(differing) == []


def test_no_view_holds_a_persons_name_or_phone(books):
    everything = " ".join(str(row) for view in audit_views() for row in _rows(f"SELECT * FROM {view}"))
    for secret in ("Client", "Buyer", *(broker.user.username for broker in books.brokers.values())):
        assert secret not in everything
    assert re.findall(r"(?<!\d)138(?:\d{8}|\*{4}\d{4})(?!\d)", everything) == []
