"""The portal's pages of an agency's own brokers, for its manager."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from brokers.forms import InviteForm, SwitchForm
from brokers.models import Agency, Broker
from brokers.selectors import agency_of, visible_brokers
from brokers.services.agencies import create_broker, set_broker_active
from brokers.services.inviting import invite_again
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.invitations import issue_invitation
from channels_platform.adminkit.refusals import add_refusal
from channels_platform.http.once import sent, submit_once
from channels_platform.http.screens import needs
from channels_platform.lib.errors import Forbidden, NotAllowed

_LINK = "invitation_link"


def agency_in_charge(request: HttpRequest) -> Agency:
    """Return the agency whose manager asks.

    Raises: PermissionDenied.
    """
    agency = agency_of(request.user)
    if agency is None:
        raise PermissionDenied
    return agency


def own_brokers(request: HttpRequest) -> QuerySet[Broker]:
    """Return the brokers of that agency."""
    return visible_brokers(request.user).filter(agency=agency_in_charge(request))


@require_GET
@needs(Can.EDIT_OWN_BROKERS)
def brokers(request: HttpRequest) -> HttpResponse:
    """The agency's brokers: the active first, by name."""
    rows = list(own_brokers(request).order_by("-is_active", "user__name", "pk"))
    return render(request, "portal/brokers.html", {"rows": rows, "agency": agency_in_charge(request)})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.EDIT_OWN_BROKERS)
def invite(request: HttpRequest) -> HttpResponse:
    """Take in a broker and show the link by which to set the first password."""
    agency = agency_in_charge(request)
    form = InviteForm(sent(request), agency=agency)

    def take_in() -> str:
        fields = {name: form.cleaned_data[name] for name in ("username", "name", "phone", "email", "store", "role")}
        made = create_broker(actor=request.user, agency=agency, recruited_by=request.user, **fields)
        _remember_link(request, made)
        return reverse("portal:broker", args=[made.pk])

    if request.method == "POST" and form.is_valid():
        try:
            return submit_once(request, form, take_in)
        except ValidationError as wrong:
            add_refusal(form, wrong)
    return render(request, "portal/broker_new.html", {"form": form}, status=422 if form.errors else 200)


def _remember_link(request: HttpRequest, broker: Broker, token: str = "") -> None:
    token = token or issue_invitation(user=broker.user, actor=request.user)  # type: ignore[arg-type]
    link = request.build_absolute_uri(reverse("invitation", args=[token]))
    # Shown once, on the next page; it must not stand in an address or a log.
    request.session[_LINK] = [str(broker.pk), link]


@require_GET
@never_cache
@needs(Can.EDIT_OWN_BROKERS)
def broker(request: HttpRequest, broker_id: UUID) -> HttpResponse:
    """One broker: account, store, whether it is in use."""
    found = get_object_or_404(own_brokers(request), pk=broker_id)
    kept: Any = request.session.get(_LINK)
    link = request.session.pop(_LINK)[1] if kept and kept[0] == str(found.pk) else ""
    context = {"found": found, "link": link, "waiting": not found.user.has_usable_password()}
    return render(request, "portal/broker.html", context | {"is_self": found.user_id == request.user.pk})


@require_POST
@needs(Can.EDIT_OWN_BROKERS)
def renew_invitation(request: HttpRequest, broker_id: UUID) -> HttpResponse:
    """Make a new link for a broker who has no password yet, or forgot it."""
    found = get_object_or_404(own_brokers(request), pk=broker_id)
    if found.user_id == request.user.pk:
        raise PermissionDenied
    forgot = found.user.has_usable_password()
    try:
        _remember_link(request, found, invite_again(actor=request.user, broker=found) if forgot else "")
    except NotAllowed:
        messages.info(request, _("This broker is not active."))
    return redirect("portal:broker", found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.EDIT_OWN_BROKERS)
def switch(request: HttpRequest, broker_id: UUID) -> HttpResponse:
    """Disable a broker, or enable again; the agency keeps the referrals either way."""
    found = get_object_or_404(own_brokers(request), pk=broker_id)
    if found.user_id == request.user.pk:
        raise PermissionDenied
    form, active = SwitchForm(sent(request)), not found.is_active

    def turn() -> str:
        set_broker_active(actor=request.user, broker=found, active=active, reason=form.cleaned_data["reason"])
        messages.success(request, _("Enabled.") if active else _("Disabled."))
        return reverse("portal:broker", args=[found.pk])

    if request.method == "POST" and form.is_valid():
        try:
            return submit_once(request, form, turn)
        except (Forbidden, NotAllowed) as refused:
            add_refusal(form, refused)
    context = {"found": found, "form": form, "active": active}
    return render(request, "portal/broker_switch.html", context, status=422 if form.errors else 200)
