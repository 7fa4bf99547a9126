"""The portal's pages of where money goes: one's own account and identity, and the agency's."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from brokers.account_forms import WORDS, AccountForm, IdentityForm, StopForm
from brokers.models import Agency, Broker, Identity
from brokers.selectors import accounts_of, broker_of, visible_accounts
from brokers.services.accounts import ask_account, keep_identity, stop_account
from brokers.states import AccountState
from brokers.views import agency_in_charge
from channels_platform.accounts.permissions import Can, may
from channels_platform.http.once import OnceForm, sent, submit_once
from channels_platform.http.screens import needs
from channels_platform.lib.errors import Refused

_ENDED = (AccountState.DECLINED, AccountState.STOPPED)


def _self(request: HttpRequest) -> Broker:
    broker = broker_of(request.user)
    if broker is None:
        raise PermissionDenied
    return broker


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_OWN_MONEY)
def account(request: HttpRequest) -> HttpResponse:
    """My account: where my own commission goes, and the number by which the tax office knows me."""
    return _account(request, _self(request), "portal:account")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.EDIT_OWN_BROKERS)
def agency_account(request: HttpRequest) -> HttpResponse:
    """Where the agency's commission goes, for its manager."""
    return _account(request, agency_in_charge(request), "portal:agency_account")


def _account(request: HttpRequest, party: Agency | Broker, name: str) -> HttpResponse:
    initial = {"holder": party.name if isinstance(party, Agency) else str(party)}
    form = AccountForm(sent(request), initial=initial)

    def ask() -> str:
        entered = {key: form.cleaned_data[key] for key in ("holder", "bank_name", "branch_code", "account")}
        ask_account(actor=request.user, party=party, **entered)
        messages.success(request, _("Asked. Finance confirms it; money goes there 24 hours after that."))
        return reverse(name)

    if (answer := _attempt(request, form, ask)) is not None:
        return answer
    accounts = accounts_of(party)
    context = {
        "party": party,
        "own": isinstance(party, Broker),
        "both": isinstance(party, Broker) and may(request.user, Can.EDIT_OWN_BROKERS),
        "current": [one for one in accounts if one.shown_state in ("asked", "coming", "used")],
        "ended": [one for one in accounts if one.shown_state in ("past", *_ENDED)][:10],
        "used": any(one.shown_state == "used" for one in accounts),
        "identity": Identity.objects.filter(broker=party).first() if isinstance(party, Broker) else None,
        "form": form,
    }
    return render(request, "portal/account.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_OWN_MONEY)
def account_stop(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Say that no money is to go to an account, at once."""
    found = get_object_or_404(visible_accounts(request.user).exclude(state__in=_ENDED), pk=account_id)
    back = reverse("portal:account" if found.broker_id else "portal:agency_account")
    form = StopForm(sent(request))

    def stop() -> str:
        stop_account(actor=request.user, account=found, reason=form.cleaned_data["reason"])
        messages.success(request, _("No money goes to this account any more."))
        return back

    if (answer := _attempt(request, form, stop)) is not None:
        return answer
    context = {"account": found, "form": form, "back": back}
    return render(request, "portal/account_stop.html", context, status=422 if form.errors else 200)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_OWN_MONEY)
def identity(request: HttpRequest) -> HttpResponse:
    """Enter the number by which the tax office knows me."""
    broker = _self(request)
    form = IdentityForm(sent(request))

    def keep() -> str:
        keep_identity(actor=request.user, broker=broker, **form.entered())
        messages.success(request, _("Your identity number is kept."))
        return reverse("portal:account")

    if (answer := _attempt(request, form, keep)) is not None:
        return answer
    context = {"known": Identity.objects.filter(broker=broker).first(), "form": form}
    return render(request, "portal/identity.html", context, status=422 if form.errors else 200)


@sensitive_variables()
def _attempt(request: HttpRequest, form: OnceForm, work: Any) -> HttpResponse | None:
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        return submit_once(request, form, work)
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, WORDS.get(refused.code, refused.detail))
    return None
