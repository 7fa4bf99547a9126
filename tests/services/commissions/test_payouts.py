"""Payout batches: gathered, submitted, approved by a second person, paid; what is owed back is netted."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from commissions.batch_sheets import deals_behind
from commissions.models import Invoice, LedgerEntry, PayoutBatch, PayoutEntry, PayoutLine
from commissions.selectors import line_entries
from commissions.services.payouts import (
    approve_batch,
    attach_invoice,
    draft_batch,
    pay_batch,
    return_batch,
    submit_batch,
    void_batch,
)
from tests.services.commissions.cast import AT_CONTRACT, Cast, at, figures, person


@pytest.fixture
def paying(cast) -> Cast:
    """10,000.00 is payable to A1, and 3,000.00 to its broker B1."""
    cast.plan("A1", bonuses=[{"name": "cash", "amount": "3000.00", "to": "broker", "release": "contracted"}])
    cast.collected("B1")
    cast.run()
    return cast


_FREE_HELD_BALANCE = """
SELECT payee_id, sum(amount) FILTER (WHERE NOT settles AND state IS NULL),
       sum(amount) FILTER (WHERE NOT settles AND state = 'open'), sum(amount)
FROM commissions_ledgerentry e
LEFT JOIN (
    SELECT entry_id, state FROM commissions_payoutentry i JOIN commissions_payoutline l ON l.id = i.line_id WHERE live
) taken ON taken.entry_id = e.id
WHERE account = 'payable' GROUP BY 1
"""


def lines(batch: PayoutBatch) -> dict[str, tuple[str, str, str]]:
    return {
        str(line.payee): (f"{line.gross:.2f}", f"{line.tax:.2f}", f"{line.net:.2f}")
        for line in batch.lines.select_related("payee__agency", "payee__broker__user")
    }


def unsettled() -> dict[str, str]:
    """Return by payee what a draft made now would gather."""
    free = LedgerEntry.objects.filter(account="payable", settles=False).exclude(payouts__live=True)
    return {
        row["payee"]: f"{row['total']:.2f}"
        for row in free.order_by().values("payee").annotate(total=Sum("amount"))
        if row["total"]
    }


def test_draft_gathers_what_is_payable_with_the_individuals_tax(paying):
    batch = paying.drafted()
    assert lines(batch) == {"A1": ("10000.00", "0.00", "10000.00"), "B1": ("3000.00", "440.00", "2560.00")}
    assert (batch.state, batch.currency, batch.tax_month) == ("draft", "CNY", date(2026, 3, 1))
    assert batch.number.startswith("P-202603-")
    assert unsettled() == {}


def test_a_ledger_entry_is_in_one_live_batch_at_most(paying):
    batch = paying.drafted()
    with pytest.raises(NotAllowed) as refusal:
        paying.drafted()
    assert refusal.value.code == "nothing_payable"
    assert PayoutBatch.objects.count() == 1
    item = PayoutEntry.objects.filter(line__batch=batch).first()
    with pytest.raises(IntegrityError, match="entry_in_one_live_batch"), transaction.atomic():
        PayoutEntry.objects.create(line=item.line, entry=item.entry)


def test_only_what_was_posted_by_the_cutoff_is_gathered(paying):
    cutoff = paying.now
    paying.collected("B2")
    paying.run()
    with clock.at(paying.later()):
        batch = draft_batch(actor=paying.finance, company=paying.company, cutoff_at=cutoff)
    assert lines(batch)["A1"] == ("10000.00", "0.00", "10000.00")
    assert "B2" not in lines(batch)
    with clock.at(paying.later()), pytest.raises(Invalid) as refusal:
        draft_batch(actor=paying.finance, company=paying.company, cutoff_at=at("12-31 00:00"))
    assert refusal.value.code == "in_the_future"


def test_paying_moves_payable_to_paid_and_tax(paying):
    batch = paying.paid()
    assert batch.state == "paid"
    assert paying.figures("A1") == figures(earned="10000.00", paid="10000.00")
    assert paying.figures("B1") == figures(earned="3000.00", paid="2560.00", tax="440.00")
    line = batch.lines.get(payee=paying.payee("B1"))
    assert (line.state, line.bank_reference != "", line.paid_at is not None) == ("paid", True, True)
    assert paying.run().changed == 0


def test_clawback_is_netted_never_below_zero_and_carried(paying):
    first = paying.collected("B1")
    paying.run()
    paying.paid()
    paying.cancel(first)
    paying.run()
    assert paying.figures("A1") == figures(earned="10000.00", payable="-10000.00", paid="20000.00")
    with pytest.raises(NotAllowed):
        paying.drafted()

    paying.collected("B2", price="600000.00")
    paying.run()
    batch = paying.paid()
    assert lines(batch) == {"B2": ("3000.00", "440.00", "2560.00")}
    assert paying.figures("A1")["payable"] == "-4000.00"

    paying.collected("B2", price="700000.00")
    paying.run()
    batch = paying.paid()
    assert lines(batch)["A1"] == ("3000.00", "0.00", "3000.00")
    assert paying.figures("A1") == figures(earned="23000.00", paid="23000.00")


def test_debts_are_netted_across_a_companys_projects_but_not_across_companies(paying):
    deal = paying.collected("B1", price="2000000.00")
    paying.run()
    paying.paid()
    sister = Cast(company=paying.company, now=paying.now)
    stranger = Cast(now=paying.now)
    for project in (sister, stranger):
        project.agencies["A1"] = paying.agencies["A1"]
        project.brokers["B1"] = paying.brokers["B1"]
        project.agree("A1")
        project.plan("A1", tiers=(("0", "0.03"),))
        project.collected("B1")
        project.run()
    paying.now = max(sister.now, stranger.now)
    paying.cancel(deal)
    paying.run()
    assert lines(paying.drafted()) == {"A1": ("10000.00", "0.00", "10000.00")}
    assert lines(stranger.drafted()) == {"A1": ("30000.00", "0.00", "30000.00")}


def test_below_the_minimum_is_carried(paying):
    paying.company.minimum_amount = Decimal("3000.01")
    paying.company.save()
    assert list(lines(paying.drafted())) == ["A1"]
    paying.collected("B1", price="1.00")
    paying.run()
    assert lines(paying.drafted())["B1"] == ("6000.00", "960.00", "5040.00")


def test_who_prepared_or_submitted_never_approves(paying):
    both = person(Role.FINANCE, is_superuser=True)
    other = person(Role.FINANCE)
    with clock.at(paying.later()):
        batch = paying.invoiced(draft_batch(actor=both, company=paying.company))
        submit_batch(actor=other, batch=batch)
        for nobody in (both, other, paying.finance, paying.manager, None):
            with pytest.raises(Forbidden):
                approve_batch(actor=nobody, batch=batch)
    batch.refresh_from_db()
    assert (batch.state, batch.approved_by) == ("submitted", None)
    for field in ("prepared_by", "submitted_by"):
        with pytest.raises(IntegrityError, match="batch_approver_is_not"), transaction.atomic():
            PayoutBatch.objects.filter(pk=batch.pk).update(state="approved", approved_by=getattr(batch, field))


def test_agency_lines_need_an_invoice_of_their_amount(paying):
    batch = paying.drafted()
    with clock.at(paying.later()):
        submit_batch(actor=paying.finance, batch=batch)
        with pytest.raises(Invalid) as refusal:
            approve_batch(actor=paying.approver, batch=batch)
    line = batch.lines.get(payee=paying.payee("A1"))
    assert (refusal.value.code, refusal.value.facts["lines"]) == ("invoice_needed", [str(line.pk)])
    paying.invoiced(batch)
    with clock.at(paying.later()):
        assert approve_batch(actor=paying.approver, batch=batch).state == "approved"


def test_each_move_is_from_its_state_only(paying):
    batch = paying.drafted()
    refused = {
        "draft": [(approve_batch, paying.approver, {}), (pay_batch, paying.finance, {"results": [{"line": "x"}]})],
        "submitted": [(submit_batch, paying.finance, {}), (pay_batch, paying.finance, {"results": [{"line": "x"}]})],
        "approved": [(submit_batch, paying.finance, {}), (approve_batch, paying.approver, {})],
        "paid": [
            (submit_batch, paying.finance, {}),
            (approve_batch, paying.approver, {}),
            (return_batch, paying.approver, {"reason": "no"}),
            (void_batch, paying.finance, {"reason": "no"}),
        ],
    }
    results = [{"line": line, "bank_reference": "B"} for line in batch.lines.all()]
    moves = [
        lambda: paying.invoiced(batch),
        lambda: submit_batch(actor=paying.finance, batch=batch),
        lambda: approve_batch(actor=paying.approver, batch=batch),
        lambda: pay_batch(actor=paying.finance, batch=batch, results=results),
    ]
    for move in moves:
        move()
        batch.refresh_from_db()
        for service, actor, arguments in refused[batch.state]:
            with pytest.raises(NotAllowed):
                service(actor=actor, batch=batch, **arguments)
    assert batch.state == "paid"


def test_the_database_refuses_a_move_that_is_none(paying):
    batch = paying.drafted()
    with pytest.raises(IntegrityError, match="batch cannot go"), transaction.atomic():
        PayoutBatch.objects.filter(pk=batch.pk).update(
            state="paid", submitted_by=paying.finance, approved_by=paying.approver
        )


def test_a_failed_line_goes_back_to_payable_and_into_the_next_batch(paying):
    batch = paying.paid(failing=[paying.payee("A1")])
    assert batch.state == "paid"
    assert paying.figures("A1") == figures(earned="10000.00", payable="10000.00")
    assert paying.figures("B1")["paid"] == "2560.00"
    assert batch.lines.get(payee=paying.payee("A1")).state == "failed"
    again = paying.paid()
    assert lines(again) == {"A1": ("10000.00", "0.00", "10000.00")}
    assert paying.figures("A1") == figures(earned="10000.00", paid="10000.00")


def test_a_batch_whose_every_line_failed_is_void(paying):
    batch = paying.paid(failing=[paying.payee("A1"), paying.payee("B1")])
    assert batch.state == "void"
    assert paying.figures("B1") == figures(earned="3000.00", payable="3000.00")


def behind_naively(line: PayoutLine) -> list[tuple]:
    """Return a line's components, read entry by entry: what stands first of each, sum, number, latest explanation."""
    rows: dict[tuple, list] = {}
    for entry in line_entries(line):
        key = (entry.project_id, entry.deal_id, entry.referral_id, entry.kind)
        row = rows.setdefault(key, [entry.pk, Decimal(0), 0, {}])
        row[1:] = row[1] + entry.amount, row[2] + 1, entry.explanation
    return [tuple(row) for row in rows.values() if row[1]]


def test_of_a_line_no_more_entries_are_read_than_are_shown_and_corrections_are_one_with_what_they_correct(
    cast, monkeypatch
):
    cast.plan("A1", tiers=(("0", "0.01"), ("3", "0.02")), mode="retroactive", release=AT_CONTRACT)
    for price in ("1000000.00", "2000000.00", "3000000.00", "4000000.00", "5000000.00"):
        deal = cast.contracted("B1", price=price)
        cast.run()
    cast.cancel(deal)
    cast.run()
    line = cast.drafted().lines.get()
    expected = behind_naively(line)
    assert [(one[1], one[2]) for one in expected] == [(20_000, 2), (40_000, 2), (60_000, 1), (80_000, 1)]
    assert sum(one[1] for one in expected) == line.gross

    def shown() -> tuple[list[tuple], int]:
        rows, count = deals_behind(line)
        return [(row.entry.pk, row.amount, row.entries, row.explanation) for row in rows], count

    assert shown() == (expected, 4)
    built = []
    from_db = LedgerEntry.from_db
    monkeypatch.setattr(LedgerEntry, "from_db", lambda *given: built.append(given) or from_db(*given))
    monkeypatch.setattr("commissions.batch_sheets.MOST_DEALS", 2)
    assert shown() == (expected[:2], 4)
    assert len(built) == 4, "of each component the first entry and the latest"


def statements_of_paying(lines: int) -> int:
    cast = Cast()
    for place in range(lines):
        cast.agency(f"A{place}", brokers=[f"B{place}"])
        cast.plan(f"A{place}", release=AT_CONTRACT)
        cast.contracted(f"B{place}")
    cast.run()
    batch = cast.approved()
    references = {line.pk: f"R{place}" for place, line in enumerate(batch.lines.all())}
    results = [{"line": pk, "bank_reference": reference} for pk, reference in references.items()]
    with clock.at(cast.later()), CaptureQueriesContext(connection) as asked:
        pay_batch(actor=cast.finance, batch=batch, results=results)
    paid = batch.lines.filter(state="paid", paid_at=cast.now).values_list("pk", "bank_reference")
    assert dict(paid) == references and len(references) == lines
    return len(asked)


def test_paying_many_lines_takes_no_more_statements_than_paying_few(db):
    assert statements_of_paying(8) == statements_of_paying(2)


def test_lines_may_be_paid_in_parts(paying):
    batch = paying.approved()
    agency, broker = (batch.lines.get(payee=paying.payee(name)) for name in ("A1", "B1"))
    with clock.at(paying.later()):
        result = {"line": agency.pk, "bank_reference": "B1"}
        assert pay_batch(actor=paying.finance, batch=batch, results=[result]).state == "approved"
        for move in (return_batch, void_batch):
            with pytest.raises(NotAllowed) as refusal:
                move(actor=paying.approver, batch=batch, reason="too late")
            assert refusal.value.code == "payment_begun"
        with pytest.raises(Invalid) as refusal:
            pay_batch(actor=paying.finance, batch=batch, results=[result])
        assert refusal.value.code == "unknown_line"
        result = {"line": str(broker.pk), "bank_reference": "B2", "failed": False}
        assert pay_batch(actor=paying.finance, batch=batch, results=[result]).state == "paid"
    assert paying.figures("A1")["paid"] == "10000.00"


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([], "required"),
        ([{"line": "mine", "bank_reference": ""}], "bank_reference_required"),
        ([{"line": "mine", "bank_reference": "\u200b"}], "bank_reference_required"),
        ([{"line": "mine", "bank_reference": "x" * 81}], "bank_reference_required"),
        ([{"line": "mine", "bank_reference": "1"}, {"line": "mine", "bank_reference": "2"}], "duplicate_line"),
        ([{"line": "nobody's", "bank_reference": "1"}], "unknown_line"),
    ],
)
def test_results_that_make_no_sense_change_nothing(paying, results, code):
    batch = paying.approved()
    mine = batch.lines.first()
    given = [{**result, "line": mine if result["line"] == "mine" else result["line"]} for result in results]
    before = LedgerEntry.objects.count()
    with pytest.raises(Invalid) as refusal:
        pay_batch(actor=paying.finance, batch=batch, results=given)
    assert refusal.value.code == code
    assert (LedgerEntry.objects.count(), PayoutLine.objects.filter(state="open").count()) == (before, 2)


def test_returning_needs_a_reason_and_undoes_the_approval(paying):
    batch = paying.approved()
    with pytest.raises(Invalid) as refusal:
        return_batch(actor=paying.approver, batch=batch, reason=" ")
    assert refusal.value.code == "reason_required"
    with clock.at(paying.later()):
        returned = return_batch(actor=paying.approver, batch=batch, reason="wrong account")
    assert (returned.state, returned.approved_by, returned.submitted_by) == ("draft", None, None)
    event = Event.objects.filter(action="batch.draft").get()
    assert (event.reason, event.before, event.actor) == ("wrong account", {"state": "approved"}, paying.approver)


def test_voiding_lets_everything_go_for_another_batch(paying):
    batch = paying.submitted()
    number = Invoice.objects.get(live=True).number
    with clock.at(paying.later()):
        void_batch(actor=paying.finance, batch=batch, reason="wrong cut-off")
    assert set(batch.lines.values_list("state", flat=True)) == {"void"}
    assert not Invoice.objects.filter(live=True).exists()
    again = paying.drafted()
    assert lines(again) == lines(batch)
    line = again.lines.get(payee=paying.payee("A1"))
    invoice = attach_invoice(
        actor=paying.finance, line=line, number=number, amount=line.gross, vat_rate=Decimal("0.06")
    )
    assert invoice.live


@pytest.mark.parametrize("role", [Role.MARKETING, Role.AUDITOR, Role.AGENCY_ADMIN, Role.FINANCE_APPROVER])
def test_only_finance_prepares_and_submits(paying, role):
    outsider = person(role)
    with pytest.raises(Forbidden):
        draft_batch(actor=outsider, company=paying.company)
    batch = paying.drafted()
    with pytest.raises(Forbidden):
        submit_batch(actor=outsider, batch=batch)
    assert PayoutBatch.objects.get().state == "draft"


def test_a_company_with_several_currencies_is_asked_which(paying):
    other = Cast(currency="USD", company=paying.company, now=paying.now)
    other.agency("U1", brokers=["V1"])
    other.plan("U1", payee="broker", release=AT_CONTRACT)
    other.contracted("V1")
    other.run()
    paying.now = other.now
    with pytest.raises(Invalid) as refusal:
        draft_batch(actor=paying.finance, company=paying.company)
    assert refusal.value.code == "currency_required"
    batch = other.drafted()
    assert (batch.currency, lines(batch)) == ("USD", {"V1": ("10000.00", "0.00", "10000.00")})


def test_tax_is_laid_over_a_lines_deals_to_the_cent(cast):
    cast.plan("A1", payee="broker", tiers=(("0", "0.00333"),), release=AT_CONTRACT)
    for price in ("333333.00", "100001.00", "777777.00"):
        cast.contracted("B1", price=price)
    cast.run()
    batch = cast.paid()
    line = batch.lines.get()
    parts = LedgerEntry.objects.filter(transaction__line=line, account="tax").values_list("amount", flat=True)
    assert (len(parts), sum(parts)) == (3, line.tax)
    assert all(part > 0 and part == round(part, 2) for part in parts)
    for deal in LedgerEntry.objects.filter(transaction__line=line).order_by().values("deal").annotate(Sum("amount")):
        assert deal["amount__sum"] == 0


def test_everything_is_recorded(paying):
    batch = paying.paid()
    events = Event.objects.filter(target_id=str(batch.pk)).order_by("id").values_list("action", "actor")
    assert list(events) == [
        ("batch.drafted", paying.finance.pk),
        ("invoice.attached", paying.finance.pk),
        ("batch.submitted", paying.finance.pk),
        ("batch.approved", paying.approver.pk),
        ("batch.payment", paying.finance.pk),
        ("batch.paid", paying.finance.pk),
    ]


def test_what_is_free_and_what_live_lines_hold_is_the_balance(paying):
    deal = paying.collected("B1")
    paying.run()
    paying.paid(failing=[paying.payee("B1")])
    paying.cancel(deal)
    paying.collected("B2", price="1700000.00")
    paying.run()
    paying.drafted()
    with connection.cursor() as cursor:
        cursor.execute(_FREE_HELD_BALANCE)
        rows = cursor.fetchall()
    assert len(rows) == 3
    for _, free, held, balance in rows:
        assert (free or 0) + (held or 0) == balance
