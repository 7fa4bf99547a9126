"""The broker's "my client has arrived", from the client's page."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from channels_platform.accounts.permissions import Can
from channels_platform.http.screens import needs
from channels_platform.lib.errors import NotAllowed
from leads.selectors import visible_referrals
from leads.services.arrivals import tell_arrival


@require_POST
@needs(Can.FILE_REFERRAL)
def arrived(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    """Tell the desk that the client is here; a second tap changes nothing."""
    found = get_object_or_404(visible_referrals(request.user), pk=referral_id)
    try:
        tell_arrival(actor=request.user, referral=found)
    except NotAllowed as refused:
        if refused.code == "already_today":
            messages.info(request, _("Reception has confirmed this arrival already."))
        else:
            messages.error(request, _("This referral is no longer open; there is no arrival to tell."))
    else:
        messages.success(request, _("Told the desk. What counts is reception's confirmation: show the QR slip there."))
    return redirect("portal:referral", found.pk)
