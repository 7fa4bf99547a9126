"""The public page on which an individual signs up by a link, and the one that proves the phone."""

from allauth.core.ratelimit import consume_or_429
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from brokers.forms import ProveForm, SignUpForm
from brokers.models import Individual, RecruitingLink
from brokers.selectors import individual_of, link_is_open
from brokers.services import individuals
from brokers.services.signup_codes import ask_signup_code, prove_phone
from brokers.states import IndividualState
from channels_platform.accounts.services.preferences import remember_spoken
from channels_platform.adminkit.refusals import add_refusal
from channels_platform.lib.errors import NotAllowed, Refused
from channels_platform.sms import may_send

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
_SAID = {
    "detail_required": gettext_lazy("Say which home, or which company: it is what we look up."),
    "link_closed": gettext_lazy("Nobody signs up by this link any more. Ask for a new one at the sales office."),
    "phone_taken": gettext_lazy("This phone has an account already. Sign out, and sign in with it."),
    "code_too_soon": gettext_lazy("A code was sent less than a minute ago. Wait for it to arrive."),
    "code_limit": gettext_lazy("This phone got five codes within 24 hours. The sales office can confirm you without."),
    "code_over": gettext_lazy("This code is over: too old, or tried too often. Send a new one."),
}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("password", "phone", "name", "detail")
def sign_up(request: HttpRequest, code: str) -> HttpResponse:
    """Open an account that waits to be confirmed; who is signed in already has one."""
    links = RecruitingLink.objects.select_related("programme__project", "programme__agency", "recruiter")
    link = get_object_or_404(links, code=code)
    if not link_is_open(link):
        return render(request, "join/link_over.html", {"link": link}, status=410)
    if request.user.is_authenticated:
        return render(request, "join/signed_in.html", {"link": link})
    form = SignUpForm(request.POST or None)
    if request.method == "POST":
        limited: HttpResponse | None = consume_or_429(request, action="signup")
        if limited is not None:
            return limited
        if form.is_valid():
            fields = {name: form.cleaned_data[name] for name in ("name", "phone", "relation", "detail", "password")}
            try:
                made = individuals.sign_up(link=link, **fields)
            except (Refused, ValidationError) as wrong:
                add_refusal(form, wrong, said=_SAID)
            else:
                login(request, made.broker.user, backend=_BACKEND)
                remember_spoken(user=made.broker.user, language=get_language() or "")
                return _first_code(request, made)
    return render(request, "join/sign_up.html", {"form": form, "link": link}, status=422 if form.errors else 200)


def _first_code(request: HttpRequest, made: Individual) -> HttpResponse:
    """Send the code at once, where codes are sent; else the person waits for staff."""
    try:
        ask_signup_code(individual=made)
    except NotAllowed as refused:
        if refused.code == "sms_off":
            return redirect("portal:home")
    return redirect("prove_phone")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def prove(request: HttpRequest) -> HttpResponse:
    """Type the code of the text message, or have a new one sent."""
    mine = individual_of(request.user)
    if mine is None:
        raise Http404
    if mine.state != IndividualState.WAITING or mine.phone_proven_at is not None or not may_send():
        return redirect("portal:home")
    again = request.POST.get("act") == "send"
    form = ProveForm(request.POST if request.method == "POST" and not again else None)
    try:
        if again:
            ask_signup_code(individual=mine)
            messages.success(request, _("A new code is on its way."))
            return redirect("prove_phone")
        if form.is_bound and form.is_valid():
            if prove_phone(individual=mine, digits=form.cleaned_data["digits"]):
                messages.success(request, _("Your phone is proven. You sign in with it from now on."))
                return redirect("portal:home")
            form.add_error("digits", _("That is not the code. Look at the message again."))
    except Refused as refused:
        words = str(_SAID.get(refused.code) or _("This can't be done."))
        if form.is_bound:
            form.add_error("digits", words)
        else:
            messages.warning(request, words)
            return redirect("prove_phone")
    return render(request, "join/prove.html", {"form": form, "mine": mine}, status=422 if form.errors else 200)
