"""What is unpaid as a workbook: every line behind it, the sums, and what the next units would trigger."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from operator import itemgetter
from typing import Any, BinaryIO

from django.utils.translation import gettext, pgettext

from brokers.models import Agency
from commissions.engine.waiting import wait_of
from commissions.exports.cells import CellKind, Column
from commissions.exports.workbook import Progress, Sheets
from commissions.liability import ADVANCES, Asked, Due, Liability, Part, parts
from commissions.next_units import Triggered, triggered
from commissions.words import ReaderWords, component, explain_mover, explain_wait, month_words, outlook_words


def write_liability(asked: Asked, target: BinaryIO, *, progress: Progress | None = None) -> None:
    """Write the workbook to a binary file; the lines are of one moment, and the sums are theirs.

    Units: amounts as in a batch's workbook.
    """
    words, found = ReaderWords(), Liability(asked.currency)
    agencies = Agency.objects.in_bulk()
    sheets = Sheets(target, currency=asked.currency, progress=progress)
    sheets.table(gettext("Lines"), _part_columns(agencies, words), parts(asked, found))
    months = [(month_words(month, words), *_figures(due)) for month, due in found.by_month()]
    sheets.table(gettext("Months"), _sum_columns(gettext("Month")), months)
    named: Iterable[tuple[str, str, dict[Any, str], dict[Any, Due]]] = (
        (gettext("Companies"), gettext("Paying company"), {}, found.companies),
        (gettext("Projects"), gettext("Project"), {one.pk: one.name for one in asked.projects}, found.projects),
        (gettext("Agencies"), gettext("Agency"), {key: one.name for key, one in agencies.items()}, found.agencies),
    )
    for sheet, heading, names, sums in named:
        names = names or {one.company_id: one.company.name for one in asked.projects}
        rows = sorted(((names[key], *_figures(due)) for key, due in sums.items()), key=itemgetter(0))
        sheets.table(sheet, _sum_columns(heading), rows)
    plans = triggered(asked.projects, agency=asked.agency)
    sheets.table(gettext("Next units"), _reach_columns(), _reaches(plans, asked.currency, words))
    sheets.close()


def _figures(due: Due) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    return due.pending, due.retained, due.payable, due.total


def _part_columns(agencies: dict[Any, Agency], words: ReaderWords) -> list[Column]:
    return [
        _text(gettext("Project"), 18, lambda part: part.project.name),
        _text(gettext("Agency"), 18, lambda part: agencies[part.agency_id].name),
        _text(gettext("Payee"), 18, lambda part: part.payee),
        _text(gettext("Deal"), 20, lambda part: part.deal),
        _text(gettext("Component"), 14, lambda part: component(part.kind)),
        _text(gettext("What it waits for"), 50, lambda part: _waits_for(part, words)),
        _text(gettext("Whose move"), 18, lambda part: _whose(part, words)),
        Column(gettext("Expected"), CellKind.DAY, 11, itemgetter(6)),
        _text(gettext("Month"), 14, lambda part: month_words(part.month, words)),
        *_money_columns(8),
    ]


def _waits_for(part: Part, words: ReaderWords) -> str:
    if part.leg is not None:
        wait = wait_of(part.leg, part.pending, part.retained, expected_on=part.expected_on)
        return explain_wait(wait, words)
    if part.month == ADVANCES:
        return gettext("Advanced already: settled by what is released next")
    return gettext("Payable") if part.payable else gettext("No deal's commission")


def _whose(part: Part, words: ReaderWords) -> str:
    if part.leg is None:
        return ""
    return explain_mover(wait_of(part.leg, part.pending, part.retained, expected_on=None).whose, words)


def _sum_columns(heading: str) -> list[Column]:
    return [
        Column(heading, CellKind.TEXT, 24, itemgetter(0)),
        *_money_columns(1),
        Column(gettext("Unpaid in all"), CellKind.MONEY, 15, itemgetter(4), adds_up=True),
    ]


def _money_columns(first: int) -> list[Column]:
    headings = (pgettext("money", "Pending"), pgettext("money", "Retained"), gettext("Payable"))
    return [
        Column(heading, CellKind.MONEY, 15, itemgetter(first + place), adds_up=True)
        for place, heading in enumerate(headings)
    ]


def _reaches(plans: Iterable[Triggered], currency: str, words: ReaderWords) -> Iterator[tuple[Any, ...]]:
    for one in plans:
        said = outlook_words(one.outlook, currency, words)
        for reach, pay in said["reaches"]:
            yield (
                one.project.name,
                one.agency.name,
                str(one.broker or ""),
                said["period"],
                said["total"],
                said["pay"],
                f"+{reach.units}",
                pay,
                reach.extra,
                reach.own,
            )


def _reach_columns() -> list[Column]:
    headings = (
        gettext("Project"),
        gettext("Agency"),
        gettext("Broker"),
        gettext("Period"),
        gettext("Reached"),
        gettext("Pays now"),
        gettext("More units"),
        gettext("Would pay"),
    )
    return [
        *(Column(heading, CellKind.TEXT, 16, itemgetter(place)) for place, heading in enumerate(headings)),
        Column(gettext("More for what is sold"), CellKind.MONEY, 18, itemgetter(8)),
        Column(gettext("Earned by the new units"), CellKind.MONEY, 18, itemgetter(9)),
    ]


def _text(heading: str, width: int, take: Any) -> Column:
    return Column(heading, CellKind.TEXT, width, take)
