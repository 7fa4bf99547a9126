"""The proof of the ledger: silent on sound books, and each fault planted behind the guards is found by name."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from channels_platform.lib import clock
from channels_platform.notices.models import Notice
from commissions.models import LedgerCheck, LedgerEntry, LedgerSeal, PayoutLine
from commissions.proof.verify import verify
from commissions.services.ledger_checks import check_ledger, seal_ledger
from leads.models import DealOutbox
from tests.services.commissions.books import kept_books
from tests.services.leads.histories import undone

pytestmark = pytest.mark.django_db
LEDGER, POSTED = "commissions_ledgerentry", "commissions_ledgertransaction"


@pytest.fixture(scope="module")
def books(django_db_setup, django_db_blocker):
    """Made once: each test takes back what it did."""
    with django_db_blocker.unblock(), undone():
        yield kept_books()


GUARDED = [
    LEDGER,
    POSTED,
    "commissions_adjustment",
    "commissions_advance",
    "commissions_statement",
    "commissions_statementline",
    "commissions_contestresult",
    "commissions_ledgerseal",
    "commissions_payoutbatch",
    "commissions_payoutentry",
    "commissions_payoutline",
    "commissions_planversion",
    "commissions_repayment",
    "leads_deal",
    "leads_dealshare",
    "leads_payment",
]


def behind(*statements: str) -> None:
    """Change rows as nobody may who goes through the database's guards: as the tables' owner, who takes them down."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)
            assert cursor.rowcount, statement


def found() -> set[str]:
    return {difference.check for difference in verify().differences}


def test_sound_books_have_nothing_to_find(books):
    report = verify()
    assert report.differences == []
    assert report.ok
    entries, lines = LedgerEntry.objects.count(), PayoutLine.objects.count()
    assert report.counts | {"projects": 1, "deals": 4, "entries": entries, "payout_lines": lines, "seals": 2} == (
        report.counts
    )


A_DEALS = f"(SELECT id FROM {LEDGER} WHERE deal_id IS NOT NULL AND account = 'expense' ORDER BY id LIMIT 1)"
A_POSTING = f"(SELECT transaction_id FROM {LEDGER} WHERE id = {A_DEALS})"
OF_KIND = f"(SELECT id FROM {POSTED} WHERE kind = '{{}}' ORDER BY id LIMIT 1)"
PAYOUT = OF_KIND.format("payout")
PAID_LINE = "(SELECT id FROM commissions_payoutline WHERE state = 'paid' ORDER BY id LIMIT 1)"
OPEN_LINE = "(SELECT id FROM commissions_payoutline WHERE state = 'open' ORDER BY id LIMIT 1)"
AGENCYS_LINE = "(SELECT l.id FROM commissions_payoutline l JOIN commissions_payee p ON p.id = l.payee_id WHERE agency_id IS NOT NULL LIMIT 1)"  # noqa: E501
TAXED_LINE = "(SELECT id FROM commissions_payoutline WHERE state = 'paid' AND tax > 1 ORDER BY id LIMIT 1)"
LAST = "(SELECT max(number) FROM commissions_ledgerseal)"

FAULTS = {
    "an entry is gone": ("unbalanced", f"DELETE FROM {LEDGER} WHERE id = {A_DEALS}"),
    "an amount is another": ("unbalanced", f"UPDATE {LEDGER} SET amount = amount - 0.01 WHERE id = {A_DEALS}"),
    "a transaction is gone": ("astray", f"DELETE FROM {POSTED} WHERE id = {A_POSTING}"),
    "a transaction's entries are gone": ("empty", f"DELETE FROM {LEDGER} WHERE transaction_id = {A_POSTING}"),
    "a transaction is in another currency": (
        "currency",
        f"UPDATE {POSTED} SET currency = 'USD' WHERE id = {A_POSTING}",
    ),
    "a transaction's run is forgotten": ("misplaced", f"UPDATE {POSTED} SET run_id = NULL WHERE id = {A_POSTING}"),
    "a repayment is put on a deal": (
        "misplaced",
        f"UPDATE {LEDGER} SET deal_id = (SELECT id FROM leads_deal LIMIT 1) WHERE kind = 'repayment'",
    ),
    "an entry is hidden from payouts": (
        "settling",
        f"UPDATE {LEDGER} SET settles = true WHERE account = 'payable' AND kind = 'write_off'",
    ),
    "a whole posting is doubled": (
        "entitlement",
        f"UPDATE {LEDGER} SET amount = amount * 2 WHERE transaction_id = {A_POSTING}",
    ),
    "money is moved to another payee": (
        "entitlement",
        f"UPDATE {LEDGER} SET payee_id = (SELECT max(id::text)::uuid FROM commissions_payee WHERE id <> payee_id)"
        f" WHERE transaction_id = {A_POSTING}",
    ),
    "a deal's price is another": (
        "entitlement",
        "UPDATE leads_deal SET price = price + 100000 WHERE state = 'contracted'",
    ),
    "a buyer's payment is gone": ("entitlement", "DELETE FROM leads_payment"),
    "a deal is another referral's": (
        "entitlement",
        "UPDATE leads_dealshare s SET referral_id = (SELECT min(o.referral_id::text)::uuid FROM leads_dealshare o"
        " WHERE o.deal_id <> s.deal_id) WHERE numerator = denominator",
    ),
    "shares are no whole": ("computable", "UPDATE leads_dealshare SET numerator = 1, denominator = 3"),
    "a plan version's rates are others": (
        "entitlement",
        """UPDATE commissions_planversion SET tiers = '[{"from": "0", "rate": "0.02"}]'""",
    ),
    "a commission line is another": (
        "line",
        "UPDATE commissions_accrual SET earned = earned + 1, released = released + 1",
    ),
    "a commission line is gone": ("line", "DELETE FROM commissions_accrual WHERE earned > 0"),
    "a commission line tells another story": ("explanation", "UPDATE commissions_accrual SET explanation = '{}'"),
    "a repayment is another": ("source", "UPDATE commissions_repayment SET amount = amount + 1"),
    "a repayment is gone": ("source", "DELETE FROM commissions_repayment"),
    "a repayment's posting is gone": (
        "source",
        f"DELETE FROM {LEDGER} WHERE kind = 'repayment'",
        f"DELETE FROM {POSTED} WHERE kind = 'repayment'",
    ),
    "a write-off is approved and not posted": (
        "source",
        "UPDATE commissions_writeoff SET state = 'approved' WHERE state = 'asked'",
    ),
    "a prize is another": ("source", "UPDATE commissions_contestresult SET amount = amount + 1 WHERE amount > 0"),
    "an adjustment is another": ("source", "UPDATE commissions_adjustment SET amount = amount + 1"),
    "an advance is another": ("source", "UPDATE commissions_advance SET amount = amount + 1"),
    "an advance's fee is another": ("source", "UPDATE commissions_advance SET fee = fee + 1"),
    "an advance is settled twice": (
        "oversettled",
        f"UPDATE {LEDGER} SET kind = 'advance_settled', amount = -amount * 2"
        " WHERE account IN ('pending', 'payable') AND kind LIKE 'advance:%'",
    ),
    "a statement's figure is another": (
        "statement",
        "UPDATE commissions_statement SET opening_payable = opening_payable + 1, payable = payable + 1",
    ),
    "a statement's line is gone": (
        "statement_lines",
        "DELETE FROM commissions_statementline WHERE earned > 0",
    ),
    "a statement is gone": (
        "unstated",
        "DELETE FROM commissions_statementline",
        "DELETE FROM commissions_statement",
    ),
    "a transaction is of a kind nobody knows": (
        "unknown_kind",
        f"UPDATE {POSTED} SET kind = 'gift' WHERE kind = 'repayment'",
    ),
    "an entry is in two lines": (
        "two_lines",
        "DROP INDEX entry_in_one_live_batch",
        "INSERT INTO commissions_payoutentry (line_id, entry_id, live)"
        f" SELECT {OPEN_LINE}, entry_id, true FROM commissions_payoutentry WHERE line_id = {PAID_LINE}",
    ),
    "a line pays more than its entries": (
        "gross",
        f"UPDATE commissions_payoutline SET gross = gross + 1, net = net + 1 WHERE id = {OPEN_LINE}",
    ),
    "a line took another payee's entry": (
        "foreign",
        f"UPDATE commissions_payoutline SET payee_id = gen_random_uuid() WHERE id = {OPEN_LINE}",
    ),
    "a line took what was posted after the cut-off": (
        "foreign",
        "UPDATE commissions_payoutbatch SET cutoff_at = cutoff_at - interval '1 year' WHERE state = 'paid'",
    ),
    "a failed line holds its entries": (
        "held",
        "UPDATE commissions_payoutentry SET live = false WHERE entry_id IN (SELECT i.entry_id"
        " FROM commissions_payoutentry i JOIN commissions_payoutline l ON l.id = i.line_id WHERE l.state = 'failed')",
        "UPDATE commissions_payoutentry i SET live = true FROM commissions_payoutline l"
        " WHERE l.id = i.line_id AND l.state = 'failed'",
    ),
    "a paid line lets go of its entries": (
        "held",
        f"UPDATE commissions_payoutentry SET live = false WHERE line_id = {PAID_LINE}",
    ),
    "a payment's posting is gone": (
        "posted",
        f"DELETE FROM {LEDGER} WHERE transaction_id = {PAYOUT}",
        f"DELETE FROM {POSTED} WHERE id = {PAYOUT}",
    ),
    "a paid line is open again": ("posted", f"UPDATE commissions_payoutline SET state = 'open' WHERE id = {PAID_LINE}"),
    "a failed line is called paid": (
        "posted",
        "UPDATE commissions_payoutline SET state = 'paid' WHERE state = 'failed'",
    ),
    "a payment settled another deal": (
        "laid",
        f"UPDATE {LEDGER} SET deal_id = gen_random_uuid() WHERE account = 'payable' AND transaction_id = {PAYOUT}",
    ),
    "an agency's line is taxed": (
        "untaxed",
        f"UPDATE commissions_payoutline SET tax = 1, net = gross - 1 WHERE id = {AGENCYS_LINE}",
    ),
    "an individual is taxed otherwise, and all else agrees with that": (
        "withheld",
        f"UPDATE {LEDGER} SET amount = amount + CASE account WHEN 'tax' THEN -1 WHEN 'paid' THEN 1 ELSE 0 END"
        f" WHERE transaction_id = (SELECT id FROM {POSTED} WHERE line_id = {TAXED_LINE})",
        f"UPDATE commissions_payoutline SET tax = tax - 1, net = net + 1 WHERE id = {TAXED_LINE}",
    ),
    "a paid batch is called approved": (
        "states",
        "UPDATE commissions_payoutbatch SET state = 'approved' WHERE state = 'paid'",
    ),
    "a paid line's tax is another": (
        "totals",
        f"UPDATE commissions_payoutline SET tax = tax + 1, net = net - 1 WHERE id = {PAID_LINE}",
    ),
    "a reason is rewritten": (
        "seal",
        f"""UPDATE {LEDGER} SET explanation = explanation || '{{"why": "x"}}' WHERE kind = 'write_off'""",
    ),
    "a posting is backdated": (
        "seal",
        f"UPDATE {POSTED} SET posted_at = posted_at - interval '1 day' WHERE id = {A_POSTING}",
    ),
    "a transaction is put among sealed ones": (
        "seal",
        f"UPDATE {POSTED} SET id = -id WHERE id = {PAYOUT}",
        f"INSERT INTO {POSTED} SELECT -id, kind, currency, posted_at, actor_id, line_id, project_id, run_id"
        f" FROM {POSTED} WHERE id < 0",
    ),
    "a seal is gone": ("chain", "DELETE FROM commissions_ledgerseal WHERE number = 1"),
    "the last seal is gone": ("trail", f"DELETE FROM commissions_ledgerseal WHERE number = {LAST}"),
    "a seal is made anew": ("trail", f"UPDATE commissions_ledgerseal SET digest = 'x' WHERE number = {LAST}"),
}


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_planted_fault_is_found(books, fault):
    check, *statements = FAULTS[fault]
    with undone():
        behind(*statements)
        assert check in found()


def test_what_waits_for_a_run_is_no_difference_until_it_is_overdue(books):
    with undone():
        books.contracted("C1")
        DealOutbox.objects.update(written_at=clock.now())
        report = verify()
        assert (report.differences, report.counts["run_due"]) == ([], 1)
        DealOutbox.objects.update(written_at=clock.now() - timedelta(hours=3))
        assert found() == {"run_overdue"}


def test_the_ledger_is_held_against_its_lines_also_while_a_run_is_due(books):
    with undone():
        books.contracted("C1")
        behind(f"UPDATE {LEDGER} SET amount = amount * 2 WHERE transaction_id = {A_POSTING}")
        assert "line" in found()


def test_a_check_is_kept_with_what_it_found(books):
    with undone():
        sound = check_ledger()
        assert (sound.ok, sound.found, sound.differences, sound.asked_by) == (True, 0, [], None)
        assert not Notice.objects.filter(kind="ledger.differs").exists()
        behind("UPDATE commissions_repayment SET amount = amount + 1")
        check_ledger(asked_by=books.finance)
        kept = LedgerCheck.objects.get(asked_by=books.finance)
        assert (kept.ok, kept.found) == (False, 2)  # on either account
        assert {one["check"] for one in kept.differences} == {"source"}
        assert {one["project"] for one in kept.differences} == {str(books.project.pk)}
        assert kept.differences[0]["expected"] != kept.differences[0]["found"]
        told = Notice.objects.filter(kind="ledger.differs").values_list("recipient__role", "facts")
        assert sorted(told) == [("finance", {"found": 2}), ("finance_approver", {"found": 2})]


def test_a_seal_covers_what_was_posted_since_the_last_and_nothing_makes_none(books):
    with undone():
        assert seal_ledger() is None
        last = LedgerSeal.objects.first()
        books.collected("B1")
        books.run()
        seal = seal_ledger()
        assert (seal.number, seal.after, seal.previous) == (last.number + 1, last.upto, last.digest)
        posted = LedgerEntry.objects.filter(transaction__gt=last.upto)
        assert seal.entries == posted.count() > 0
        assert seal.transactions == posted.values("transaction").distinct().count()
        assert verify().ok


def told(*options: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("verify_ledger", *options, stdout=out)
    except SystemExit as end:
        return end.code, out.getvalue()
    return 0, out.getvalue()


def test_the_command_ends_with_0_and_counts_or_1_and_a_list(books):
    with undone():
        code, text = told()
        assert code == 0
        assert "projects 1, deals 4" in text
        assert text.endswith("Everything agrees.\n")
        behind(f"UPDATE commissions_payoutline SET gross = gross + 1, net = net + 1 WHERE id = {OPEN_LINE}")
        code, text = told()
        line = PayoutLine.objects.filter(state="open").order_by("pk").first()
        assert code == 1
        expected = f"expected {line.gross}, found {line.gross - 1}"
        assert f"gross: line {line.batch.number} {line.pk} (payee {line.payee_id}): {expected}\n" in text
        code, text = told("--json")
        assert (code, json.loads(text)["found"]) == (1, 1)
