"""Reports that add up ledger entries, and the entries themselves, at which every other figure ends."""

import json
from functools import lru_cache

from django.urls import reverse
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from commissions.models import LedgerEntry, LedgerTransaction
from commissions.reports.asked import address, narrowed
from commissions.reports.dims import AGENCY, BROKER_DIM, DEAL, PAYEE_DIM, POSTED_MONTH, PROJECT
from commissions.reports.sql import (
    LEDGER,
    LEDGER_CONDITIONS,
    PAYEE,
    POSTED_ON,
    aged,
    columns_of,
    grouping,
    order_of,
    where,
)
from commissions.reports.types import Asked, Dim, Field, Kind, Link, Report, Row
from commissions.states import Account
from commissions.words import ReaderWords, component, explain_row

KEPT = ("project", "company", "agency", "broker", "payee", "who", "deal")
_FIGURES = (
    ("earned", pgettext_lazy("money", "Earned"), Account.EXPENSE),
    ("pending", pgettext_lazy("money", "Pending"), Account.PENDING),
    ("retained", pgettext_lazy("money", "Retained"), Account.RETAINED),
    ("payable", _("Payable"), Account.PAYABLE),
    ("paid", pgettext_lazy("money", "Paid"), Account.PAID),
    ("tax", _("Tax withheld"), Account.TAX),
)
RETENTION_DAYS = (90, 180, 365)


def entries_behind(account: str = "", **more: str) -> Link:
    """Return the link from a row to its entries on one account."""

    def link(row: Row, asked: Asked) -> str:
        return address("entries", **narrowed(asked, row, keep=KEPT, account=account, **more))

    return link


def fields_of(dims: tuple[Dim, ...]) -> tuple[Field, ...]:
    return tuple(field for dim in dims for field in dim.fields)


# --- the entries ----------------------------------------------------------------------------------------


def _entries(asked: Asked) -> str:
    return f"""
SELECT e.id, {POSTED_ON} AS posted_on, p.name AS project, {PAYEE} AS payee, y.id AS payee_id, p.id AS project_id,
       h.name AS agency, coalesce(d.number, '') AS deal, e.kind AS component, t.kind AS what,
       e.account, t.currency, e.amount, e.explanation::text AS explanation
{LEDGER} {where(asked, LEDGER_CONDITIONS)}
"""


@lru_cache(maxsize=8)
def _words(language: str | None) -> ReaderWords:
    return ReaderWords()


def _explained(text: str) -> str:
    return explain_row(json.loads(text), _words(get_language()))


def _to_balance(row: Row, asked: Asked) -> str:
    deal = f"&deal={row['deal']}" if row["deal"] else ""
    return reverse("finance:balance", args=[row["payee_id"], row["project_id"]]) + f"?tab=ledger{deal}"


ENTRIES = Report(
    name="entries",
    title=_("Ledger entries"),
    about=_("The ledger itself: what each figure of the other reports is made of. Months are those of posting."),
    icon="list",
    filters=("project", "agency", "broker", "deal", "account", "what", "currency"),
    hidden=("company", "payee", "who", "batch", "tax_month", "part"),
    span="this_month",
    choices={
        "account": tuple(LedgerEntry.Account.choices),
        "what": tuple(LedgerTransaction.Kind.choices),
        "part": (("referred", ""),),
    },
    query=_entries,
    fields=lambda asked: (
        Field("posted_on", _("Posted"), Kind.DAY, 11),
        Field("payee", _("Payee"), Kind.TEXT, 24, link=_to_balance),
        Field("agency", _("Agency"), Kind.TEXT, 24),
        Field("project", _("Project"), Kind.TEXT, 18),
        Field("deal", _("Deal"), Kind.TEXT, 20, code=True),
        Field("component", _("Component"), Kind.TEXT, 16, words=component),
        Field("what", _("Transaction"), Kind.TEXT, 12, words=lambda kind: str(LedgerTransaction.Kind(kind).label)),
        Field("account", _("Account"), Kind.TEXT, 12, words=lambda name: str(LedgerEntry.Account(name).label)),
        Field("amount", _("Amount"), Kind.MONEY, 15, adds_up=True),
        Field("explanation", _("How it comes about"), Kind.TEXT, 60, words=_explained),
    ),
    order=lambda asked: "currency, id DESC",
)


# --- commission -----------------------------------------------------------------------------------------


def _commission(asked: Asked) -> str:
    sums = ", ".join(
        f"{'-' if name == 'earned' else ''}coalesce(sum(e.amount) FILTER (WHERE e.account = '{account}'), 0) AS {name}"
        for name, _heading, account in _FIGURES
    )
    return f"""
SELECT {columns_of(asked.dims)} t.currency, count(DISTINCT e.deal_id) AS deals, {sums}
{LEDGER} {where(asked, LEDGER_CONDITIONS)} {grouping(asked.dims)}
"""


COMMISSION = Report(
    name="commission",
    title=_("Commission"),
    about=_("What was earned, released and paid, by project, agency, broker or month. Months are those of posting."),
    icon="percent",
    filters=("project", "company", "agency", "broker", "currency"),
    hidden=("payee", "who"),
    dims=(PROJECT, AGENCY, BROKER_DIM, PAYEE_DIM, POSTED_MONTH),
    depth=2,
    query=_commission,
    fields=lambda asked: (
        *fields_of(asked.dims),
        Field("deals", _("Deals"), Kind.COUNT, 8),
        *(
            Field(name, heading, Kind.MONEY, adds_up=True, link=entries_behind(account))
            for name, heading, account in _FIGURES
        ),
    ),
    order=lambda asked: order_of(asked.dims),
)


# --- retention ------------------------------------------------------------------------------------------

# Each payee's retention of a deal, and the day on which the first of it was retained.
_HELD = """
SELECT y.id AS payee_id, e.project_id, e.deal_id, sum(e.amount) AS amount, t.currency,
       (%(now)s AT TIME ZONE p.timezone)::date - min({posted_on}) AS age
{ledger} {where}
GROUP BY y.id, e.project_id, e.deal_id, t.currency, p.timezone HAVING sum(e.amount) <> 0
"""


def _retention(asked: Asked) -> str:
    held = _HELD.format(
        posted_on=POSTED_ON, ledger=LEDGER, where=where(asked, LEDGER_CONDITIONS, "e.account = 'retained'")
    )
    by_age = aged("k.amount", "k.age", RETENTION_DAYS, name="aged")
    return f"""
SELECT {columns_of(asked.dims)} k.currency, sum(k.amount) AS retained{by_age}
FROM ({held}) k
JOIN projects_project p ON p.id = k.project_id
JOIN commissions_payee y ON y.id = k.payee_id
LEFT JOIN brokers_broker yb ON yb.id = y.broker_id
LEFT JOIN accounts_user yu ON yu.id = yb.user_id
JOIN brokers_agency h ON h.id = coalesce(y.agency_id, yb.agency_id)
LEFT JOIN leads_deal d ON d.id = k.deal_id
{grouping(asked.dims)}
"""  # noqa: S608 - constants


RETENTION = Report(
    name="retention",
    title=_("Retention by age"),
    about=_("What is retained until handover, by the days since it was first retained."),
    icon="hourglass-split",
    filters=("project", "company", "agency", "currency"),
    hidden=("payee",),
    span="",
    dims=(AGENCY, PAYEE_DIM, PROJECT, DEAL),
    depth=2,
    query=_retention,
    fields=lambda asked: (
        *fields_of(asked.dims),
        Field(
            "retained", pgettext_lazy("money", "Retained"), Kind.MONEY, adds_up=True, link=entries_behind("retained")
        ),
        Field("aged_90", _("up to 90 days"), Kind.MONEY, adds_up=True),
        Field("aged_180", _("91-180 days"), Kind.MONEY, adds_up=True),
        Field("aged_365", _("181-365 days"), Kind.MONEY, adds_up=True),
        Field("aged_over", _("over 365 days"), Kind.MONEY, adds_up=True),
    ),
    order=lambda asked: order_of(asked.dims),
)


# --- tax ------------------------------------------------------------------------------------------------


def _tax(asked: Asked) -> str:
    conditions = LEDGER_CONDITIONS | {"first": "b.tax_month >= %(first)s", "last": "b.tax_month <= %(last)s"}
    narrow = where(asked, conditions, "y.broker_id IS NOT NULL", "e.account IN ('paid', 'tax')", "b.id IS NOT NULL")
    return f"""
SELECT b.tax_month, {PAYEE} AS payee, y.id AS payee_id, h.name AS agency, c.name AS company, c.code AS company_code,
       t.currency, sum(e.amount) AS income, coalesce(sum(e.amount) FILTER (WHERE e.account = 'tax'), 0) AS tax,
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'paid'), 0) AS net
{LEDGER} {narrow} GROUP BY 1, 2, 3, 4, 5, 6, 7
"""


def _of_month(account: str) -> Link:
    def link(row: Row, asked: Asked) -> str:
        return address(
            "entries",
            span="all",
            payee=str(row["payee_id"]),
            company=row["company_code"],
            currency=row["currency"],
            tax_month=f"{row['tax_month']:%Y-%m}",
            account=account,
        )

    return link


TAX = Report(
    name="tax",
    title=_("Tax of individuals"),
    about=_("What individuals were paid and what was withheld, by tax month: the month of the batch's cut-off."),
    icon="person-badge",
    filters=("company", "agency", "broker", "currency"),
    hidden=("payee",),
    whole_companies=True,
    query=_tax,
    fields=lambda asked: (
        Field("tax_month", _("Tax month"), Kind.MONTH, 12),
        Field("payee", _("Payee"), Kind.TEXT, 24),
        Field("agency", _("Agency"), Kind.TEXT, 24),
        Field("company", _("Paying company"), Kind.TEXT, 24),
        Field("income", _("Income"), Kind.MONEY, adds_up=True),
        Field("tax", _("Tax withheld"), Kind.MONEY, adds_up=True, link=_of_month("tax")),
        Field("net", _("Net"), Kind.MONEY, adds_up=True, link=_of_month("paid")),
        Field("rate", _("Tax rate"), Kind.RATE, 10, of=("tax", "income")),
    ),
    order=lambda asked: "currency, tax_month, payee, payee_id, company",
)
