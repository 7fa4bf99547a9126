"""A month's statement as a file: PDF, workbook and ledger are equal to the cent."""

import base64
import re
import zlib
from decimal import Decimal
from io import BytesIO

import pytest
from django.db.models import Sum
from python_calamine import CalamineWorkbook

from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden
from commissions.models import LedgerEntry, Statement
from commissions.services.statement_files import StatementForm, export_month
from projects.models import PayingCompany
from tests.cast import broker_of
from tests.services.commissions.cast import Cast, at
from tests.services.commissions.test_statements import MARCH, close, statement

FIGURES = ("earned", "clawed_back", "released", "kept", "paid", "tax")


@pytest.fixture
def eventful(cast) -> Cast:
    """March has a deal paid out and cancelled, one that waits for its price, a crossing, and retention."""
    PayingCompany.objects.filter(pk=cast.company.pk).update(
        address="1 Lake Road", tax_number="91310000TAX", phone="021-5555"
    )
    cast.company.refresh_from_db()
    cast.plan(
        "A1",
        tiers=(("0", "0.01"), ("2", "0.0133")),
        mode="retroactive",
        retention={"fraction": "0.1", "until": "handover"},
        bonuses=[{"name": "=cash", "amount": "3000.00", "to": "agency", "release": "contracted"}],
    )
    lost = cast.collected("B1", price="1234567.89")
    cast.run()
    cast.paid()
    cast.collected("B1", "C1", price="777777.77")
    cast.contracted("B2", price="3333333.33")
    cast.run()
    cast.cancel(lost)
    cast.run()
    close(cast, MARCH, "04-02 09:00")
    return cast


def exported(cast: Cast, found: Statement, form: StatementForm, actor=None) -> bytes:
    with clock.at(cast.now):
        file = export_month(actor=actor or cast.finance, statement=found, form=form)
    assert file.name == f"{found.number}.{form}"
    return b"".join(file.pieces)


def pdf_text(pdf: bytes) -> str:
    """Return the ASCII text of a PDF: reportlab writes it as it is, in streams of Flate under ASCII85."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    found = []
    for stream in streams:
        try:
            page = zlib.decompress(base64.a85decode(b"<~" + stream.strip(), adobe=True))
        except (ValueError, zlib.error):
            continue
        found += re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", page)
    return " ".join(re.sub(rb"\\(.)", rb"\1", piece).decode("latin-1") for piece in found)


def from_ledger(found: Statement) -> dict[str, Decimal]:
    """Return the month's figures, and what is unpaid at its end, from the ledger alone."""
    upto = LedgerEntry.objects.filter(payee=found.payee, transaction__posted_at__lt=found.closing_of.ends_at)
    inside = upto.filter(transaction__posted_at__gte=found.closing_of.starts_at)

    def total(entries, *accounts) -> Decimal:
        return entries.filter(account__in=accounts).aggregate(Sum("amount"))["amount__sum"] or Decimal(0)

    expense = inside.filter(account="expense")
    return {
        "earned": -total(expense.filter(amount__lt=0), "expense"),
        "clawed_back": total(expense.filter(amount__gt=0), "expense"),
        "released": -total(inside, "expense", "pending"),
        "kept": total(inside, "retained"),
        "paid": total(inside, "paid"),
        "tax": total(inside, "tax"),
        "closing": total(upto, "pending", "retained", "payable"),
    }


def test_workbook_pdf_and_ledger_are_equal_to_the_cent(eventful):
    found = statement(eventful, "A1", MARCH)
    ledger = from_ledger(found)
    assert {name: getattr(found, name) for name in ledger} == ledger
    assert ledger["clawed_back"] > 0 and ledger["kept"] > 0 and ledger["paid"] > 0

    book = CalamineWorkbook.from_filelike(BytesIO(exported(eventful, found, StatementForm.XLSX)))
    summary = dict(row[:2] for row in book.get_sheet_by_index(0).to_python())
    heading, *rows, totals = book.get_sheet_by_index(1).to_python()
    assert summary["Statement"] == found.number
    assert (summary["Address"], summary["Tax number"], summary["Phone"]) == ("1 Lake Road", "91310000TAX", "021-5555")
    cents = Decimal("0.01")
    assert Decimal(summary["Unpaid at the end"]).quantize(cents) == ledger["closing"]
    names = ("Earned", "Clawed back", "Released", "Kept until handover", "Paid", "Tax withheld")
    for name, figure in zip(names, FIGURES, strict=True):
        place = heading.index(name)
        assert Decimal(totals[place]).quantize(cents) == ledger[figure]
        assert sum(Decimal(str(row[place] or 0)) for row in rows) == ledger[figure]
    assert "Bonus: =cash" in {row[heading.index("Component")] for row in rows}

    text = pdf_text(exported(eventful, found, StatementForm.PDF))
    for name in FIGURES:
        assert f"{ledger[name]:,.2f}" in text, name
    assert f"{ledger['closing']:,.2f}" in text
    for said in (found.number, "Lake Company", "1 Lake Road", "91310000TAX", "021-5555", "A1"):
        assert said in text


def test_a_file_is_for_finance_and_the_payee_alone_and_leaves_an_event(eventful):
    found = statement(eventful, "A1", MARCH)
    boss = broker_of(eventful.agencies["A1"], "boss-f", role=Role.AGENCY_ADMIN).user
    outsider = broker_of(eventful.agencies["A2"], "boss-o", role=Role.AGENCY_ADMIN).user
    for other in (outsider, eventful.brokers["B1"].user):
        with pytest.raises(Forbidden):
            exported(eventful, found, StatementForm.XLSX, other)
    assert not Event.objects.filter(action="statement.exported").exists()
    exported(eventful, found, StatementForm.XLSX, boss)
    assert Event.objects.get(action="statement.exported").target_label == found.number


def test_a_file_says_the_same_whatever_becomes_of_the_company_later(eventful):
    found = statement(eventful, "A1", MARCH)
    before = exported(eventful, found, StatementForm.XLSX)
    PayingCompany.objects.update(name="Other Company", address="2 Hill Road")
    eventful.now = at("04-03 09:00")
    eventful.run()
    after = exported(eventful, Statement.objects.get(pk=found.pk), StatementForm.XLSX)
    read = [CalamineWorkbook.from_filelike(BytesIO(file)) for file in (before, after)]
    for sheet in (0, 1):
        assert read[0].get_sheet_by_index(sheet).to_python() == read[1].get_sheet_by_index(sheet).to_python()


def test_words_of_a_narrow_column_stay_whole(eventful):
    found = max(Statement.objects.all(), key=lambda one: one.lines.count())
    text = pdf_text(exported(eventful, found, StatementForm.PDF))
    for words in ("What happened", "Newly earned", "Kept until handover"):
        assert words in text
