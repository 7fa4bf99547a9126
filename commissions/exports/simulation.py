"""A simulation as a workbook: each deal with what it costs by every plan, and the sums by month and payee."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from operator import itemgetter
from typing import Any, BinaryIO

from django.utils.translation import gettext

from channels_platform.lib.money import from_minor, half_up
from commissions.engine.simulate import Simulation, Tried
from commissions.engine.types import PayeeKey
from commissions.exports.cells import CellKind, Column, text_column
from commissions.exports.workbook import Sheets
from commissions.words import ReaderWords, month_words

Names = Callable[[Iterable[PayeeKey]], Mapping[PayeeKey, str]]


def write_simulation(
    simulation: Simulation, deals: Iterable[Tried], target: BinaryIO, *, plans: Sequence[str], names: Names
) -> None:
    """Write the workbook to a binary file, reading the deals; the sums are theirs.

    `plans` heads the columns, today's first.
    """
    currency, words = simulation.currency, ReaderWords()

    def money(figures: Iterable[int]) -> list[Decimal]:
        return [from_minor(figure, currency) for figure in figures]

    sheets = Sheets(target, currency=currency)
    heads = [
        text_column(gettext("Deal"), 20, 0),
        Column(gettext("Contracted on"), CellKind.DAY, 12, itemgetter(1)),
        _money(gettext("Price"), itemgetter(2)),
    ]
    sheets.table(
        gettext("Deals"),
        [*heads, *_costs(plans, 3)],
        ((one.number, one.contracted_on, *money((one.price, *one.costs))) for one in deals),
    )
    heads = [
        text_column(gettext("Month"), 14, 0),
        Column(gettext("Units sold"), CellKind.NUMBER, 8, itemgetter(1), adds_up=True),
        _money(gettext("Sales amount"), itemgetter(2)),
    ]
    months = (
        (month_words(month, words), units, *money((sales, *costs)))
        for month, units, sales, costs in simulation.by_month()
    )
    sheets.table(gettext("By month"), [*heads, *_costs(plans, 3), *_rates(plans)], months)
    payees = simulation.by_payee()
    called = names([key for key, _costs_of in payees])
    rows = ((called[key], *money(costs)) for key, costs in payees)
    sheets.table(gettext("Payees"), [text_column(gettext("Payee"), 28, 0), *_costs(plans, 1)], rows)
    sheets.close()


def _costs(plans: Sequence[str], first: int) -> list[Column]:
    """Return a column of costs for each plan, and what each that is tried adds to today's."""
    found = [_money(plan, itemgetter(first + place)) for place, plan in enumerate(plans)]
    for place, plan in enumerate(plans[1:], start=first + 1):
        found.append(_money(gettext("%(plan)s: more or less") % {"plan": plan}, _difference(place, first)))
    return found


def _difference(place: int, first: int) -> Callable[[tuple[Any, ...]], Decimal]:
    return lambda row: row[place] - row[first]


def _rates(plans: Sequence[str]) -> list[Column]:
    return [
        Column(gettext("%(plan)s, of sales") % {"plan": plan}, CellKind.RATE, 14, _rate(place))
        for place, plan in enumerate(plans, start=3)
    ]


def _rate(place: int) -> Callable[[tuple[Any, ...]], Decimal | None]:
    return lambda row: rate_of(row[place], row[2])


def rate_of(cost: Decimal, sales: Decimal) -> Decimal | None:
    """Return which part of the sales a cost is, to a hundredth of a per cent; None where nothing was sold."""
    if not sales:
        return None
    exact = Fraction(cost) / Fraction(sales) * 10_000
    return Decimal(half_up(exact.numerator, exact.denominator)).scaleb(-4)


def _money(heading: str, take: Callable[[tuple[Any, ...]], Any]) -> Column:
    return Column(heading, CellKind.MONEY, 16, take, adds_up=True)
