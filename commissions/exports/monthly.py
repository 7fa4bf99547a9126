"""A month's statement as PDF with the company's details, and as a workbook; figures are the frozen ones."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from io import BytesIO
from operator import itemgetter
from typing import Any, BinaryIO

from django.utils.translation import gettext, pgettext
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.platypus import LongTable, SimpleDocTemplate, Spacer, Table

from channels_platform.lib import clock
from channels_platform.presentation import formats
from channels_platform.presentation.badges import badge_of
from channels_platform.presentation.pdf import paragraph, register_font
from commissions.exports.cells import CellKind, Column, money_column, text_column
from commissions.exports.statement import GRID
from commissions.exports.workbook import Sheets
from commissions.models import Statement, StatementLine
from commissions.models.statement import FIGURES
from commissions.statement_sheets import lines_of
from commissions.words import ReaderWords, component, explain_line

_FIRST_FIGURE = 8
_SHOWN = (0, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14)
_WIDTHS = (9, 29, 20, 17, 19, 17, 23, 21, 23, 20, 23, 19, 33)
_Row = tuple[Any, ...]


def statement_facts(statement: Statement) -> list[tuple[str, str]]:
    """Return what a statement says of itself, in the active language: whose it is, of which month, how it stands."""
    closed, zone = statement.closing_of, statement.closing_of.issuer["timezone"]
    facts = [
        (gettext("Payee"), statement.payee_name),
        (gettext("Month"), month_words(statement)),
        (gettext("Currency"), statement.currency),
        (gettext("Issued"), formats.exact_instant(statement.issued_at, zone)),
        (gettext("State"), str(badge_of("statement", statement.state_at(clock.now())).word)),
    ]
    if statement.confirmed_by is not None and statement.confirmed_at is not None:
        who = f"{statement.confirmed_by} · {formats.exact_instant(statement.confirmed_at, zone)}"
        facts.append((gettext("Confirmed by"), who))
    else:
        facts.append((gettext("To be answered by"), formats.exact_instant(closed.answer_by, zone)))
    return facts


def issuer_facts(statement: Statement) -> list[tuple[str, str]]:
    """Return the company's details as they were when the month was closed; what was empty is left out."""
    issuer = statement.closing_of.issuer
    labels = (
        ("name", gettext("Paying company")),
        ("address", gettext("Address")),
        ("tax_number", gettext("Tax number")),
        ("phone", gettext("Phone")),
    )
    return [(label, issuer[name]) for name, label in labels if issuer[name]]


def figure_rows(statement: Statement) -> list[tuple[str, Decimal]]:
    """Return the figures from opening to closing; what is taken off stands below zero, so that they add up."""
    return [
        (gettext("Unpaid at the beginning"), statement.opening),
        (pgettext("money", "Earned"), statement.earned),
        (gettext("Clawed back"), -statement.clawed_back),
        (pgettext("money", "Paid"), -statement.paid),
        (gettext("Tax withheld"), -statement.tax),
        (gettext("Unpaid at the end"), statement.closing),
    ]


def part_rows(statement: Statement) -> list[tuple[str, Decimal]]:
    """Return what was released in the month, and what is unpaid at its end in parts."""
    return [
        (gettext("Released in the month"), statement.released),
        (pgettext("money", "Pending"), statement.pending),
        (pgettext("money", "Retained"), statement.retained),
        (gettext("Payable"), statement.payable),
    ]


def month_words(statement: Statement) -> str:
    month = statement.closing_of.month
    return ReaderWords().month(month.year, month.month)


def line_columns() -> list[Column]:
    """Return the columns of a statement's lines, headed in the active language."""
    return [
        text_column(gettext("No."), 6, 0),
        text_column(gettext("Project"), 18, 1),
        text_column(gettext("Deal"), 20, 2),
        text_column(gettext("Unit"), 12, 3),
        text_column(gettext("Client"), 10, 4),
        Column(pgettext("day", "Contracted"), CellKind.DAY, 11, itemgetter(5)),
        text_column(gettext("Component"), 14, 6),
        text_column(gettext("What happened"), 14, 7),
        money_column(pgettext("money", "Earned"), 8, adds_up=True),
        money_column(gettext("Clawed back"), 9, adds_up=True),
        money_column(gettext("Released"), 10, adds_up=True),
        money_column(gettext("Kept until handover"), 11, adds_up=True),
        money_column(pgettext("money", "Paid"), 12, adds_up=True),
        money_column(gettext("Tax withheld"), 13, adds_up=True),
        text_column(gettext("How it comes about"), 60, 14),
    ]


def line_rows(statement: Statement) -> Iterator[_Row]:
    """Yield the lines' cells in the order of `line_columns`."""
    words = ReaderWords()
    for line in lines_of(statement).iterator(chunk_size=500):
        yield _row(line, words)


def _row(line: StatementLine, words: ReaderWords) -> _Row:
    return (
        str(line.place),
        line.project.name,
        line.deal.number if line.deal else "",
        line.unit,
        line.referral.client_masked if line.referral else "",
        line.contracted_on,
        component(line.kind),
        str(line.get_nature_display()),
        *(getattr(line, name) for name in FIGURES),
        explain_line(line, words),
    )


def monthly_workbook(statement: Statement) -> bytes:
    """Return a statement as XLSX in the active language: the figures, and a row per line with their totals."""
    target: BinaryIO = BytesIO()
    sheets = Sheets(target, currency=statement.currency)
    facts: list[tuple[str, str | Decimal]] = [(gettext("Statement"), statement.number)]
    facts += [*issuer_facts(statement), *statement_facts(statement), *figure_rows(statement), *part_rows(statement)]
    sheets.facts(gettext("Summary"), facts)
    sheets.table(gettext("Lines"), line_columns(), line_rows(statement))
    sheets.close()
    return target.getvalue()  # type: ignore[attr-defined, no-any-return]


def monthly_pdf(statement: Statement) -> bytes:
    """Return a statement as PDF in the active language.

    Shape: A4 across; the company and the statement side by side, the figures, then a row per line, then totals.
    """
    register_font()
    buffer = BytesIO()
    title = f"{gettext('Monthly statement')} {statement.number}"
    document = SimpleDocTemplate(
        buffer,
        pagesize=landscape(A4),
        leftMargin=12 * mm,
        rightMargin=12 * mm,
        topMargin=14 * mm,
        bottomMargin=14 * mm,
        title=title,
        author=statement.closing_of.issuer["name"],
    )
    money = partial(formats.money, currency=statement.currency)
    head = _side_by_side(_pairs(issuer_facts(statement)), _pairs(statement_facts(statement)))
    figures = _side_by_side(
        _pairs([(label, money(amount)) for label, amount in figure_rows(statement)], right=True),
        _pairs([(label, money(amount)) for label, amount in part_rows(statement)], right=True),
    )
    gap = Spacer(1, 5 * mm)
    document.build([paragraph(title, 16), gap, head, gap, figures, gap, _lines(statement)])
    return buffer.getvalue()


# what stands under the title begins where it does
_FLUSH_LEFT = ("LEFTPADDING", (0, 0), (0, -1), 0)


def _side_by_side(left: Table, right: Table) -> Table:
    flush = [("VALIGN", (0, 0), (-1, -1), "TOP"), _FLUSH_LEFT]
    return Table([[left, right]], colWidths=[136 * mm, None], hAlign="LEFT", style=flush)


def _pairs(rows: list[tuple[str, str]], *, right: bool = False) -> Table:
    cells = [[paragraph(label, 9, muted=True), paragraph(value, 9, right=right)] for label, value in rows]
    return Table(cells, colWidths=[44 * mm, (34 if right else 86) * mm], hAlign="LEFT", style=[_FLUSH_LEFT])


def _lines(statement: Statement) -> LongTable:
    columns = line_columns()
    right = [columns[place].kind is CellKind.MONEY for place in _SHOWN]
    table: list[list[Any]] = [
        [
            paragraph(columns[place].heading, 7, muted=True, right=aside)
            for place, aside in zip(_SHOWN, right, strict=True)
        ]
    ]
    sums = dict.fromkeys(range(_FIRST_FIGURE, _FIRST_FIGURE + len(FIGURES)), Decimal(0))
    for row in line_rows(statement):
        for place in sums:
            sums[place] += row[place]
        table.append(
            [
                paragraph(_shown(row[place], statement, aside), 7, right=aside)
                for place, aside in zip(_SHOWN, right, strict=True)
            ]
        )
    total = {0: gettext("Total")} | {place: _shown(amount, statement, True) for place, amount in sums.items()}
    table.append([paragraph(total.get(place, ""), 7, right=aside) for place, aside in zip(_SHOWN, right, strict=True)])
    return LongTable(table, colWidths=[width * mm for width in _WIDTHS], repeatRows=1, style=GRID)


def _shown(value: Any, statement: Statement, is_money: bool) -> str:
    return formats.money(value, statement.currency) if is_money else str(value)
