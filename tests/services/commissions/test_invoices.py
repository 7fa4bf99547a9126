"""Invoices: of the line's amount, of its agency, once per number."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, InternalError, transaction
from django.db.models import Sum

from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from channels_platform.lib.errors import Duplicate, Forbidden, Invalid, NotAllowed
from commissions.invoice_sheets import creditable
from commissions.models import CreditNote, Invoice
from commissions.services.adjustments import ask_adjustment, decide_adjustment
from commissions.services.invoices import record_credit_note
from commissions.services.payouts import (
    approve_batch,
    ask_write_off,
    attach_invoice,
    decide_write_off,
    record_repayment,
    submit_batch,
)
from tests.services.commissions.cast import Cast
from tests.services.leads.disputed import photo


@pytest.fixture
def drafted(cast) -> Cast:
    cast.plan("A1", bonuses=[{"name": "cash", "amount": "3000.00", "to": "broker", "release": "contracted"}])
    cast.plan("A2")
    cast.collected("B1")
    cast.collected("C1")
    cast.run()
    cast.batch = cast.drafted()
    return cast


def line_of(cast: Cast, name: str):
    return cast.batch.lines.get(payee=cast.payee(name))


def attach(cast: Cast, name: str = "A1", **changed):
    given = {
        "actor": cast.finance,
        "line": line_of(cast, name),
        "number": "24312000000001",
        "amount": Decimal("10000.00"),
        "vat_rate": Decimal("0.06"),
    }
    return attach_invoice(**{**given, **changed})


def agency_admin(cast: Cast, broker: str):
    user = cast.brokers[broker].user
    user.role = Role.AGENCY_ADMIN
    user.save()
    return user


def test_the_agencys_manager_hands_in_its_invoice(drafted):
    invoice = attach(drafted, actor=agency_admin(drafted, "B1"))
    assert (invoice.agency, invoice.amount, invoice.live) == (drafted.agencies["A1"], 10000, True)


def test_a_rival_and_a_broker_cannot(drafted):
    for actor in (agency_admin(drafted, "C1"), drafted.brokers["B2"].user, drafted.approver):
        with pytest.raises(Forbidden):
            attach(drafted, actor=actor)
    assert not Invoice.objects.exists()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"amount": Decimal("9999.99")}, "invoice_amount"),
        ({"number": "  "}, "required"),
        ({"issued_on": date(1, 1, 1)}, "out_of_range"),
        ({"number": "9" * 61}, "required"),
        ({"vat_rate": Decimal("1")}, "out_of_range"),
        ({"vat_rate": Decimal("-0.01")}, "out_of_range"),
    ],
)
def test_what_is_no_invoice_of_the_line_is_refused(drafted, changed, code):
    with pytest.raises(Invalid) as refusal:
        attach(drafted, **changed)
    assert refusal.value.code == code
    assert not Invoice.objects.exists()


def test_an_individual_needs_none(drafted):
    with pytest.raises(NotAllowed) as refusal:
        attach(drafted, "B1", amount=Decimal("3000.00"))
    assert refusal.value.code == "no_invoice_needed"


@pytest.mark.parametrize("number", ["fp-24312", "ＦＰ－24312", " FP- 243 12 "])
def test_blanks_letter_case_and_full_width_make_no_other_number(drafted, number):
    attach(drafted, number="FP-24312")
    drafted.collected("B1")
    drafted.run()
    drafted.batch = drafted.drafted()
    with pytest.raises(Duplicate) as refusal:
        attach(drafted, number=number)
    assert refusal.value.code == "invoice_known"
    assert Invoice.objects.get().number == "FP-24312"


def test_a_number_is_used_once_by_its_issuer_and_another_issuer_may_have_it_too(drafted):
    attach(drafted)
    attach(drafted, "A2")
    drafted.collected("B1")
    drafted.run()
    drafted.batch = drafted.drafted()
    with pytest.raises(Duplicate) as refusal:
        attach(drafted)
    assert refusal.value.code == "invoice_known"
    assert Invoice.objects.filter(live=True).count() == 2


def test_a_second_invoice_takes_the_firsts_place(drafted):
    attach(drafted)
    attach(drafted, number="24312000000002")
    attach(drafted)
    assert list(Invoice.objects.filter(live=True).values_list("number", flat=True)) == ["24312000000001"]


def test_an_approved_line_takes_no_invoice_any_more(drafted):
    drafted.invoiced(drafted.batch)
    with clock.at(drafted.later()):
        submit_batch(actor=drafted.finance, batch=drafted.batch)
        approve_batch(actor=drafted.approver, batch=drafted.batch)
    with pytest.raises(NotAllowed):
        attach(drafted)


def test_short_and_over_say_how_much_and_what_was_expected(drafted):
    for amount, difference, over in (("9999.99", "0.01", False), ("12000.00", "2,000.00", True)):
        with pytest.raises(Invalid) as refusal:
            attach(drafted, amount=Decimal(amount))
        assert refusal.value.facts == {"expected": "10,000.00", "difference": difference, "over": over}


def test_an_invoice_has_its_day_and_file_and_is_not_of_the_future(drafted):
    invoice = attach(drafted, issued_on=date(2026, 3, 1), attachment=photo())
    assert (invoice.issued_on, invoice.attachment.content_type) == (date(2026, 3, 1), "image/png")
    with clock.at(drafted.now), pytest.raises(Invalid) as refusal:
        attach(drafted, issued_on=drafted.now.date() + timedelta(days=2))
    assert (refusal.value.code, refusal.value.field) == ("in_the_future", "issued_on")


# --- credit notes ---------------------------------------------------------------------------------------------------


@pytest.fixture
def clawed(cast) -> Cast:
    """Two deals of 10,000 and 20,000 paid with one invoice, the first then cancelled: 10,000 is owed back."""
    cast.plan("A1")
    cast.deals = [cast.collected("B1"), cast.collected("B1", price="2000000.00")]
    cast.run()
    cast.paid()
    cast.cancel(cast.deals[0])
    cast.run()
    return cast


def credit(cast: Cast, amount: str = "10000.00", **changed):
    given = {
        "actor": agency_admin(cast, "B1"),
        "invoice": Invoice.objects.order_by("received_at").first(),
        "number": "R-1",
        "amount": Decimal(amount),
        "issued_on": cast.now.date(),
    }
    with clock.at(cast.later()):
        return record_credit_note(**{**given, **changed})


def repay(cast: Cast, amount: str) -> None:
    with clock.at(cast.later()):
        record_repayment(
            actor=cast.finance, payee=cast.payee("A1"), project=cast.project, amount=Decimal(amount),
            reference=f"bank {amount}",
        )  # fmt: skip


def papers_and_money(cast: Cast) -> tuple[Decimal, str]:
    """What the agency's papers come to, invoices less credit notes, and what it has been paid, less what it repaid."""
    papers = [paper.aggregate(sum=Sum("amount"))["sum"] or 0 for paper in (Invoice.objects, CreditNote.objects)]
    return papers[0] - papers[1], cast.figures("A1")["paid"]


def test_what_was_paid_back_of_a_paid_line_takes_a_credit_note_once(clawed):
    repay(clawed, "10000.00")
    credit(clawed, "4000.00", attachment=photo())
    assert creditable(Invoice.objects.all()).popitem()[1] == 6000
    with pytest.raises(Invalid) as refusal:
        credit(clawed, "6000.01", number="R-2")
    facts = {"expected": "6,000.00", "difference": "0.01", "over": True}
    assert (refusal.value.code, refusal.value.facts) == ("over_repaid", facts)
    credit(clawed, "6000.00", number="R-2")
    with pytest.raises(NotAllowed) as refusal:
        credit(clawed, "0.01", number="R-3")
    assert refusal.value.code == "nothing_repaid"
    assert list(CreditNote.objects.values_list("number", "amount")) == [("R-1", 4000), ("R-2", 6000)]
    assert papers_and_money(clawed) == (20000, "20000.00")


@pytest.mark.parametrize("far", ["owed", "drafted", "paid"])
def test_what_a_next_line_nets_takes_no_credit_note_before_or_after(clawed, far):
    clawed.collected("B1", price="3000000.00")
    clawed.run()
    {"owed": lambda: None, "drafted": clawed.drafted, "paid": clawed.paid}[far]()
    with pytest.raises(NotAllowed) as refusal:
        credit(clawed)
    assert refusal.value.code == "nothing_repaid"
    assert not CreditNote.objects.exists()


def test_invoices_less_credit_notes_are_what_was_paid_where_a_part_is_repaid_and_the_rest_netted(clawed):
    repay(clawed, "4000.00")
    clawed.collected("B1", price="3000000.00")
    clawed.run()
    assert clawed.paid().lines.get().gross == 24000
    with pytest.raises(Invalid) as refusal:
        credit(clawed, "4000.01")
    assert refusal.value.facts == {"expected": "4,000.00", "difference": "0.01", "over": True}
    credit(clawed, "4000.00")
    assert papers_and_money(clawed) == (50000, "50000.00")


def test_what_is_written_off_stays_paid_and_takes_no_credit_note(clawed):
    given = {"payee": clawed.payee("A1"), "project": clawed.project, "amount": Decimal("10000.00")}
    with clock.at(clawed.later()):
        asked = ask_write_off(actor=clawed.finance, reason="the agency is wound up", **given)
        decide_write_off(actor=clawed.approver, write_off=asked, approve=True)
    with pytest.raises(NotAllowed) as refusal:
        credit(clawed)
    assert refusal.value.code == "nothing_repaid"
    assert papers_and_money(clawed) == (30000, "30000.00")


def test_a_credit_note_is_against_the_invoice_whose_line_paid_what_is_gone(clawed):
    repay(clawed, "10000.00")
    clawed.collected("B1", price="3000000.00")
    clawed.run()
    clawed.paid()
    first, second = Invoice.objects.order_by("received_at")
    assert creditable([first, second]) == {first.pk: 10000, second.pk: 0}


def adjust(cast: Cast, amount: str) -> None:
    with clock.at(cast.later()):
        asked = ask_adjustment(
            actor=cast.finance, payee=cast.payee("A1"), project=cast.project, amount=Decimal(amount), reason="agreed"
        )
        decide_adjustment(actor=cast.approver, adjustment=asked, approve=True)


def test_an_adjustment_that_stands_takes_no_credit_note_of_what_a_deal_gave_back(clawed):
    repay(clawed, "10000.00")
    adjust(clawed, "500.00")
    clawed.paid()
    first, second = Invoice.objects.order_by("received_at")
    assert creditable([first, second]) == {first.pk: 10000, second.pk: 0}


def test_a_repaid_adjustment_takes_a_credit_note_though_every_deal_stands(cast):
    cast.plan("A1")
    cast.collected("B1")
    cast.run()
    cast.paid()
    adjust(cast, "-300.00")
    repay(cast, "300.00")
    with pytest.raises(Invalid) as refusal:
        credit(cast, "300.01")
    assert refusal.value.code == "over_repaid"
    credit(cast, "300.00")
    assert papers_and_money(cast) == (9700, "9700.00")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"number": " "}, "required"),
        ({"number": "\u200b"}, "required"),
        ({"amount": Decimal("-1")}, "not_positive"),
        ({"issued_on": date(2027, 1, 1)}, "in_the_future"),
    ],
)
def test_what_is_no_credit_note_is_refused(clawed, changed, code):
    repay(clawed, "10000.00")
    with pytest.raises(Invalid) as refusal:
        credit(clawed, **changed)
    assert refusal.value.code == code
    assert not CreditNote.objects.exists()


def test_a_credit_note_is_its_agencys_own_and_has_a_number_of_its_own(clawed):
    repay(clawed, "10000.00")
    with pytest.raises(Forbidden):
        credit(clawed, actor=agency_admin(clawed, "C1"))
    with pytest.raises(Duplicate):
        credit(clawed, number=Invoice.objects.get().number)
    credit(clawed, "1.00")
    with pytest.raises(Duplicate):
        credit(clawed, "1.00")


def test_the_database_keeps_credit_notes_within_their_invoice_and_for_ever(clawed):
    repay(clawed, "10000.00")
    note = credit(clawed)
    over = {"invoice": note.invoice, "agency": note.agency, "issued_on": note.issued_on, "received_at": clawed.now}
    with pytest.raises(IntegrityError), transaction.atomic():
        CreditNote.objects.create(number="R-9", amount=note.invoice.amount, received_from=clawed.finance, **over)
    for change in (lambda: CreditNote.objects.update(amount=1), lambda: CreditNote.objects.all().delete()):
        with pytest.raises(InternalError), transaction.atomic():
            change()
