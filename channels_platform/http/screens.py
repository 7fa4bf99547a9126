"""What server-rendered pages share: who may enter, and lists by cursor."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from channels_platform.accounts.permissions import Can, may


def told(code: str, status: int, **more: Any) -> JsonResponse:
    """Return what a page's script is told that cannot have what it asks for."""
    return JsonResponse({"code": code, **more}, status=status)


_View = Callable[..., HttpResponseBase]
PAGE_SIZE = 25


def needs(*acts: Can) -> Callable[[_View], _View]:
    """Let in who may do one of `acts`: others get 403, the unknown are asked to sign in.

    A script that takes JSON only is told by code instead.
    """

    def guard(view: _View) -> _View:
        @wraps(view)
        def enter(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            scripted = not request.accepts("text/html")
            if not request.user.is_authenticated:
                return told("not_signed_in", 401) if scripted else redirect_to_login(request.get_full_path())
            if not any(may(request.user, act) for act in acts):
                if scripted:
                    return told("forbidden", 403)
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return enter

    return guard


@dataclass(frozen=True)
class Screenful:
    """One page of a list; `previous` and `following` are the cursors of its neighbours, or ''."""

    items: list[Any]
    previous: str
    following: str


def page_by_cursor(rows: QuerySet[Any], *, by: str, cursor: str, size: int = PAGE_SIZE) -> Screenful:
    """Return the page at `cursor`, ordered by an instant and then the id (`-filed_at`, or `deadline` to ascend).

    A cursor that is not ours begins at the start. The cost is that of one page, however deep.
    """
    field, descending = by.lstrip("-"), by.startswith("-")
    backwards, position = _read_cursor(cursor, rows.model)
    falling = descending != backwards
    if position is not None:
        rows = rows.filter(_beyond(field, falling, *position))
    sign = "-" if falling else ""
    found = list(rows.order_by(f"{sign}{field}", f"{sign}pk")[: size + 1])
    more, items = len(found) > size, found[:size]
    if backwards:
        items.reverse()
    before = (more if backwards else position is not None) and bool(items)
    after = (True if backwards else more) and bool(items)
    return Screenful(
        items,
        _cursor("b", items[0], field) if before else "",
        _cursor("f", items[-1], field) if after else "",
    )


def _beyond(field: str, falling: bool, at: datetime, pk: Any) -> Q:
    past = "lt" if falling else "gt"
    # The first condition alone is what an index on (field, id) can seek to.
    return Q(**{f"{field}__{past}e": at}) & (Q(**{f"{field}__{past}": at}) | Q(**{f"pk__{past}": pk}))


def _cursor(way: str, row: Any, field: str) -> str:
    text = f"{way}|{getattr(row, field).isoformat()}|{row.pk}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str, model: Any) -> tuple[bool, tuple[datetime, Any] | None]:
    try:
        way, at, pk = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split("|")
        instant, key = datetime.fromisoformat(at), model._meta.pk.to_python(pk)
    except (ValueError, binascii.Error, ValidationError):
        return False, None
    return (way == "b", (instant, key)) if instant.tzinfo else (False, None)
