"""The auditor's views: as documented, readable by the auditor's role and nothing else, with nobody's name or phone."""

import re
from decimal import Decimal
from io import BytesIO

import pytest
from django.db import connection

from channels_platform.audit.grants import audit_views
from channels_platform.lib import clock
from commissions.models import Invoice
from commissions.services.bank_files import write_bank_file
from commissions.services.bank_results import fingerprint, judge_rows, read_results, take_results
from commissions.services.invoices import record_credit_note
from tests.accounts_at_banks import open_accounts
from tests.pages.finance import Till, open_till, wait_for_a_person
from tests.pages.money import compared_by
from tests.pages.world import make_world
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


@pytest.fixture
def papers(db) -> Till:
    """A batch paid by a bank file, whose deal fell through and was paid back: each paper and file that there is."""
    world = make_world()
    till = open_till(world)
    batch = till.approve()
    open_accounts(batch)
    write_bank_file(actor=till.finance, batch=batch, target=BytesIO())
    said = "\n".join(["Line,Result,Reference", *(f"{line.pk},paid,R{n}" for n, line in enumerate(batch.lines.all()))])
    result = read_results(actor=till.finance, batch=batch, name="Lin Xiaoyu.csv", data=said.encode())
    take_results(actor=till.finance, result=result, seen=fingerprint(result, judge_rows(result)))
    till.cancel()
    till.repay("34560.00")
    record_credit_note(
        actor=till.finance, invoice=Invoice.objects.get(), number="R-1", amount=Decimal("34560.00"),
        issued_on=clock.now().date(),
    )  # fmt: skip
    compared_by(world.manager.user, world.project.company, f"{till.deal.number},Lin Xiaoyu,5.00")
    wait_for_a_person(till)
    return till


def test_the_views_tell_approvals_papers_and_files(papers):
    number = papers.batch.number
    assert _rows("SELECT batch_number, approver_id FROM audit_approvals") == [(number, papers.approver.pk)]
    approved = _rows("SELECT line_id, net FROM audit_approved_lines ORDER BY 1")
    assert approved == _rows("SELECT line_id, net FROM audit_lines ORDER BY 1") and len(approved) == 2
    assert _rows("SELECT batch_number, transfers, total, not_sent_said_at FROM audit_bank_files") == [
        (number, 2, Decimal(37120), None)
    ]
    assert {row[0] for row in _rows("SELECT became FROM audit_bank_result_rows")} == {"paid"}
    assert _rows("SELECT number, amount FROM audit_credit_notes") == [("R-1", Decimal(34560))]
    deals = _rows("SELECT deal_number, their_amount FROM audit_reconciliation_rows WHERE their_row IS NOT NULL")
    assert deals == [(papers.deal.number, Decimal(5))]
    assert ("waiting",) in _rows("SELECT state FROM audit_payment_rows")


def test_papers_and_files_bring_no_words_of_theirs_into_the_views(papers):
    everything = " ".join(str(row) for view in audit_views() for row in _rows(f"SELECT * FROM {view}"))
    assert "Lin" not in everything and ".csv" not in everything
    assert re.findall(r"(?<!\d)138(?:\d{8}|\*{4}\d{4})(?!\d)", everything) == []


def test_no_view_holds_a_persons_name_or_phone(books):
    everything = " ".join(str(row) for view in audit_views() for row in _rows(f"SELECT * FROM {view}"))
    for secret in ("Client", "Buyer", *(broker.user.username for broker in books.brokers.values())):
        assert secret not in everything
    assert re.findall(r"(?<!\d)138(?:\d{8}|\*{4}\d{4})(?!\d)", everything) == []
