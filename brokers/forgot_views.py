"""Another password for who signs in with a phone: a code by text message takes the place of the e-mail."""

from allauth.core.ratelimit import consume_or_429
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from brokers.forms import AnotherPasswordForm, ForgotForm
from brokers.models import Individual
from brokers.services.signup_codes import ask_recovery_code, set_password_by_code, who_signs_in_with
from channels_platform.adminkit.refusals import add_refusal
from channels_platform.lib.errors import Refused
from channels_platform.sms import may_send

_WHO = "forgot"
# Said of a phone that signs somebody in only: nobody is told which those are.
_UNSAID = ("code_too_soon", "code_limit")
_WRONG = gettext_lazy("That is not the code, or it is too old or tried too often. Send a new one.")
_SAID = {
    "sms_off": gettext_lazy("No text messages are sent here. Ask at the sales office for a new link."),
    "code_over": _WRONG,
}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("phone")
def forgot(request: HttpRequest) -> HttpResponse:
    """Ask for a code; the next page is the same whether or not somebody signs in with the phone."""
    form = ForgotForm(request.POST or None)
    if request.method == "POST":
        limited: HttpResponse | None = consume_or_429(request, action="signup")
        if limited is not None:
            return limited
        if form.is_valid() and may_send():
            _ask(request, form.cleaned_data["phone"])
            return redirect("another_password")
    context = {"form": form, "may_send": may_send()}
    return render(request, "join/forgot.html", context, status=422 if form.errors else 200)


def _ask(request: HttpRequest, phone: str) -> None:
    mine = who_signs_in_with(phone=phone)
    # also where no new code is sent: the one sent before is still good, whichever browser it was asked for in
    request.session[_WHO] = str(mine.pk) if mine is not None else ""
    if mine is None:
        return
    try:
        ask_recovery_code(individual=mine)
    except Refused as refused:
        if refused.code not in _UNSAID:
            raise


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("password")
def another_password(request: HttpRequest) -> HttpResponse:
    """Set another password with the code of the text message."""
    form = AnotherPasswordForm(request.POST or None)
    if request.method == "POST":
        limited: HttpResponse | None = consume_or_429(request, action="signup")
        if limited is not None:
            return limited
        if form.is_valid() and _set(request, form):
            request.session.pop(_WHO, None)
            messages.success(request, _("Your password is set. Sign in with it now."))
            return redirect("account_login")
    return render(request, "join/another_password.html", {"form": form}, status=422 if form.errors else 200)


def _set(request: HttpRequest, form: AnotherPasswordForm) -> bool:
    who = request.session.get(_WHO)
    mine = Individual.objects.filter(pk=who).first() if who else None
    try:
        if mine is not None and set_password_by_code(individual=mine, **form.cleaned_data):
            return True
        form.add_error("digits", _WRONG)
    except Refused as refused:
        add_refusal(form, refused, said=_SAID, other="digits")
    return False
