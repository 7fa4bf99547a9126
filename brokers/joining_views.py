"""The public pages by which an agency applies, and follows its application; nobody is signed in there."""

from allauth.core.ratelimit import consume_or_429
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from brokers.forms import ApplyForm, SupplyForm
from brokers.models import AgencyApplication
from brokers.selectors import spelt
from brokers.services.joining import LicenceKnown, application_of, application_path, apply_as_agency, supply_more
from brokers.states import ApplicationState
from channels_platform.adminkit.refusals import add_refusal
from channels_platform.files.forms import WORDS
from channels_platform.lib.errors import NotAllowed, Refused

_MINE = "application"
_SAID = WORDS | {
    "licence_known": gettext_lazy(
        "An agency with this licence number is here already, or has applied. Ask the channel team."
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: HttpRequest) -> HttpResponse:
    """Apply as an agency; a second tap leads to the first's page."""
    form = ApplyForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        limited: HttpResponse | None = consume_or_429(request, action="apply")
        if limited is not None:
            return limited
        if form.is_valid():
            try:
                made = apply_as_agency(**form.cleaned_data)
            except LicenceKnown as known:
                mine = _mine(request, form.cleaned_data["licence_no"])
                if mine is not None:
                    return redirect(application_path(mine))
                add_refusal(form, known, said=_SAID)
            except (Refused, ValidationError) as wrong:
                add_refusal(form, wrong, said=_SAID)
            else:
                request.session[_MINE] = str(made.pk)
                return redirect(application_path(made))
    return render(request, "join/apply.html", {"form": form}, status=422 if form.errors else 200)


def _mine(request: HttpRequest, licence_no: str) -> AgencyApplication | None:
    """Return the application that this browser made, if it is for the same licence."""
    if _MINE not in request.session:
        return None
    return AgencyApplication.objects.filter(pk=request.session[_MINE], licence_no=spelt(licence_no)).first()


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def application(request: HttpRequest, token: str) -> HttpResponse:
    """Where an application stands; what was asked for can be sent here."""
    found = application_of(token)
    if found is None:
        raise Http404
    asked = found.state == ApplicationState.MORE_NEEDED
    form = SupplyForm(request.POST or None, request.FILES or None) if asked else None
    if request.method == "POST":
        limited: HttpResponse | None = consume_or_429(request, action="apply")
        if limited is not None:
            return limited
        if form is None:
            return redirect(request.path)
        if form.is_valid():
            try:
                supply_more(application=found, **form.cleaned_data)
            except NotAllowed:
                return redirect(request.path)
            except (Refused, ValidationError) as wrong:
                add_refusal(form, wrong, said=_SAID)
            else:
                return redirect(request.path)
    context = {"application": found, "form": form}
    return render(request, "join/application.html", context, status=422 if form and form.errors else 200)
