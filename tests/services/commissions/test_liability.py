"""What is unpaid, by whom and when: to the cent what the ledger holds, on screen and in the file."""

from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from django.db.models import Sum
from python_calamine import CalamineWorkbook

from brokers.services.agreements import end_agreement
from brokers.states import Ending
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden
from commissions.liability import ADVANCES, OVERDUE, UNDATED, Asked, Due, liability
from commissions.models import LedgerEntry
from commissions.next_units import triggered
from commissions.services.debts import record_repayment
from commissions.services.liability_export import export_liability
from commissions.services.runs import run_commissions
from leads.services.expected_dates import expect_dates
from tests.services.commissions.advancing import advanced, give_limit
from tests.services.commissions.cast import Cast

pytestmark = pytest.mark.django_db

KEPT = {"retention": {"fraction": "0.1", "until": "handover"}}
BONUS = {"bonuses": [{"name": "cash", "amount": "3000", "to": "broker", "release": "handover"}]}


@pytest.fixture
def owed(cast):
    """A mortgage (half released), a deal that two brokers share, a cancelled one that was paid, something repaid."""
    cast.plan("A1", **KEPT, **BONUS)
    cast.plan("A2")
    gone = cast.collected("C1", price="333333.33")
    cast.run()
    cast.paid()
    cast.cancel(gone)
    mortgage = cast.contracted("B1", method="mortgage", first="400000.00")
    cast.receive(mortgage, "400000.00")
    shared = cast.contracted("B2", "C1", method="instalment", first="100000.01", price="777777.77")
    cast.run()
    with clock.at(cast.later()):
        record_repayment(
            actor=cast.finance, payee=cast.payee("A2"), project=cast.project, amount=Decimal(1000), reference="back"
        )
        expect_dates(actor=cast.manager, deal=mortgage, loan_expected_on=date(2026, 5, 12))
        expect_dates(actor=cast.manager, deal=shared, first_payment_due_on=date(2026, 3, 2))
    cast.project.handover_expected_on = date(2027, 6, 30)
    cast.project.save()
    return cast


def asked(cast, **more):
    return Asked("CNY", (cast.project,), **more)


def read(cast, asked_for=None, *, on=(3, 10)):
    with clock.at(cast.now.replace(month=on[0], day=on[1])):
        return liability(asked_for or asked(cast))


def ledger(**narrow):
    sums = dict(LedgerEntry.objects.filter(**narrow).order_by().values_list("account").annotate(Sum("amount")))
    return Due(*(sums.get(name, Decimal(0)) for name in ("pending", "retained", "payable")))


def summed(dues):
    total = Due()
    for due in dues:
        total.add(due.pending, due.retained, due.payable)
    return total


def test_all_sums_are_the_ledgers_to_the_cent(owed):
    found = read(owed)
    assert found.total == ledger()
    assert found.total.payable < 4500
    for sums in (found.months, found.companies, found.projects, found.agencies):
        assert summed(sums.values()) == ledger()
    for name in ("A1", "A2"):
        agency = owed.agencies[name]
        held = ledger(payee__agency=agency)
        for broker in agency.brokers.all():
            held = summed([held, ledger(payee__broker=broker)])
        assert found.agencies[agency.pk] == held
        assert read(owed, asked(owed, agency=agency)).total == held


def test_pending_falls_in_the_month_of_its_milestone_retained_in_the_handovers(owed):
    found = read(owed)
    # overdue: half of either share's 3,888.89, of A1's a tenth kept; undated: the other half
    # May: the loan's 5,000, a tenth kept; handover: what is kept of it and of A1's share, and the bonuses whole
    assert [(month, f"{due.pending:.2f}", f"{due.retained:.2f}") for month, due in found.by_month()] == [
        (OVERDUE, "3694.45", "0.00"),
        ("2026-04", "0.00", "0.00"),
        ("2026-05", "4500.00", "0.00"),
        ("2027-06", "5388.89", "500.00"),
        (UNDATED, "3694.44", "0.00"),
    ]
    # the next payout is on the 5th of April
    assert found.months["2026-04"].payable == ledger().payable


def test_what_is_overdue_is_told_apart(owed):
    assert OVERDUE not in read(owed, on=(3, 2)).months
    assert read(owed, on=(5, 13)).months[OVERDUE].pending > read(owed, on=(5, 12)).months[OVERDUE].pending


def test_what_is_held_has_no_date(owed):
    with clock.at(owed.later()):
        agreement = owed.agencies["A1"].agreements.get()
        end_agreement(actor=owed.manager, agreement=agreement, reason="seen", ending=Ending.INTERCEPTION)
    assert read(owed).months[UNDATED].payable == ledger(payee=owed.payee("A1")).payable


def test_advances_stand_on_their_own_as_to_be_settled_and_no_month_is_less_for_them(owed):
    before = read(owed)
    give_limit(owed, "5000.00")
    advanced(owed, "1000.00")
    found = read(owed)
    assert found.total == ledger()
    assert found.months.pop(ADVANCES) == Due(pending=Decimal(-1000))
    months = {month: (due.pending, due.retained) for month, due in found.months.items()}
    assert months == {month: (due.pending, due.retained) for month, due in before.months.items()}
    assert [month for month, _due in read(owed).by_month()][-2:] == [UNDATED, ADVANCES]
    with clock.at(owed.now.replace(month=3, day=10)):
        file = export_liability(actor=owed.finance, asked=asked(owed))
    book = CalamineWorkbook.from_filelike(BytesIO(b"".join(file.pieces)))
    row = next(row for row in cells(book.get_sheet_by_name("Months")) if row[0] == "Advances to be settled")
    assert row[1:] == [-1000.0, 0.0, 0.0, -1000.0]
    assert any(row[5].startswith("Advanced already") for row in cells(book.get_sheet_by_name("Lines")))


def test_each_currency_and_project_stands_alone(owed):
    other = Cast(currency="JPY", company=owed.company, now=owed.now)
    other.agency("A3", brokers=["D1"])
    other.plan("A3", **KEPT)
    other.contracted("D1", price="999999")
    with clock.at(other.now):
        run_commissions(project=other.project)
    assert read(owed).total == ledger(project=owed.project)
    found = read(other, Asked("JPY", (other.project,)))
    assert found.total == ledger(project=other.project)
    assert found.total.total == 10000


def cells(sheet):
    return sheet.to_python()


def test_the_file_has_every_line_and_its_totals_are_the_ledgers(owed):
    with clock.at(owed.now.replace(month=3, day=10)):
        file = export_liability(actor=owed.finance, asked=asked(owed))
        book = CalamineWorkbook.from_filelike(BytesIO(b"".join(file.pieces)))
    held = ledger()
    figures = [float(held.pending), float(held.retained), float(held.payable)]
    lines = cells(book.get_sheet_by_name("Lines"))
    assert lines[-1][-3:] == figures
    assert round(sum(row[-3] or 0 for row in lines[1:-1]), 2) == figures[0]
    assert any("when the loan is paid out (expected 12 May 2026)" in row[5] for row in lines)
    for name in ("Months", "Companies", "Projects", "Agencies"):
        assert cells(book.get_sheet_by_name(name))[-1][1:4] == figures
    assert Event.objects.get(action="liability.exported").after["currency"] == "CNY"


def test_an_agency_takes_no_such_file(owed):
    with pytest.raises(Forbidden):
        export_liability(actor=owed.brokers["B1"].user, asked=asked(owed))
    assert not Event.objects.filter(action="liability.exported").exists()


def test_what_the_next_units_trigger_is_what_they_then_cost(cast):
    cast.plan("A1", mode="retroactive", tiers=(("0", "0.01"), ("3", "0.012")))
    cast.plan("A2", tiers=(("0", "0.01"), ("3", "0.012")))
    for broker in ("B1", "B2", "C1"):
        cast.contracted(broker)
    cast.run()
    with clock.at(cast.now):
        (found,) = triggered([cast.project])
        assert not triggered([cast.project], agency=cast.agencies["A2"])
    assert (found.agency, found.outlook.total, found.outlook.to_next) == (cast.agencies["A1"], 2, 1)
    before = cast.figures("A1")["earned"]
    cast.contracted("B1")
    cast.run()
    reach = found.outlook.reaches[0]
    assert Decimal(cast.figures("A1")["earned"]) - Decimal(before) == reach.extra + reach.own == Decimal("16000.00")


def test_where_brokers_have_a_line_each_so_has_the_outlook(cast):
    cast.plan("A1", mode="retroactive", scope="broker", tiers=(("0", "0.01"), ("2", "0.012")))
    for broker in ("B1", "B1", "B2"):
        cast.contracted(broker)
    cast.run()
    with clock.at(cast.now):
        found = {str(one.broker): one.outlook for one in triggered([cast.project])}
    assert {name: (one.total, one.to_next, one.reaches[0].extra) for name, one in found.items()} == {
        "B1": (2, None, Decimal("0.00")),
        "B2": (1, 1, Decimal("2000.00")),
    }
