"""The same figures read everywhere they stand: screen, workbook, CSV, PDF, ledger, and the auditor's views."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import QuerySet, Sum
from django.utils.translation import override
from playwright.sync_api import expect

from channels_platform.presentation.badges import badge_of
from commissions.models import LedgerEntry, PayoutBatch, PayoutLine, Statement
from tests.browser.conftest import LOCALES, Visitor
from tests.browser.quarter import MONTH_FIGURES, Quarter, shown
from tests.browser.test_story import exported, money
from tests.services.commissions.test_exports import sheets
from tests.services.commissions.test_statement_files import from_ledger, pdf_text

ThreeFigures = tuple[str, str, str]


def told(amounts: Iterable[Decimal | None]) -> tuple[str, ...]:
    return tuple(f"{amount or Decimal(0):.2f}" for amount in amounts)


def rows_of(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


@dataclass
class Books:
    """Where the auditor looks, each figure beside the one worked out by hand."""

    quarter: Quarter
    auditor: Visitor
    folder: Path

    def of_a_batch(self, batch: PayoutBatch, figures: ThreeFigures, *, paid: ThreeFigures) -> None:
        """`figures`: what it was approved for; `paid`: without the line that the bank refused."""
        page = self.auditor.open(f"/finance/batches/{batch.pk}/")
        for amount in {*figures, paid[2]} - {"0.00"}:
            expect(page.locator("main .figures")).to_contain_text(shown(amount))

        book = sheets(exported(page, "xlsx", self.folder))
        summary, lines, deals, _approvals = book.values()
        assert {*figures, paid[2]} <= {f"{money(cell)}" for _label, cell in summary}
        assert told(money(cell) for cell in lines[-1][3:6]) == figures
        assert told(money(cell) for cell in deals[-1][16:19]) == figures
        _headings, *rows = csv.reader(StringIO(exported(page, "csv", self.folder).decode("utf-8-sig")))
        assert told(sum(Decimal(row[place]) for row in rows) for place in (16, 17, 18)) == figures
        with override(self.auditor.language):
            went_out = [row for row in rows if row[19] == str(badge_of("line", "paid").word)]
        assert told(sum(Decimal(row[place]) for row in went_out) for place in (16, 17, 18)) == paid

        assert in_ledger(LedgerEntry.objects.filter(transaction__line__batch=batch)) == paid
        views = rows_of(f"SELECT gross, tax, net FROM audit_batches WHERE number = '{batch.number}'")
        assert told(views[0]) == figures
        of_lines = "SELECT sum(gross), sum(tax), sum(net) FROM audit_lines WHERE state = 'paid'"
        assert told(rows_of(f"{of_lines} AND batch_number = '{batch.number}'")[0]) == paid

    def of_all_payouts(self, figures: ThreeFigures) -> None:
        """The payout report, its files, and all that payouts ever posted; what failed counts where it was paid."""
        everything = (*figures, figures[2])
        page = self.auditor.open("/finance/reports/payouts/")
        for amount in figures:
            expect(page.locator("main .figures")).to_contain_text(shown(amount))
        self.auditor.look("quarter-payouts")
        _summary, table = sheets(downloaded(page, "/finance/reports/payouts/xlsx/", self.folder)).values()
        assert told(money(cell) for cell in table[-1][-4:]) == everything
        text = downloaded(page, "/finance/reports/payouts/csv/", self.folder).decode("utf-8-sig")
        _headings, *rows = csv.reader(StringIO(text))
        assert told(sum(Decimal(row[place]) for row in rows) for place in (-4, -3, -2, -1)) == everything

        assert in_ledger(LedgerEntry.objects.filter(transaction__kind="payout")) == figures
        of_ledger = "SELECT coalesce(sum(amount), 0) FROM audit_ledger WHERE transaction_kind = 'payout' AND account ="
        view = [rows_of(f"{of_ledger} '{account}'")[0][0] for account in ("payable", "tax", "paid")]
        assert told((-view[0], *view[1:])) == figures

    def of_a_month(self, statement: Statement, figures: Sequence[str]) -> None:
        """A statement: frozen, on the screen, as workbook and PDF, and its month drawn from the ledger anew."""
        expected = dict(zip(MONTH_FIGURES, figures, strict=True))
        assert told(getattr(statement, name) for name in MONTH_FIGURES if name != "kept") == tuple(
            figure for name, figure in expected.items() if name != "kept"
        )
        assert {name: f"{amount:.2f}" for name, amount in from_ledger(statement).items()} == {
            name: figure for name, figure in expected.items() if name != "opening"
        }
        page = self.auditor.open(f"/finance/months/statements/{statement.pk}/")
        for name in ("opening", "earned", "closing"):
            expect(page.locator("main .figures").first).to_contain_text(shown(expected[name]))

        place = f"/finance/months/statements/{statement.pk}"
        summary, lines = sheets(downloaded(page, f"{place}/xlsx/", self.folder)).values()
        assert {expected["opening"], expected["closing"]} <= {f"{money(cell)}" for _label, cell in summary}
        assert told(money(cell) for cell in lines[-1][8:14]) == tuple(figures[1:7])
        text = pdf_text(downloaded(page, f"{place}/pdf/", self.folder))
        for name, figure in expected.items():
            assert shown(figure) in text, name

    def of_everybody(self, balances: dict[str, Sequence[str]]) -> None:
        """Each payee's six figures: as the list's file says them, the ledger, and the auditor's view; and the proof."""
        page = self.auditor.open("/finance/")
        _headings, *rows = csv.reader(
            StringIO(downloaded(page, "/finance/balances.csv", self.folder).decode("utf-8-sig"))
        )
        assert {row[0]: tuple(row[5:11]) for row in rows} == balances
        for name, expected in balances.items():
            assert tuple(self.quarter.figures(name).values()) == expected
            own = f"FROM audit_balances WHERE payee_id = '{self.quarter.payee(name).pk}'"
            assert told(rows_of(f"SELECT earned, pending, retained, payable, paid, tax {own}")[0]) == expected
        assert rows_of("SELECT sum(amount) FROM audit_ledger")[0] == (0,)


def of_a_line(owner: Visitor, line: PayoutLine, figures: ThreeFigures, *, why: str = "") -> None:
    """What a payee reads of a batch's line in the portal, and the PDF of it, which says why."""
    page = owner.open(f"/portal/money/statements/{line.pk}/")
    answer = page.request.get(
        f"{owner.base}/portal/money/statements/{line.pk}/statement.pdf",
        headers={"Accept-Language": LOCALES[owner.language]},
    )
    text = pdf_text(answer.body())
    assert why in text
    for figure in figures:
        assert shown(figure) in text
        if figure != "0.00":
            expect(page.locator("main .facts")).to_contain_text(shown(figure))


def in_ledger(entries: QuerySet[LedgerEntry]) -> tuple[str, ...]:
    """Return what payments posted: gross, tax, net."""
    sums = dict(entries.order_by().values_list("account").annotate(Sum("amount")))
    return told((-sums["payable"], sums.get("tax"), sums["paid"]))


def downloaded(page: Any, address: str, folder: Path) -> bytes:
    """Press the button of a page that hands out a file."""
    button = page.locator(f"form[action^='{address}'] button")
    with page.expect_download() as download:
        button.evaluate("button => button.click()")
    kept = folder / "downloaded"
    download.value.save_as(kept)
    return kept.read_bytes()
