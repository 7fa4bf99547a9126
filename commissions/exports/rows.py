"""What an export reads and shows: a batch's lines, and the deals behind each, from server-side cursors."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext, pgettext
from psycopg2.extensions import DECIMAL, PYDATE, new_type, register_type

from channels_platform.lib.money import minor_digits
from channels_platform.presentation import formats
from channels_platform.presentation.badges import badge_of
from commissions.exports.cells import CellKind, Column, money_column, text_column
from commissions.holds import held_lines
from commissions.models import PayoutBatch, PayoutLine
from commissions.selectors import lacking_invoices, lines_that_count
from commissions.services.settlement import LINE_KEYS
from commissions.words import RowExplainer, component

CHUNK = 250
_WRITTEN = new_type((*DECIMAL.values, *PYDATE.values), "WRITTEN", lambda text, _cursor: text)

# As finance's pages say it (batch_sheets.shown_state).
_SHOWN_STATE = """
CASE WHEN l.state <> 'open' THEN l.state
     WHEN l.id = ANY(%(held)s) THEN 'held'
     WHEN l.id = ANY(%(lacking)s) THEN 'needs_invoice'
     ELSE 'ready' END
"""

_LINES = f"""
SELECT coalesce(a.name, u.name, ''), a.code IS NULL, coalesce(a.code, home.code, ''), l.gross, l.tax, l.net,
       {_SHOWN_STATE},
       coalesce(i.number, ''), i.vat_rate, l.bank_reference
FROM commissions_payoutline l
JOIN commissions_payee p ON p.id = l.payee_id
LEFT JOIN brokers_agency a ON a.id = p.agency_id
LEFT JOIN brokers_broker b ON b.id = p.broker_id
LEFT JOIN brokers_agency home ON home.id = b.agency_id
LEFT JOIN accounts_user u ON u.id = b.user_id
LEFT JOIN commissions_invoice i ON i.line_id = l.id AND i.live
WHERE l.id = ANY(%(lines)s)
ORDER BY 1, l.id
"""  # noqa: S608 - a constant

# What a line paid is explained as it was then, by the last entry that it took: what was posted since is another line's.
# OFFSET 0: entries are found by their deal; of a ledger that has just grown the planner would try the payee's, all of
# them for each deal.
_DEALS = f"""
WITH {LINE_KEYS}
SELECT coalesce(a.name, u.name, ''), coalesce(a.code, home.code, ''), j.name, coalesce(d.number, ''),
       coalesce(n.building || '-' || n.number, ''), c.kind, coalesce(r.number, ''), coalesce(filer.name, ''),
       coalesce(r.client_masked, ''), (d.subscribed_at AT TIME ZONE j.timezone)::date,
       (d.contracted_at AT TIME ZONE j.timezone)::date, round(d.price, %(digits)s),
       coalesce(e.explanation ->> 'share', ''), coalesce(v.number::text, ''), round(x.earned, %(digits)s),
       round(x.earned - x.pending, %(digits)s), round(x.retained, %(digits)s), round(c.amount, %(digits)s),
       round(c.withheld, %(digits)s), round(c.amount - c.withheld, %(digits)s),
       coalesce(e.explanation, '{{}}') - 'price', e.explanation ->> 'price', {_SHOWN_STATE}
FROM cut c
JOIN commissions_payoutline l ON l.id = c.line_id
JOIN commissions_payee p ON p.id = c.payee_id
JOIN projects_project j ON j.id = c.project_id
LEFT JOIN brokers_agency a ON a.id = p.agency_id
LEFT JOIN brokers_broker b ON b.id = p.broker_id
LEFT JOIN brokers_agency home ON home.id = b.agency_id
LEFT JOIN accounts_user u ON u.id = b.user_id
LEFT JOIN leads_deal d ON d.id = c.deal_id
LEFT JOIN projects_unit n ON n.id = d.unit_id
LEFT JOIN leads_referral r ON r.id = c.referral_id
LEFT JOIN brokers_broker rb ON rb.id = r.broker_id
LEFT JOIN accounts_user filer ON filer.id = rb.user_id
LEFT JOIN commissions_planversion v ON v.id = c.version_id
JOIN commissions_ledgerentry e ON e.id = c.last_entry_id
LEFT JOIN LATERAL (
    SELECT coalesce(-sum(b.amount) FILTER (WHERE b.account = 'expense'), 0) AS earned,
           coalesce(sum(b.amount) FILTER (WHERE b.account = 'pending'), 0) AS pending,
           coalesce(sum(b.amount) FILTER (WHERE b.account = 'retained'), 0) AS retained
    FROM (
        SELECT * FROM commissions_ledgerentry b WHERE b.project_id = c.project_id AND b.deal_id = c.deal_id OFFSET 0
    ) b
    WHERE b.payee_id = c.payee_id AND b.kind = c.kind AND b.referral_id IS NOT DISTINCT FROM c.referral_id
      AND b.transaction_id <= e.transaction_id
) x ON c.deal_id IS NOT NULL
ORDER BY 1, c.line_id, d.number, c.referral_id, c.kind
"""  # noqa: S608 - a constant


@contextmanager
def stream(sql: str, values: dict[str, Any], *, written: bool = False) -> Iterator[Iterator[tuple[Any, ...]]]:
    """Open a query's rows on a server-side cursor; memory does not grow with them.

    `written`: numbers and days come as the text that the database writes.
    """
    with connection.chunked_cursor() as cursor:
        if written:
            register_type(_WRITTEN, cursor.cursor)
        cursor.execute(sql, values)
        yield _rows(cursor)


def _rows(cursor: Any) -> Iterator[tuple[Any, ...]]:
    while rows := cursor.fetchmany(CHUNK):
        yield from rows


@contextmanager
def line_rows(batch: PayoutBatch) -> Iterator[Iterator[tuple[Any, ...]]]:
    with stream(_LINES, _values(batch, _counted(batch))) as rows:
        yield rows


@contextmanager
def deal_rows(
    batch: PayoutBatch, *, line: PayoutLine | None = None, written: bool = False
) -> Iterator[Iterator[tuple[Any, ...]]]:
    """Open the deals behind a batch's lines (or one line): an amount per deal, referral and component.

    Their sums per line are the line's gross, tax and net, to the cent. Amounts have the currency's digits; `written`:
    they and days are text.
    """
    lines = [line.pk] if line is not None else _counted(batch)
    with stream(_DEALS, _values(batch, lines), written=written) as rows:
        yield rows


def _values(batch: PayoutBatch, lines: list[UUID]) -> dict[str, Any]:
    return {
        "lines": lines,
        "held": list(held_lines(lines)),
        "lacking": list(lacking_invoices(batch.lines.filter(pk__in=lines)).values_list("pk", flat=True)),
        "digits": minor_digits(batch.currency),
    }


def _counted(batch: PayoutBatch) -> list[UUID]:
    return list(lines_that_count(batch).values_list("pk", flat=True))


def line_columns() -> list[Column]:
    """Return the columns of `line_rows`, headed in the active language."""
    return [
        text_column(gettext("Payee"), 24, 0),
        Column(gettext("Kind"), CellKind.TEXT, 12, lambda row: gettext("Individual") if row[1] else gettext("Agency")),
        text_column(gettext("Agency code"), 14, 2),
        money_column(gettext("Gross"), 3, adds_up=True),
        money_column(gettext("Tax withheld"), 4, adds_up=True),
        money_column(gettext("Net"), 5, adds_up=True),
        Column(gettext("State"), CellKind.TEXT, 10, lambda row: str(badge_of("line", row[6]).word)),
        text_column(gettext("Invoice"), 18, 7),
        Column(gettext("VAT rate"), CellKind.TEXT, 10, lambda row: "" if row[8] is None else formats.percent(row[8])),
        text_column(gettext("Bank reference"), 18, 9),
    ]


def deal_columns() -> list[Column]:
    """Return the columns of `deal_rows`, headed in the active language."""
    explained = RowExplainer()
    named = cache(component)
    states = cache(lambda state: str(badge_of("line", state).word))
    return [
        text_column(gettext("Payee"), 24, 0),
        text_column(gettext("Agency code"), 14, 1),
        text_column(gettext("Project"), 18, 2),
        text_column(gettext("Deal"), 20, 3),
        text_column(gettext("Unit"), 12, 4),
        Column(gettext("Component"), CellKind.TEXT, 14, lambda row: named(row[5])),
        text_column(gettext("Referral"), 20, 6),
        text_column(gettext("Broker"), 14, 7),
        text_column(gettext("Client"), 10, 8),
        Column(pgettext("day", "Subscribed"), CellKind.DAY, 11, itemgetter(9)),
        Column(pgettext("day", "Contracted"), CellKind.DAY, 11, itemgetter(10)),
        money_column(gettext("Price"), 11),
        text_column(gettext("Share"), 8, 12),
        money_column(gettext("Earned"), 14),
        money_column(gettext("Released"), 15),
        money_column(gettext("Retained"), 16),
        money_column(gettext("Gross"), 17, adds_up=True),
        money_column(gettext("Tax withheld"), 18, adds_up=True),
        money_column(gettext("Net"), 19, adds_up=True),
        # what the bank refused counts in the batch, and not in what it paid
        Column(gettext("State"), CellKind.TEXT, 10, lambda row: states(row[22])),
        Column(gettext("How it comes about"), CellKind.TEXT, 60, lambda row: explained(row[20], row[21])),
    ]
