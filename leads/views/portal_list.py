"""My clients: by tab, search and broker, all of it in the address; and the same list as a file."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.timezone import get_current_timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_http_methods

from brokers.selectors import visible_brokers
from channels_platform.accounts.permissions import Can, Role
from channels_platform.http.downloads import send_file
from channels_platform.http.screens import needs, page_by_cursor
from channels_platform.lib import clock, phones
from channels_platform.lib.errors import Invalid
from leads.exports import clients_csv
from leads.listing import TABS, count_by_tab, in_tab, seal, unseal, with_deadline
from leads.selectors import search_referrals
from leads.services.exporting import note_export
from leads.views.portal import judged, mine_of, own_broker


@dataclass(frozen=True)
class _Asked:
    """What a list's address asks for."""

    found: Any
    tab: str
    text: str
    broker_id: UUID | None
    now: datetime

    @property
    def rows(self) -> Any:
        return in_tab(self.found, self.tab, self.now)


def _asked(request: HttpRequest) -> _Asked:
    text = unseal(request.GET.get("q", ""))
    found = search_referrals(with_deadline(mine_of(request)), text)
    broker_id = _uuid(request.GET.get("broker", "")) if _manages(request) else None
    if broker_id:
        found = found.filter(broker_id=broker_id)
    tab = request.GET.get("tab", "")
    # Who searches looks everywhere; who only looks in sees what is alive.
    tab = tab if tab in TABS else "all" if text else "active"
    return _Asked(found, tab, text, broker_id, clock.now())


def _manages(request: HttpRequest) -> bool:
    return getattr(request.user, "role", "") == Role.AGENCY_ADMIN


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.FILE_REFERRAL)
def referrals(request: HttpRequest) -> HttpResponse:
    """The list; what was typed comes by POST, so that a full phone never stands in an address."""
    broker = own_broker(request)
    if request.method == "POST":
        chosen = {"tab": request.POST.get("tab", ""), "broker": request.POST.get("broker", "")}
        chosen["q"] = seal(request.POST.get("q", ""))
        kept = {name: value for name, value in chosen.items() if value}
        return redirect(f"{reverse('portal:referrals')}{'?' + urlencode(kept) if kept else ''}")
    asked = _asked(request)
    page = page_by_cursor(
        asked.rows,
        by="deadline" if asked.tab == "running" else "-filed_at",
        cursor=request.GET.get("cursor", ""),
    )
    counts = count_by_tab(asked.found, asked.now)
    return render(
        request,
        "portal/referrals.html",
        {
            "page": page,
            "rows": judged(page.items, asked.now),
            "tab": asked.tab,
            "tabs": [(name, label, counts[name]) for name, label in TABS.items()],
            "shown": _shown(asked.text),
            "broker": broker,
            "brokers": visible_brokers(request.user).order_by("user__name") if _manages(request) else None,
            "chosen_broker": asked.broker_id,
        },
    )


@require_GET
@needs(Can.FILE_REFERRAL)
def export(request: HttpRequest) -> HttpResponseBase:
    """What the list shows, all pages of it, as CSV; phones stay masked, and the export is recorded."""
    broker, asked = own_broker(request), _asked(request)
    note_export(actor=request.user, agency=broker.agency, tab=asked.tab, rows=asked.rows.count())
    pieces = clients_csv(asked.rows.order_by("-filed_at", "-pk"), asked.now, get_language())
    day = clock.local_date(asked.now, get_current_timezone())
    return send_file(pieces, f"clients-{day:%Y%m%d}.csv")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _shown(text: str) -> str:
    """What stands in the search box again: a full phone only as its mask."""
    try:
        return phones.mask(phones.parse_phone(text))
    except Invalid:
        return text
