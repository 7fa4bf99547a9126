"""Finance's lists as CSV: what is shown, all pages of it, safe in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import get_language, override, pgettext
from django.utils.translation import gettext as _

from channels_platform.lib.money import minor_digits
from channels_platform.lib.spreadsheets import BOM, kept_text
from commissions.selectors import Balance
from leads.models import Payment

_CHUNK = 500


def balances_csv(found: Iterable[Balance]) -> Iterator[str]:
    """Return balances in the language active now, in pieces."""
    headings = [
        _("Payee"),
        _("Agency code"),
        _("Kind"),
        _("Project"),
        _("Currency"),
        _("Earned"),
        _("Pending"),
        _("Retained"),
        _("Payable"),
        _("Paid"),
        _("Tax withheld"),
        pgettext("money", "Held"),
    ]
    return _pieces(headings, found, _balance, get_language())


def payments_csv(payments: QuerySet[Payment]) -> Iterator[str]:
    """Return payments in the language active now, in pieces; times are the projects'."""
    headings = [
        _("Deal"),
        _("Project"),
        _("Received"),
        _("Source"),
        _("Bank reference"),
        _("Currency"),
        _("Amount"),
        _("Recorded"),
        _("Recorded by"),
    ]
    return _pieces(headings, payments.iterator(chunk_size=_CHUNK), _payment, get_language())


def _balance(row: Balance) -> list[str]:
    payee, currency = row.payee, row.project.currency
    home = payee.agency or (payee.broker.agency if payee.broker else None)
    figures = (row.earned, row.pending, row.retained, row.payable, row.paid, row.tax, row.held)
    return [
        kept_text(str(payee)),
        home.code if home else "",
        _("Individual") if payee.is_individual else _("Agency"),
        kept_text(row.project.name),
        currency,
        *(f"{figure:.{minor_digits(currency)}f}" for figure in figures),
    ]


def _payment(row: Payment) -> list[str]:
    zone, currency = row.project.zone, row.project.currency
    return [
        row.deal.number,
        kept_text(row.project.name),
        f"{row.received_at.astimezone(zone):%Y-%m-%d %H:%M}",
        str(row.get_source_display()),
        kept_text(row.reference),
        currency,
        f"{row.amount:.{minor_digits(currency)}f}",
        f"{row.recorded_at.astimezone(zone):%Y-%m-%d %H:%M}",
        kept_text(str(row.recorded_by)) if row.recorded_by else "",
    ]


def _pieces(headings: list[str], rows: Iterable[Any], cells: Any, language: str | None) -> Iterator[str]:
    """Write under `language` piece by piece: they are drawn while the answer is sent, when the request's is over."""
    yield BOM + _written([headings])
    batch: list[list[str]] = []
    for row in rows:
        with override(language):
            batch.append(cells(row))
        if len(batch) == _CHUNK:
            yield _written(batch)
            batch = []
    yield _written(batch)


def _written(rows: list[list[str]]) -> str:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
