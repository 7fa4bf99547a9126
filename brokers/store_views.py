"""The portal's pages of an agency's stores, for its manager: open, rename, close, and who works where."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from brokers.forms import CloseStoreForm, MoveForm, StoreForm
from brokers.models import Store
from brokers.selectors import visible_stores
from brokers.services.changes import keep_store
from brokers.services.stores import close_store, move_broker
from brokers.views import agency_in_charge, own_brokers
from channels_platform.accounts.permissions import Can
from channels_platform.adminkit.refusals import add_refusal
from channels_platform.http.once import sent, submit_once
from channels_platform.http.screens import needs
from channels_platform.lib.errors import Refused


def _own(request: HttpRequest) -> QuerySet[Store]:
    return visible_stores(request.user).filter(agency=agency_in_charge(request)).order_by("name")


@require_GET
@needs(Can.EDIT_OWN_BROKERS)
def stores(request: HttpRequest) -> HttpResponse:
    """The agency's stores, with how many work there."""
    active = Count("brokers", filter=Q(brokers__is_active=True))
    rows = list(_own(request).annotate(active=active, everybody=Count("brokers")))
    return render(request, "portal/stores.html", {"rows": rows, "agency": agency_in_charge(request)})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.EDIT_OWN_BROKERS)
def store_new(request: HttpRequest) -> HttpResponse:
    """Open a store."""
    return _keep(request, Store(agency=agency_in_charge(request)))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.EDIT_OWN_BROKERS)
def store(request: HttpRequest, store_id: UUID) -> HttpResponse:
    """One store: its name, who works there."""
    return _keep(request, get_object_or_404(_own(request), pk=store_id))


def _keep(request: HttpRequest, found: Store) -> HttpResponse:
    new = found._state.adding
    form = StoreForm(sent(request), initial={"name": found.name})
    title = found.name

    def keep() -> str:
        found.name = form.cleaned_data["name"]
        kept = keep_store(actor=request.user, store=found)
        messages.success(request, _("The store is open.") if new else _("Saved."))
        return reverse("portal:store", args=[kept.pk])

    if request.method == "POST" and form.is_valid():
        try:
            return submit_once(request, form, keep)
        except (Refused, ValidationError) as wrong:
            add_refusal(
                form, wrong, other="name", said={"unique_together": _("You have a store of this name already.")}
            )
    people = [] if new else list(own_brokers(request).filter(store=found).order_by("-is_active", "user__name", "pk"))
    context = {"form": form, "found": None if new else found, "title": title, "people": people}
    return render(request, "portal/store.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.EDIT_OWN_BROKERS)
def store_close(request: HttpRequest, store_id: UUID) -> HttpResponse:
    """Close a store; who is still in it is moved to another first."""
    found = get_object_or_404(_own(request), pk=store_id)
    people = found.brokers.count()
    others = _own(request).exclude(pk=found.pk)
    form = CloseStoreForm(sent(request), others=others, people=people)

    def close() -> str:
        close_store(actor=request.user, store=found, into=form.cleaned_data.get("into"))
        messages.success(request, _("The store is closed."))
        return reverse("portal:stores")

    if request.method == "POST" and form.is_valid():
        try:
            return submit_once(request, form, close)
        except Refused as refused:
            add_refusal(form, refused)
    context = {"found": found, "form": form, "people": people, "stuck": people and not others.exists()}
    return render(request, "portal/store_close.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.EDIT_OWN_BROKERS)
def broker_store(request: HttpRequest, broker_id: UUID) -> HttpResponse:
    """Put a broker into another store, or into none."""
    found = get_object_or_404(own_brokers(request), pk=broker_id)
    form = MoveForm(sent(request), stores=_own(request), initial={"store": found.store_id})

    def move() -> str:
        move_broker(actor=request.user, broker=found, store=form.cleaned_data["store"])
        messages.success(request, _("Saved."))
        return reverse("portal:broker", args=[found.pk])

    if request.method == "POST" and form.is_valid():
        try:
            return submit_once(request, form, move)
        except Refused as refused:
            add_refusal(form, refused)
    context = {"found": found, "form": form}
    return render(request, "portal/broker_store.html", context, status=422 if form.errors else 200)
