"""What was withheld from individuals: the figures of a month's certificates, by person and paying company."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext

from brokers.models import Broker, Identity
from channels_platform.presentation import formats
from commissions.engine.tax import TAXED_CURRENCY, MonthFigures, month_figures
from commissions.exports.cells import CellKind, Column
from commissions.exports.workbook import Sheets
from commissions.models import PayoutLine
from commissions.states import BatchState, LineState
from projects.models import PayingCompany

_NOTHING = Decimal(0)


@dataclass(frozen=True)
class Certificate:
    """A person's month with a company: what was paid, and what was withheld of it.

    `waiting`: income approved and not paid yet. `difference`: what was withheld more than the month's tax, which is 0
    unless something came back from the bank after another payment of the month was taxed with it.
    """

    broker: Broker
    income: Decimal
    withheld: Decimal
    payments: int
    waiting: Decimal
    figures: MonthFigures
    identity: Identity | None

    @property
    def difference(self) -> Decimal:
        return self.withheld - self.figures.tax


def certificates(*, company: PayingCompany, month: date) -> list[Certificate]:
    """Return the figures of everybody whom the company paid in person, or is to pay, for the month; by name.

    Their `withheld` add up to what the ledger holds as tax of these batches.
    Source: domain 6.7.
    """
    paid, waiting = Q(state=LineState.PAID), Q(state__in=[LineState.OPEN, LineState.UNKNOWN])
    sums = (
        PayoutLine.objects.filter(
            batch__company=company,
            batch__currency=TAXED_CURRENCY,
            batch__tax_month=month.replace(day=1),
            batch__state__in=[BatchState.APPROVED, BatchState.PAID],
            payee__broker__isnull=False,
        )
        .filter(paid | waiting)
        .order_by()
        .values("payee__broker")
        .annotate(
            income=Sum("gross", filter=paid),
            withheld=Sum("tax", filter=paid),
            payments=Count("pk", filter=paid),
            waiting=Sum("gross", filter=waiting),
        )
    )
    rows: list[Any] = list(sums)
    brokers = Broker.objects.select_related("user", "agency", "identity").in_bulk(
        [row["payee__broker"] for row in rows]
    )
    found = [_certificate(brokers[row["payee__broker"]], row) for row in rows]
    return sorted(found, key=lambda one: (str(one.broker).casefold(), str(one.broker.pk)))


def _certificate(broker: Broker, row: dict[str, Any]) -> Certificate:
    income = row["income"] or _NOTHING
    return Certificate(
        broker=broker,
        income=income,
        withheld=row["withheld"] or _NOTHING,
        payments=row["payments"],
        waiting=row["waiting"] or _NOTHING,
        figures=month_figures(income),
        identity=getattr(broker, "identity", None),
    )


def write_certificates(target: BinaryIO, rows: Iterable[Certificate], *, full: bool) -> None:
    """Write the figures as a workbook; `full`: with whole identity numbers, for the tax office."""
    sheets = Sheets(target, currency=TAXED_CURRENCY)
    sheets.table(gettext("Certificates"), _columns(full=full), ((row,) for row in rows))
    sheets.close()


def _columns(*, full: bool) -> list[Column]:
    def number(identity: Identity | None) -> str:
        return "" if identity is None else identity.number if full else identity.masked

    def text(heading: str, width: int, take: Any) -> Column:
        return Column(heading, CellKind.TEXT, width, lambda row: str(take(row[0])))

    def money(heading: str, take: Any, *, adds_up: bool = True) -> Column:
        return Column(heading, CellKind.MONEY, 15, lambda row: take(row[0]), adds_up)

    return [
        text(gettext("Name"), 20, lambda one: one.broker),
        text(gettext("Agency"), 24, lambda one: one.broker.agency),
        text(gettext("Document"), 16, lambda one: one.identity.get_kind_display() if one.identity else ""),
        text(gettext("Number"), 24, lambda one: number(one.identity)),
        text(gettext("Payments"), 10, lambda one: one.payments),
        money(gettext("Income"), lambda one: one.income),
        money(gettext("Taxable"), lambda one: one.figures.taxable),
        text(gettext("Rate"), 8, lambda one: formats.percent(one.figures.rate)),
        money(gettext("Quick deduction"), lambda one: one.figures.deduction, adds_up=False),
        money(gettext("Tax"), lambda one: one.figures.tax),
        money(gettext("Tax withheld"), lambda one: one.withheld),
        money(gettext("Approved, not paid yet"), lambda one: one.waiting),
    ]
