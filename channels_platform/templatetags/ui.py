"""Template tags of the interface; docs/frontend.md shows each in use."""

import json
from datetime import datetime, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from channels_platform.accounts.permissions import Can, may
from channels_platform.lib import clock, phones
from channels_platform.presentation import formats, navigation
from channels_platform.presentation.badges import badge_of

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "", extra: str = "") -> SafeString:
    """An icon of the sprite; silent to screen readers unless it has a label."""
    href = f"{static('img/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon {}" role="img" aria-label="{}"><use href="{}"></use></svg>', extra, label, href
        )
    return format_html('<svg class="icon {}" aria-hidden="true"><use href="{}"></use></svg>', extra, href)


@register.simple_tag
def may_recruit(user: Any) -> bool:
    """Whether the menu offers the recruiting page: to staff; an individual finds it on the first page."""
    return may(user, Can.RECRUIT) and not user.is_agency_side


@register.simple_tag
def state_badge(kind: str, state: str) -> SafeString:
    """A state as word, icon and colour: {% state_badge "referral" referral.state %}."""
    badge = badge_of(kind, state)
    return format_html('<span class="state tone-{}">{}{}</span>', badge.tone, icon(badge.icon), badge.word)


@register.simple_tag
def state_word(kind: str, state: str) -> str:
    """A state's word alone, for choices: {% state_word "statement" "issued" %}."""
    return str(badge_of(kind, state).word)


@register.filter
def money(amount: Decimal | int | None, currency: str = "CNY") -> str:
    """Digits only, for columns whose head names the currency; a dash for nothing."""
    return "–" if amount is None else formats.money(amount, currency)


@register.simple_tag
def money_with(amount: Decimal | int | None, currency: str = "CNY") -> SafeString | str:
    """An amount that stands alone, with its currency; red below zero."""
    if amount is None:
        return "–"
    tone = "money money-negative" if amount < 0 else "money"
    figure = formats.money(amount, currency)
    return format_html('<span class="{}">{} <span class="unit">{}</span></span>', tone, figure, currency)


@register.simple_tag
def money_cell(amount: Decimal | int | None, currency: str = "CNY", label: str = "") -> SafeString:
    """A right-aligned table cell; `label` names it where rows are stacked on phones."""
    data = format_html(' data-label="{}"', label) if label else ""
    tone = " money-negative" if amount is not None and amount < 0 else ""
    return format_html('<td class="num money{}"{}>{}</td>', tone, data, money(amount, currency))


@register.filter
def fraction(value: Fraction | Decimal | int | str) -> str:
    return formats.fraction(value)


@register.filter
def percent(value: Fraction | Decimal | int | str) -> str:
    return formats.percent(value)


@register.filter
def counted(number: int) -> str:
    """A count beside a list, counted to the cap: `99+`."""
    return formats.counted(number)


@register.filter
def mask(phone: str) -> str:
    """A phone as everyone may see it; what is masked already stays as it is."""
    return phone if "*" in phone else phones.mask(phone)


@register.simple_tag
def local_time(value: datetime | None, zone: str | tzinfo | None = None) -> SafeString | str:
    """An instant in the project's zone and the reader's words, exact on hover or tap."""
    if value is None:
        return "–"
    exact = formats.exact_instant(value, zone)
    return format_html(
        '<time datetime="{}" title="{}" data-exact="{}">{}</time>',
        value.isoformat(), exact, exact, formats.instant(value, zone),
    )  # fmt: skip


@register.simple_tag
def local_day(value: datetime | None, zone: str | tzinfo | None = None) -> SafeString | str:
    """The local date of an instant."""
    if value is None:
        return "–"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(), formats.exact_instant(value, zone), formats.day(value, zone),
    )  # fmt: skip


@register.simple_tag
def exact_time(value: datetime | None, zone: str | tzinfo | None = None) -> str:
    """To the second, with the offset: for audit tables and support."""
    return "–" if value is None else formats.exact_instant(value, zone)


@register.simple_tag
def relative_time(value: datetime | None, zone: str | tzinfo | None = None) -> SafeString | str:
    """`2 hours ago` up to a day, then absolute; kept alive by app.js."""
    if value is None:
        return "–"
    exact = formats.exact_instant(value, zone)
    return format_html(
        '<time datetime="{}" title="{}" data-exact="{}" data-relative data-absolute="{}">{}</time>',
        value.isoformat(), exact, exact, formats.instant(value, zone), formats.relative(value, zone),
    )  # fmt: skip


@register.simple_tag
def countdown(until: datetime | None, zone: str | tzinfo | None = None) -> SafeString | str:
    """`4 h left`, kept alive by app.js; amber within three days, red within six hours."""
    if until is None:
        return ""
    exact = formats.exact_instant(until, zone)
    return format_html(
        '<time class="countdown" datetime="{}" title="{}" data-exact="{}" data-countdown data-tone="{}">{}</time>',
        until.isoformat(), exact, exact, formats.urgency(until), formats.time_left(until),
    )  # fmt: skip


@register.simple_tag
def script_state(user: Any = None) -> SafeString:
    """The attributes of <body> that app.js reads: its words, whose drafts, the server's instant."""
    person = str(user.pk) if getattr(user, "is_authenticated", False) else ""
    return format_html(
        'data-words="{}" data-person="{}" data-now="{}"',
        json.dumps(formats.script_words(), ensure_ascii=False), person, clock.now().isoformat(),
    )  # fmt: skip


@register.simple_tag
def nav_places(user: Any, area: str, path: str) -> list[navigation.Place]:
    return navigation.places(user, area, path)


@register.simple_tag
def nav_every_place(user: Any, area: str, path: str) -> list[navigation.Place]:
    return navigation.every_place(user, area, path)


@register.simple_tag
def nav_areas(user: Any, area: str) -> list[navigation.Place]:
    return navigation.areas(user, area)


@register.simple_tag
def landing_page(user: Any) -> str:
    return navigation.landing_page(user)


@register.simple_tag
def home_area(user: Any) -> str:
    """The area a person begins in, whose places a page of everybody's shows."""
    return navigation.home_area(user)


@register.inclusion_tag("ui/empty.html")
def empty_state(title: str, text: str = "", url: str = "", action: str = "", symbol: str = "inbox") -> dict[str, str]:
    """What will be here, and the first step."""
    return {"title": title, "text": text, "url": url, "action": action, "symbol": symbol}


@register.inclusion_tag("ui/notice.html")
def notice(text: str, tone: str = "info", title: str = "", code: str = "") -> dict[str, str]:
    """Outcome first, then reason, then what to do; the code stands small at the end."""
    icons = {"good": "check-circle", "wait": "exclamation-triangle", "bad": "x-circle"}
    return {"text": text, "tone": tone, "title": title, "code": code, "symbol": icons.get(tone, "info-circle")}


@register.inclusion_tag("ui/timeline.html")
def timeline(items: Any, zone: str | tzinfo | None = None) -> dict[str, Any]:
    """What happened, newest first: items have `what`, `at`, and may have `who`, `note`, `tone`, `icon`."""
    return {"items": items, "zone": zone}


@register.inclusion_tag("ui/pager.html", takes_context=True)
def pager(context: template.Context, previous: str | None = None, following: str | None = None) -> dict[str, Any]:
    """Keyset pages: cursors of the page before and after, other filters kept."""
    return {"request": context.get("request"), "previous": previous, "following": following}


@register.inclusion_tag("ui/progress.html")
def progress(done: int, total: int, label: str = "", poll_url: str = "") -> dict[str, Any]:
    """A job's progress with counts; asks again every two seconds while `poll_url` is given."""
    return {"done": done, "total": total, "label": label, "poll_url": poll_url}


@register.inclusion_tag("ui/steps.html")
def steps(items: Any) -> dict[str, Any]:
    """Where an object stands: items are (word, done, current)."""
    return {"items": items}


@register.simple_tag
def optional_mark() -> SafeString:
    """The word behind the label of a field that may stay empty."""
    return format_html('<span class="optional">({})</span>', gettext("optional"))
