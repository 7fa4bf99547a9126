"""The one-time code at the desk: sent to the client's phone, read out by the client, compared."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from channels_platform.accounts.permissions import Can
from channels_platform.adminkit.refusals import add_refusal
from channels_platform.http.once import submit_once
from channels_platform.http.screens import needs
from channels_platform.lib.errors import NotAllowed
from channels_platform.sms import may_send
from leads.forms.codes import CheckCodeForm, SendCodeForm
from leads.models import Referral
from leads.services.codes import CodeAnswer, ask_arrival_code, check_arrival_code
from leads.views.desk import visible_referral

_REFUSED = {
    "sms_off": gettext_lazy("No text messages are sent here. Use the QR slip or the last four digits."),
    "not_live": gettext_lazy("This referral is no longer open; there is no arrival to confirm."),
    "no_full_phone": gettext_lazy(
        "The full number isn't known yet: the broker filed a mask. Enter it when you confirm."
    ),
    "code_too_soon": gettext_lazy("A code was sent less than a minute ago. Wait for it to arrive."),
    "code_limit": gettext_lazy(
        "This phone got five codes within 24 hours; no more are sent. Use the QR slip or the last four digits."
    ),
}
_ANSWERS = {
    CodeAnswer.WRONG: gettext_lazy("That is not the code. Ask the client to read it out again."),
    CodeAnswer.ON_ITS_WAY: gettext_lazy("The code is still on its way. Wait a moment, or send a new one in a minute."),
    CodeAnswer.OVER: gettext_lazy("This code is over: used, too old, or tried too often. Send a new one."),
}


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.CONFIRM_VISIT)
def code(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    """Send a code, or compare the one the client reads out; a match leads to the confirmation."""
    found = visible_referral(request, referral_id)
    act = request.POST.get("act", "") if request.method == "POST" else ""
    sending = SendCodeForm(request.POST if act == "send" else None, referral=found)
    checking = CheckCodeForm(request.POST if act == "check" else None)
    if act == "send" and sending.is_valid():
        try:
            return submit_once(request, sending, lambda: _send(request, found, sending.cleaned_data["position"]))
        except NotAllowed as refused:
            add_refusal(sending, refused, said=_REFUSED)
    if act == "check" and checking.is_valid():
        answer = check_arrival_code(actor=request.user, referral=found, digits=checking.cleaned_data["digits"])
        if answer is CodeAnswer.MATCHED:
            messages.success(request, _("The code is right: the phone is the client's."))
            return redirect("desk:confirm", found.pk)
        checking.add_error("digits", _ANSWERS[answer])
    context = {
        "referral": found,
        "sending": sending,
        "checking": checking,
        "may_send": may_send() and bool(sending.fields["position"].choices),
        "latest": found.arrival_codes.order_by("-asked_at").first(),
    }
    return render(request, "desk/code.html", context, status=422 if sending.errors or checking.errors else 200)


def _send(request: HttpRequest, found: Referral, position: int) -> str:
    ask_arrival_code(actor=request.user, referral=found, position=position)
    messages.success(request, _("The code is on its way. It is good for ten minutes."))
    return reverse("desk:code", args=[found.pk])
