"""Reading a report's address: filters in the reader's scope, faults said at the field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from brokers.models import Agency, Broker
from channels_platform.lib import clock
from channels_platform.lib.names import clean_text
from commissions.reports.spans import OWN, SPANS, last_day, span_named
from commissions.reports.types import Asked, Dim, Report, Row, Scope, Words
from commissions.selectors import visible_companies, visible_payees
from projects.selectors import visible_projects

LONGEST = 80
NONE = "none"
NOBODY = UUID(int=0)
_MONTH = re.compile(r"(19|20|21)\d{2}-(0[1-9]|1[0-2])", re.ASCII)
_IDS = frozenset({"payee", "who"})

LABELS: dict[str, Words] = {
    "project": gettext_lazy("Project"),
    "company": gettext_lazy("Paying company"),
    "agency": gettext_lazy("Agency"),
    "broker": gettext_lazy("Broker"),
    "currency": gettext_lazy("Currency"),
    "account": gettext_lazy("Account"),
    "what": gettext_lazy("Transaction"),
    "state": gettext_lazy("State"),
    "method": gettext_lazy("Payment method"),
    "deal": gettext_lazy("Deal"),
    "batch": gettext_lazy("Batch"),
    "payee": gettext_lazy("Payee"),
    "who": gettext_lazy("Broker"),
    "tax_month": gettext_lazy("Tax month"),
    "part": gettext_lazy("Part"),
}
TEXTS = frozenset({"broker", "deal", "batch"})


@dataclass(frozen=True, slots=True)
class Widget:
    """One filter as the page shows it."""

    name: str
    label: Words
    kind: str
    value: str
    options: tuple[tuple[str, Words], ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """What a link narrowed the report by; `rest`: the address's query without it."""

    name: str
    label: Words
    value: str
    shown: str
    rest: str


def scope_of(user: Any) -> Scope:
    """Return which projects, and which companies as a whole, the person reads."""
    if getattr(user, "is_superuser", False) or getattr(user, "all_projects", False):
        return Scope(None, None)
    projects = visible_projects(user).order_by("pk").values_list("pk", flat=True)
    companies = visible_companies(user).order_by("pk").values_list("pk", flat=True)
    return Scope(tuple(projects), tuple(companies))


def read_asked(report: Report, user: Any, given: Mapping[str, Any], *, today: date | None = None) -> Asked:
    """Return what an address asks of a report; what it names wrongly is kept, and said.

    `today`: the day from which this month and last month are counted; left out, the server's.
    """
    names = {*report.filters, *report.hidden}
    words = {name: clean_text(str(given.get(name, "")))[:LONGEST] for name in names}
    words = {name: text for name, text in words.items() if text}
    scope, faults = scope_of(user), {}
    for name, text in list(words.items()):
        if name in report.choices and text not in dict(report.choices[name]):
            faults[name] = _("Choose one of the list.")
    dims = _dims(report, given)
    words |= {name: dim.name for name, dim in zip(("by", "then"), dims, strict=False)}
    span, first, last = _span(report, given, words, faults, today or clock.local_date(clock.now(), _zone()))
    values: dict[str, Any] = {name: _value(name, text) for name, text in words.items()}
    values |= {"first": first, "last": last, "now": clock.now()}
    values |= {"projects": list(scope.projects or ()), "companies": list(scope.companies or ())}
    if dims and dims == report.dims[:1]:
        del words["by"]
    return Asked(report, scope, words, values, dims, span, first, last, faults)


def _zone() -> Any:
    return get_current_timezone()


def _value(name: str, text: str) -> Any:
    if name in _IDS and text != NONE:
        try:
            return UUID(text)
        except ValueError:
            return NOBODY
    if name == "tax_month":
        return _month(text) or date.min
    return text.upper() if name in ("deal", "batch") and text != NONE else text


def _dims(report: Report, given: Mapping[str, Any]) -> tuple[Dim, ...]:
    by_name = {dim.name: dim for dim in report.dims}
    asked = [str(given.get(name, "")) for name in ("by", "then")[: report.depth]]
    found = list(dict.fromkeys(by_name[name] for name in asked if name in by_name))
    return tuple(found) or report.dims[:1]


def _span(
    report: Report, given: Mapping[str, Any], words: dict[str, str], faults: dict[str, str], today: date
) -> tuple[str, date | None, date | None]:
    if not report.span:
        return "", None, None
    name = str(given.get("span", "")) or report.span
    if name not in dict(SPANS):
        name = report.span
    if name != report.span:
        words["span"] = name
    if name != OWN:
        return name, *span_named(name, today)
    months: dict[str, date | None] = {}
    for end in ("from", "to"):
        text = clean_text(str(given.get(end, "")))[:LONGEST]
        months[end] = _month(text)
        if text:
            words[end] = text
            if months[end] is None:
                faults[end] = _("Write a month like 2026-03.")
    first, last = months["from"], months["to"]
    if first and last and last < first:
        faults["to"] = _("The last month is before the first.")
    return name, first, last_day(last) if last else None


def _month(text: str) -> date | None:
    return date(int(text[:4]), int(text[5:]), 1) if _MONTH.fullmatch(text) else None


def widgets(asked: Asked, user: Any) -> list[Widget]:
    """Return the filters of the page, in the report's order, with what was asked."""
    report, found = asked.report, []
    if report.span:
        found.append(Widget("span", _("Period"), "select", asked.span, SPANS))
        if asked.span == OWN:
            for name, label in (("from", _("From month")), ("to", _("To month"))):
                found.append(Widget(name, label, "month", asked.words.get(name, ""), fault=asked.faults.get(name, "")))
    if len(report.dims) > 1:
        dims = tuple((dim.name, dim.label) for dim in report.dims)
        found.append(Widget("by", _("Rows by"), "select", asked.dims[0].name, dims))
        if report.depth > 1:
            second = asked.dims[1].name if len(asked.dims) > 1 else ""
            found.append(Widget("then", _("And by"), "select", second, (("", "–"), *dims)))
    for name in report.filters:
        value, fault = asked.words.get(name, ""), asked.faults.get(name, "")
        if name in TEXTS:
            found.append(Widget(name, LABELS[name], "text", value, fault=fault))
        else:
            options = (("", _("All")), *options_of(asked, user, name))
            found.append(Widget(name, LABELS[name], "select", value, options, fault))
    return found


def options_of(asked: Asked, user: Any, name: str) -> tuple[tuple[str, Words], ...]:
    """Return what a filter offers, with its words."""
    if name in asked.report.choices:
        return asked.report.choices[name]
    if name == "project":
        return tuple(visible_projects(user).order_by("name").values_list("code", "name"))
    if name == "company":
        return tuple(visible_companies(user).order_by("name").values_list("code", "name"))
    if name == "agency":
        return tuple(Agency.objects.order_by("name").values_list("code", "name"))
    currencies = visible_projects(user).order_by("currency").values_list("currency", flat=True).distinct()
    return tuple((one, one) for one in currencies)


def chips(asked: Asked, user: Any) -> list[Chip]:
    """Return what narrows the report out of a link only, to be taken off one by one."""
    found = []
    for name in asked.report.hidden:
        if name in asked.words and name not in asked.report.filters:
            rest = {one: text for one, text in asked.words.items() if one != name}
            found.append(Chip(name, LABELS[name], asked.words[name], _shown(asked, user, name), urlencode(rest)))
    return found


def _shown(asked: Asked, user: Any, name: str) -> str:
    text, value = asked.words[name], asked.values[name]
    if text == NONE:
        return _("none")
    if name == "payee":
        return str(visible_payees(user).filter(pk=value).first() or "–")
    if name == "who":
        return str(Broker.objects.filter(pk=value).select_related("user").first() or "–")
    if name == "company":
        return str(visible_companies(user).filter(code=value).first() or text)
    return _("by the deal's shares") if name == "part" else text


def query_of(asked: Asked) -> str:
    """Return the address's query, without what is the default: what a saved view keeps."""
    return urlencode(sorted(asked.words.items()))


def address(report: str, **words: str) -> str:
    """Return the address of a report narrowed so."""
    query = urlencode({name: text for name, text in words.items() if text})
    return reverse("finance:report", args=[report]) + (f"?{query}" if query else "")


def narrowed(asked: Asked, row: Row, *, keep: tuple[str, ...], **more: str) -> dict[str, str]:
    """Return the words that narrow another report to what is behind a row of this one."""
    words = {name: asked.words[name] for name in keep if name in asked.words}
    words |= (asked.span_words() or {"span": "all"}) | {"currency": row["currency"]}
    for dim in asked.dims:
        words |= dim.narrows(row)
    return words | more
