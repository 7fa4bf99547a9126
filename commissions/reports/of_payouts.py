"""The payout report: what batches pay to whom, and what of it is paid."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from commissions.models import PayoutLine
from commissions.reports.asked import address
from commissions.reports.dims import AGENCY, COMPANY, PAYEE_DIM, month_dim
from commissions.reports.of_ledger import fields_of
from commissions.reports.sql import PAYEE, columns_of, grouping, order_of, where
from commissions.reports.types import Asked, Dim, Field, Kind, Report, Row

_LINES = """
FROM commissions_payoutline l
JOIN commissions_payoutbatch b ON b.id = l.batch_id
JOIN projects_payingcompany c ON c.id = b.company_id
JOIN commissions_payee y ON y.id = l.payee_id
LEFT JOIN brokers_broker yb ON yb.id = y.broker_id
LEFT JOIN accounts_user yu ON yu.id = yb.user_id
JOIN brokers_agency h ON h.id = coalesce(y.agency_id, yb.agency_id)
LEFT JOIN commissions_invoice v ON v.line_id = l.id AND v.live
"""
# Lines that left their batch, held or left out, count in none.
_COUNTED = "l.left_at IS NULL"
# What failed, came back or was given up is payable again, and in another batch once more: it counts only where it is
# asked for.
_STANDING = "l.state NOT IN ('void', 'failed', 'returned')"
_CONDITIONS = {
    "company": "c.code = %(company)s",
    "agency": "h.code = %(agency)s",
    "payee": "y.id = %(payee)s::uuid",
    "batch": "b.number = %(batch)s",
    "currency": "b.currency = %(currency)s",
    "state": "l.state = %(state)s",
    "first": "b.tax_month >= %(first)s",
    "last": "b.tax_month <= %(last)s",
}


def _to_line(row: Row, asked: Asked) -> str:
    return reverse("finance:line", args=[row["batch_id"], row["line_id"]])


def _to_batch(row: Row, asked: Asked) -> str:
    return reverse("finance:batch", args=[row["batch_id"]])


LINE = Dim(
    "line",
    _("Line"),
    (
        ("batch", "b.number"),
        ("batch_id", "b.id"),
        ("payee", PAYEE),
        ("line_id", "l.id"),
        ("agency", "h.name"),
        ("line_state", "l.state"),
        ("paid_on", "(l.paid_at AT TIME ZONE c.timezone)::date"),
        ("invoice", "coalesce(v.number, '')"),
        ("bank_reference", "l.bank_reference"),
        ("payee_id", "y.id"),
    ),
    (
        Field("batch", _("Batch"), Kind.TEXT, 18, code=True, link=_to_batch),
        Field("payee", _("Payee"), Kind.TEXT, 24, link=_to_line),
        Field("agency", _("Agency"), Kind.TEXT, 24),
        Field("line_state", _("State"), Kind.TEXT, 10, words=lambda name: str(PayoutLine.State(name).label)),
        Field("paid_on", pgettext_lazy("money", "Paid"), Kind.DAY, 11),
        Field("invoice", _("Invoice"), Kind.TEXT, 18),
        Field("bank_reference", _("Bank reference"), Kind.TEXT, 18),
    ),
    lambda row: {"payee": str(row["payee_id"]), "batch": row["batch"]},
)
BATCH = Dim(
    "batch",
    _("Batch"),
    (("batch", "b.number"), ("batch_id", "b.id")),
    (Field("batch", _("Batch"), Kind.TEXT, 18, code=True, link=_to_batch),),
    lambda row: {"batch": row["batch"]},
)
_MONTH = month_dim("b.tax_month")


def _payouts(asked: Asked) -> str:
    always = [_COUNTED] if "state" in asked.words else [_STANDING]
    return f"""
SELECT {columns_of(asked.dims)} b.currency, count(*) AS lines, sum(l.gross) AS gross, sum(l.tax) AS tax,
       sum(l.net) AS net, coalesce(sum(l.net) FILTER (WHERE l.state = 'paid'), 0) AS paid
{_LINES} {where(asked, _CONDITIONS, *always)} {grouping(asked.dims)}
"""


def _to_entries(row: Row, asked: Asked) -> str:
    """Return the link to what paying posted; only one batch's can be told apart from another's of its month."""
    if "batch" not in row:
        return ""
    payee = str(row["payee_id"]) if "payee_id" in row else asked.words.get("payee", "")
    agency = asked.words.get("agency", "")
    return address("entries", span="all", batch=row["batch"], account="paid", payee=payee, agency=agency)


PAYOUTS = Report(
    name="payouts",
    title=_("Payouts"),
    about=_(
        "What batches pay to whom, by line, batch, payee or month: the month of the cut-off. Lines that failed or were"
        " given up stand under their state only."
    ),
    icon="cash-stack",
    filters=("company", "agency", "state", "batch", "currency"),
    hidden=("payee",),
    dims=(LINE, BATCH, PAYEE_DIM, AGENCY, COMPANY, _MONTH),
    choices={"state": tuple(PayoutLine.State.choices)},
    whole_companies=True,
    query=_payouts,
    fields=lambda asked: (
        *fields_of(asked.dims),
        *(() if LINE in asked.dims else (Field("lines", _("Lines"), Kind.COUNT, 8, adds_up=True),)),
        Field("gross", _("Gross"), Kind.MONEY, adds_up=True),
        Field("tax", _("Tax withheld"), Kind.MONEY, adds_up=True),
        Field("net", _("Net"), Kind.MONEY, adds_up=True),
        Field("paid", _("Net, paid"), Kind.MONEY, adds_up=True, link=_to_entries),
    ),
    order=lambda asked: order_of(asked.dims),
)
