"""Cells of lists and sections of pages: states, figures and instants as everywhere else in the product."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.enums import ActionVariant

from channels_platform.presentation import formats
from channels_platform.templatetags import ui

DASH = "–"


@dataclass(frozen=True)
class Section:
    """A part of an object's page beside its fields: sentences, a table or a timeline."""

    title: str | Promise
    template: str
    data: dict[str, Any] = field(default_factory=dict)


def words(title: str | Promise, sentences: Sequence[Any], empty: str | Promise = "") -> Section:
    return Section(title, "admin/about_words.html", {"sentences": sentences, "empty": empty})


def table(
    title: str | Promise, head: Sequence[Any], rows: Sequence[Sequence[Any]], empty: str | Promise = "", note: Any = ""
) -> Section:
    """`head` names the columns; one beginning with `#` holds figures."""
    columns = [{"name": str(name).removeprefix("#"), "num": str(name).startswith("#")} for name in head]
    marked = [[(cell, column["num"]) for cell, column in zip(row, columns, strict=True)] for row in rows]
    return Section(title, "admin/about_table.html", {"columns": columns, "rows": marked, "empty": empty, "note": note})


def timeline(title: str | Promise, items: Sequence[Any], zone: Any = None) -> Section:
    return Section(title, "admin/about_timeline.html", {"items": items, "zone": zone})


def state(kind: str, value: Any) -> SafeString:
    return ui.state_badge(kind, str(value))


def badge(word: Any, tone: str, icon: str) -> SafeString:
    """A mark that is no state: word, icon and tone."""
    return format_html('<span class="state tone-{}">{}{}</span>', tone, ui.icon(icon), word)


def money(amount: Decimal | None, currency: str = "CNY") -> SafeString:
    """A right-aligned figure; the currency stands in the column's head or beside the object."""
    if amount is None:
        return format_html('<span class="cp-num">{}</span>', DASH)
    tone = " cp-negative" if amount < 0 else ""
    return format_html('<span class="cp-num{}">{}</span>', tone, formats.money(amount, currency))


def money_with(amount: Decimal | None, currency: str) -> str:
    return DASH if amount is None else f"{formats.money(amount, currency)} {currency}"


def when(instant: datetime | None, zone: Any = None) -> SafeString | str:
    return DASH if instant is None else ui.local_time(instant, zone)


def plain_when(instant: datetime | None, zone: Any = None) -> str:
    return DASH if instant is None else formats.instant(instant, zone)


def recently(instant: datetime | None, zone: Any = None) -> SafeString | str:
    return DASH if instant is None else ui.relative_time(instant, zone)


def link(obj: Any, text: Any = None) -> SafeString | str:
    """A link to an object's page, where the admin has one."""
    if obj is None:
        return DASH
    name = f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change"
    return format_html('<a class="text-link" href="{}">{}</a>', reverse(name, args=[quote(obj.pk)]), text or obj)


def header_link(title: Any, url: str, icon: str) -> dict[str, Any]:
    """A link among an object's acts, as the theme's header wants it."""
    return {"title": title, "icon": icon, "variant": ActionVariant.DEFAULT, "attrs": {}, "path": url}


def address(model: str, **query: Any) -> str:
    """The address of a model's list with filters: `address("leads.referral", project=project.pk)`."""
    path = reverse(f"admin:{model.replace('.', '_')}_changelist")
    return f"{path}?{urlencode(query)}" if query else path
