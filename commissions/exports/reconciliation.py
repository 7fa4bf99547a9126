"""A reconciliation as a workbook: what both sides sign, and every row of it."""

from collections.abc import Iterator
from io import BytesIO
from operator import itemgetter
from typing import Any

from django.utils.translation import gettext, pgettext

from channels_platform.presentation import formats
from commissions.exports.cells import CellKind, Column, text_column
from commissions.exports.workbook import Sheets
from commissions.models import Reconciliation, ReconciliationRow
from commissions.reconciling import counts_of


def reconciliation_workbook(reconciliation: Reconciliation) -> bytes:
    """Return the workbook in the language active now."""
    target = BytesIO()
    sheets = Sheets(target, currency=reconciliation.currency)
    sheets.table(gettext("Rows"), _columns(), _rows(reconciliation))
    sheets.table(
        gettext("Summary"),
        [
            text_column(gettext("What"), 30, 0),
            Column(gettext("Rows"), CellKind.NUMBER, 10, itemgetter(1), adds_up=True),
        ],
        [(label, count) for _code, label, count in counts_of(reconciliation)],
    )
    sheets.facts(gettext("Signatures"), _facts(reconciliation))
    sheets.close()
    return target.getvalue()


def _facts(one: Reconciliation) -> list[tuple[str, str]]:
    zone = one.company.timezone
    found = [
        (gettext("Number"), one.number),
        (gettext("Agency"), one.agency.name),
        (gettext("Paying company"), one.company.name),
        (gettext("Span"), f"{one.from_on.isoformat()} – {one.to_on.isoformat()}"),
        (gettext("What its amounts are"), str(one.get_figure_display())),
        (pgettext("attached", "File"), one.file_name),
        (gettext("Compared"), formats.exact_instant(one.compared_at, zone)),
        (gettext("Checksum of the rows"), one.digest),
    ]
    for label, who, at in (
        (gettext("Signed for the agency"), one.agency_signed_by, one.agency_signed_at),
        (gettext("Signed for the company"), one.finance_signed_by, one.finance_signed_at),
    ):
        found.append((label, f"{who} · {formats.exact_instant(at, zone)}" if who and at else "–"))
    return found


def _columns() -> list[Column]:
    return [
        text_column(gettext("What"), 22, 0),
        Column(gettext("Row"), CellKind.NUMBER, 7, itemgetter(1)),
        text_column(gettext("Agency: deal"), 20, 2),
        text_column(gettext("Agency: unit"), 12, 3),
        text_column(gettext("Agency: client"), 12, 4),
        Column(gettext("Agency: date"), CellKind.DAY, 12, itemgetter(5)),
        Column(gettext("Agency: amount"), CellKind.MONEY, 16, itemgetter(6), adds_up=True),
        text_column(gettext("Developer: deal"), 20, 7),
        text_column(gettext("Developer: unit"), 12, 8),
        text_column(gettext("Developer: client"), 12, 9),
        Column(gettext("Developer: date"), CellKind.DAY, 12, itemgetter(10)),
        Column(gettext("Developer: amount"), CellKind.MONEY, 16, itemgetter(11), adds_up=True),
        Column(gettext("Difference"), CellKind.MONEY, 16, itemgetter(12), adds_up=True),
        text_column(gettext("Share"), 8, 13),
        Column(gettext("All earned"), CellKind.MONEY, 16, itemgetter(14), adds_up=True),
    ]


def _rows(reconciliation: Reconciliation) -> Iterator[tuple[Any, ...]]:
    words = {str(code): str(word) for code, word in ReconciliationRow.REASONS}
    for row in reconciliation.rows.order_by("place").iterator(chunk_size=500):
        yield (
            words[row.reason], row.their_row, row.their_deal, row.their_unit, row.their_client, row.their_date,
            row.their_amount, row.our_deal, row.our_unit, row.our_client, row.our_date, row.our_amount,
            row.difference, row.our_share, row.our_earned,
        )  # fmt: skip
