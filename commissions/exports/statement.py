"""A payee's statement (对账单) of one batch as PDF: what is paid, for which deals, and why."""

from io import BytesIO
from typing import Any

from django.utils.translation import gettext
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.platypus import LongTable, SimpleDocTemplate, Spacer, Table, TableStyle

from channels_platform.presentation import formats
from channels_platform.presentation.badges import badge_of
from channels_platform.presentation.pdf import INK, LINE, paragraph, register_font
from commissions.exports.cells import CellKind
from commissions.exports.rows import deal_columns, deal_rows
from commissions.models import PayoutLine
from commissions.own_money import with_shown_states

_SHOWN = (2, 3, 5, 6, 10, 11, 12, 16, 17, 18, 20)
_WIDTHS = (24, 30, 18, 30, 18, 24, 11, 22, 19, 22, 55)
GRID = TableStyle(
    [
        ("LINEBELOW", (0, 0), (-1, -1), 0.3, LINE),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK),
        ("LINEABOVE", (0, -1), (-1, -1), 0.8, INK),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ]
)


def statement_pdf(line: PayoutLine) -> bytes:
    """Return the statement of a payout line, in the active language; the line's batch and payee are read with it.

    Shape: A4 across; facts, then a row per deal, referral and component with its reason, then the line's totals.
    """
    register_font()
    buffer = BytesIO()
    heading = gettext("Commission statement")
    title = f"{heading} {line.batch.number}"
    document = SimpleDocTemplate(
        buffer,
        pagesize=landscape(A4),
        leftMargin=12 * mm,
        rightMargin=12 * mm,
        topMargin=14 * mm,
        bottomMargin=14 * mm,
        title=title,
        author=line.batch.company.name,
    )
    document.build([paragraph(title, 16), Spacer(1, 4 * mm), _facts(line), Spacer(1, 6 * mm), _deals(line)])
    return buffer.getvalue()


def _facts(line: PayoutLine) -> Table:
    batch = line.batch
    shown: Any = with_shown_states([line])[0]
    rows = [
        (gettext("Payee"), str(line.payee)),
        (gettext("Paying company"), batch.company.name),
        (gettext("Cut-off"), formats.exact_instant(batch.cutoff_at, batch.company.timezone)),
        (gettext("State"), str(badge_of("line", shown.shown_state).word)),
        (gettext("Gross"), f"{formats.money(line.gross, batch.currency)} {batch.currency}"),
        (gettext("Tax withheld"), formats.money(line.tax, batch.currency)),
        (gettext("Net"), formats.money(line.net, batch.currency)),
    ]
    if shown.invoice is not None:
        rows.append((gettext("Invoice"), f"{shown.invoice.number} ({formats.percent(shown.invoice.vat_rate)})"))
    cells = [[paragraph(label, 9, muted=True), paragraph(value, 9)] for label, value in rows]
    return Table(cells, colWidths=[40 * mm, None], hAlign="LEFT")


def _deals(line: PayoutLine) -> LongTable:
    columns = [deal_columns()[place] for place in _SHOWN]
    money = [column.kind is CellKind.MONEY for column in columns]
    table: list[list[Any]] = [
        [paragraph(column.heading, 7.5, muted=True, right=right) for column, right in zip(columns, money, strict=True)]
    ]
    with deal_rows(line.batch, line=line) as rows:
        for row in rows:
            values = [column.take(row) for column in columns]
            table.append(
                [
                    paragraph(_shown(value, line, right), 7.5, right=right)
                    for value, right in zip(values, money, strict=True)
                ]
            )
    totals = {16: line.gross, 17: line.tax, 18: line.net}
    table.append(
        [
            paragraph(
                gettext("Total") if place == _SHOWN[0] else _shown(totals.get(place), line, True),
                8,
                right=place in totals,
            )
            for place in _SHOWN
        ]
    )
    return LongTable(table, colWidths=[width * mm for width in _WIDTHS], repeatRows=1, style=GRID)


def _shown(value: Any, line: PayoutLine, is_money: bool) -> str:
    if value is None:
        return ""
    return formats.money(value, line.batch.currency) if is_money else str(value)
