"""What a phone kept while it had no network, and sends once it has: one answer per filing, in words."""

from typing import Any
from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import resolve, reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from brokers.models import Broker
from brokers.selectors import broker_of
from channels_platform.accounts.permissions import Can
from channels_platform.http.idempotency import HEADER
from channels_platform.http.once import do_once
from channels_platform.http.screens import needs, told
from channels_platform.lib import clock
from channels_platform.lib.errors import Refused
from leads.callers import origin_of
from leads.forms.portal import FileForm
from leads.listing import projects_to_file
from leads.messages import filing_outcome
from leads.selectors import visible_referrals
from leads.services.filing_once import file_once
from leads.states import ReferralState
from projects.selectors import masked_projects

ACCOUNT = "X-Account"


def own_broker(request: HttpRequest) -> Broker:
    """Return the person's broker record; without one the portal is not theirs."""
    broker = broker_of(request.user)
    if broker is None:
        raise PermissionDenied
    return broker


def file_entered(request: HttpRequest, broker: Broker, form: FileForm) -> str:
    """File what the form says, once under its key; return where the answer stands."""
    entered = {name: value for name, value in form.cleaned_data.items() if name != "once"}
    key = form.cleaned_data["once"] or uuid4().hex
    referral = file_once(actor=request.user, key=key, broker=broker, origin=origin_of(request), **entered)
    return reverse("portal:filed", args=[referral.pk])


@require_GET
@never_cache
@needs(Can.FILE_REFERRAL)
def kept(request: HttpRequest) -> HttpResponse:
    """What waits on this phone; the phone itself fills the list in, the server knows nothing of it."""
    own_broker(request)
    return render(request, "portal/kept.html")


@require_GET
@never_cache
@needs(Can.FILE_REFERRAL)
def kept_who(request: HttpRequest) -> HttpResponse:
    """Tell the phone whose session this is, with the token for sending, and the projects to offer without a network."""
    broker = own_broker(request)
    projects = list(projects_to_file(broker.agency, clock.now()))
    masked = masked_projects(projects)
    offered = [{"id": str(one.pk), "name": one.name, "masked": one.pk in masked} for one in projects]
    return JsonResponse({"person": str(request.user.pk), "token": get_token(request), "projects": offered})


def file_kept(request: HttpRequest) -> HttpResponse:
    """File what a phone kept: the form's own rules, its Idempotency-Key, and only for the account that filed it."""
    account = request.headers.get(ACCOUNT)
    if account is not None and account != str(request.user.pk):
        return told("other_account", 409)
    broker = own_broker(request)
    data = request.POST.copy()
    data["once"] = request.headers.get(HEADER, data.get("once", ""))
    form = FileForm(data, projects=projects_to_file(broker.agency, clock.now()))
    if not form.is_valid():
        return told("entries", 422, errors=_named(form))
    try:
        address, same = do_once(request, form, lambda: file_entered(request, broker, form))
    except Refused as refused:
        return told("entries", 422, errors={"": [str(refused.detail)]})
    return JsonResponse(_answer(request, address, same))


def _named(form: FileForm) -> dict[str, list[str]]:
    """Return what is wrong, each with the name of its field: the list has no fields to put it beside."""
    labels = {name: f"{field.label}{_(': ')}" for name, field in form.fields.items()}
    return {name: [f"{labels.get(name, '')}{one}" for one in errors] for name, errors in form.errors.items()}


def _answer(request: HttpRequest, address: str, same: bool) -> dict[str, Any]:
    referral = visible_referrals(request.user).filter(pk=resolve(address).kwargs["referral_id"]).first()
    if referral is None:  # filed, and gone to a colleague since
        return {
            "code": "filed",
            "tone": "good",
            "title": pgettext("outcome", "Filed"),
            "text": _("The client was handed over to a colleague since."),
            "url": reverse("portal:referrals"),
            "page": reverse("portal:referrals"),
            "number": "",
            "changed": not same,
        }
    message = filing_outcome(referral, request.user)
    return {
        "code": "rejected" if referral.state == ReferralState.REJECTED else "filed",
        "tone": message.tone,
        "title": message.title,
        "text": message.text,
        "url": address,
        "page": reverse("portal:referral", args=[referral.pk]),
        "number": referral.number,
        "changed": not same,
    }
