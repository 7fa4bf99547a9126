"""The portal's advances: what an agency has had in advance, and asking for more of what is pending."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from brokers.selectors import agency_of
from channels_platform.accounts.permissions import Can
from channels_platform.http.once import sent
from channels_platform.http.screens import needs, page_by_cursor
from commissions.advances import Room, own_rooms, with_settled
from commissions.forms import AdvanceForm
from commissions.selectors import visible_advances
from commissions.services.advances import ask_advance
from commissions.views.common import attempt, status_of


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.ASK_ADVANCE)
def advances(request: HttpRequest) -> HttpResponse:
    """The own agency's advances, and a form to ask for one where a limit leaves room."""
    agency: Any = agency_of(request.user)
    rooms = own_rooms(agency) if agency else []
    open_rooms = [room for room in rooms if room.most > 0]
    form = AdvanceForm(sent(request), rooms=open_rooms, own=True) if open_rooms or request.method == "POST" else None

    def work() -> str:
        room: Room = form.cleaned_data["room"]  # type: ignore[union-attr]
        made = ask_advance(
            actor=request.user,
            agency=agency,
            project=room.project,
            amount=form.cleaned_data["amount"],  # type: ignore[union-attr]
            reason=form.cleaned_data["reason"],  # type: ignore[union-attr]
        )
        messages.success(request, _("%(number)s is asked for. Finance decides.") % {"number": made.number})
        return reverse("portal:advances")

    if form is not None and (answer := attempt(request, form, work)) is not None:
        return answer
    page = page_by_cursor(visible_advances(request.user), by="-asked_at", cursor=request.GET.get("cursor", ""))
    context = {"page": page, "rows": with_settled(page.items), "rooms": rooms, "form": form}
    return render(request, "portal/advances.html", context, status=status_of(form))
