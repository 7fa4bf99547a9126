"""The overview as the admin's index shows it: figures, charts whose numbers stand below them as tables."""

from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from brokers.models import Agency
from channels_platform.accounts.permissions import Can, may
from channels_platform.adminkit.cells import DASH, address
from channels_platform.dashboard import figures
from channels_platform.dashboard.filters import SPANS, Narrowed, read_filters
from channels_platform.dashboard.needs import waiting_for
from channels_platform.presentation import formats
from commissions.states import Account

REMEMBERED = 60

_NAMES: dict[str, str | Promise] = {
    "filings": gettext_lazy("Filings"),
    "visits": gettext_lazy("Visits"),
    "deals": gettext_lazy("Deals"),
    "conversion": gettext_lazy("Conversion"),
}
_ACCOUNTS: dict[str, str | Promise] = {
    Account.PENDING: gettext_lazy("Pending"),
    Account.RETAINED: gettext_lazy("Retained"),
    Account.PAYABLE: gettext_lazy("Payable"),
    Account.PAID: gettext_lazy("Paid"),
    Account.TAX: gettext_lazy("Tax withheld"),
}


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the overview to the index page's context."""
    narrowed = read_filters(request)
    weeks, agencies, projects, months = (
        _remembered(name, narrowed, make)
        for name, make in (
            ("weeks", figures.by_week),
            ("agencies", figures.by_agency),
            ("projects", figures.by_project),
            ("months", figures.month_figures),
        )
    )
    return context | {
        "narrowed": narrowed,
        "spans": SPANS,
        "agency_choices": Agency.objects.order_by("name"),
        "needs": waiting_for(request.user, narrowed),
        "figures": [_card(one) for one in months],
        "measures": [_NAMES[measure] for measure in figures.MEASURES],
        "weeks": [(date_format(row["week"], "SHORT_DATE_FORMAT"), [row[m] for m in figures.MEASURES]) for row in weeks],
        "agencies": [_row(row, "brokers.agency") for row in agencies],
        "projects": [_row(row, "projects.project") for row in projects],
        "money_heads": list(_ACCOUNTS.values()),
        "money": _money(narrowed) if may(request.user, Can.SEE_MONEY) else None,
        "charts": _charts(weeks, agencies, projects),
    }


def _remembered(name: str, narrowed: Narrowed, make: Any) -> Any:
    return cache.get_or_set(f"overview:{name}:{narrowed.key()}", lambda: make(narrowed), REMEMBERED)


def _card(figure: dict[str, Any]) -> dict[str, Any]:
    now, before = figure["now"], figure["before"]
    if figure["name"] == "conversion":
        shown, was = (formats.percent(round(value, 3)) if value is not None else DASH for value in (now, before))
    else:
        shown, was = f"{now:,}", f"{before:,}"
    return {"name": _NAMES[figure["name"]], "now": shown, "before": was, "change": _change(now, before)}


def _change(now: Any, before: Any) -> dict[str, str]:
    """Return how a figure moved against the same stretch of last month, as a word and a sign, not by colour alone."""
    if now is None or not before:
        return {"tone": "past", "words": _("nothing to compare with")}
    moved = (Decimal(now) - Decimal(before)) / Decimal(before)
    words = formats.percent(abs(round(moved, 3)))
    if moved > 0:
        return {"tone": "good", "words": _("%(part)s up") % {"part": words}}
    if moved < 0:
        return {"tone": "bad", "words": _("%(part)s down") % {"part": words}}
    return {"tone": "past", "words": _("as before")}


def _row(row: dict[str, Any], model: str) -> dict[str, Any]:
    owner = model.partition(".")[2]
    return {
        "name": row["name"],
        "url": address("leads.referral", **{f"{owner}__id__exact": row["id"]}),
        "cells": [row[measure] for measure in figures.MEASURES],
    }


def _money(narrowed: Narrowed) -> list[tuple[str, list[str]]]:
    rows = _remembered("owed", narrowed, figures.owed)
    return [
        (row["currency"], [formats.money(row[str(account)], row["currency"]) for account in _ACCOUNTS]) for row in rows
    ]


def _charts(weeks: list[Any], agencies: list[Any], projects: list[Any]) -> dict[str, Any]:
    names = [str(_NAMES[measure]) for measure in figures.MEASURES]
    return {
        "weeks": {
            "kind": "line",
            "names": names,
            "labels": [row["week"].isoformat() for row in weeks],
            "series": [[row[measure] for row in weeks] for measure in figures.MEASURES],
        },
        "agencies": _bars(agencies, names),
        "projects": _bars(projects[:10], names),
    }


def _bars(rows: list[Any], names: list[str]) -> dict[str, Any]:
    return {
        "kind": "bar",
        "names": names,
        "labels": [row["name"] for row in rows],
        "series": [[row[measure] for row in rows] for measure in figures.MEASURES],
    }
