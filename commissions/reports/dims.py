"""What rows can be by."""

from datetime import date
from typing import Any

from babel.dates import format_date
from django.utils.translation import gettext_lazy as _

from channels_platform.presentation import formats
from commissions.reports.asked import NONE
from commissions.reports.spans import OWN
from commissions.reports.sql import BROKER, PAYEE, POSTED_ON
from commissions.reports.types import Dim, Field, Kind, Row
from leads.models import Deal


def month_words(month: date) -> str:
    """Return a month as people say it."""
    return format_date(month, "y年M月" if formats.is_chinese() else "MMMM y", locale=formats.locale())


def in_month(month: date) -> dict[str, str]:
    """Return the words that narrow a report to one month."""
    return {"span": OWN, "from": f"{month:%Y-%m}", "to": f"{month:%Y-%m}"}


def or_none(value: Any) -> str:
    return NONE if value is None else str(value)


def month_dim(expression: str) -> Dim:
    """Return the dim of months, out of a date of the query."""
    return Dim(
        "month",
        _("Month"),
        (("month", f"date_trunc('month', {expression})::date"),),
        (Field("month", _("Month"), Kind.MONTH, 12),),
        lambda row: in_month(row["month"]),
    )


def _named(name: str, label: Any, key: str, select: tuple[tuple[str, str], ...], narrows: Any) -> Dim:
    return Dim(name, label, select, (Field(key, label, Kind.TEXT, 24),), narrows)


PROJECT = _named(
    "project",
    _("Project"),
    "project",
    (("project", "p.name"), ("project_code", "p.code")),
    lambda row: {"project": row["project_code"]},
)
COMPANY = _named(
    "company",
    _("Paying company"),
    "company",
    (("company", "c.name"), ("company_code", "c.code")),
    lambda row: {"company": row["company_code"]},
)
AGENCY = _named(
    "agency",
    _("Agency"),
    "agency",
    (("agency", "h.name"), ("agency_code", "h.code")),
    lambda row: {"agency": row["agency_code"]},
)
BROKER_DIM = _named(
    "broker",
    _("Broker"),
    "broker",
    (("broker", BROKER), ("broker_id", "rb.id")),
    lambda row: {"who": or_none(row["broker_id"])},
)
PAYEE_DIM = _named(
    "payee",
    _("Payee"),
    "payee",
    (("payee", PAYEE), ("payee_id", "y.id")),
    lambda row: {"payee": str(row["payee_id"])},
)
DEAL = _named(
    "deal",
    _("Deal"),
    "deal",
    (("deal", "d.number"), ("deal_id", "d.id")),
    lambda row: {"deal": or_none(row["deal"])},
)
POSTED_MONTH = month_dim(POSTED_ON)


def method_words(method: str) -> str:
    return str(Deal.Method(method).label)


def state_words(state: str) -> str:
    return str(Deal.State(state).label)


METHOD = Dim(
    "method",
    _("Payment method"),
    (("method", "d.method"),),
    (Field("method", _("Payment method"), Kind.TEXT, 14, words=method_words),),
    lambda row: {"method": row["method"]},
)


def narrows_deal(row: Row) -> dict[str, str]:
    return {"deal": str(row["deal"])}
