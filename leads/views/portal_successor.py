"""An agency's manager hands the open clients of a broker who left to a colleague: first how many, then in one act."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from brokers.selectors import visible_brokers
from channels_platform.accounts.permissions import Can
from channels_platform.adminkit.refusals import add_refusal
from channels_platform.http.once import sent, submit_once
from channels_platform.http.screens import needs
from channels_platform.lib import clock
from channels_platform.lib.errors import Refused
from leads.forms.portal import SuccessorForm
from leads.services.succession import hand_over_to_successor, open_clients, plan_succession, successors
from leads.views.portal_kept import own_broker


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.EDIT_OWN_BROKERS)
def successor(request: HttpRequest, broker_id: UUID) -> HttpResponse:
    """Choose who takes over, see which clients go by project and which stay, and do it."""
    ours = visible_brokers(request.user).filter(agency=own_broker(request).agency_id)
    former = get_object_or_404(ours, pk=broker_id)
    form = SuccessorForm(sent(request), successors=successors(former))
    plan = None

    def hand_over() -> str:
        n = hand_over_to_successor(actor=request.user, former=former, successor=form.cleaned_data["successor"])
        words = ngettext("%(n)s client was handed over.", "%(n)s clients were handed over.", n)
        messages.success(request, words % {"n": n})
        return reverse("portal:broker", args=[former.pk])

    if request.method == "POST" and form.is_valid():
        if "confirm" in request.POST:
            try:
                return submit_once(request, form, hand_over)
            except Refused as refused:
                add_refusal(form, refused)
        plan = plan_succession(former=former, successor=form.cleaned_data["successor"]) if form.is_valid() else None
    context = {"found": former, "form": form, "plan": plan, "total": len(open_clients(former, clock.now()))}
    return render(request, "portal/broker_successor.html", context, status=422 if form.errors else 200)
