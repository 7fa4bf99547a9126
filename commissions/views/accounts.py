"""Accounts at banks, for finance: who asked for which, confirmed from the papers by another person, stopped."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from brokers.account_forms import WORDS, StopForm
from brokers.models import PayoutAccount
from brokers.selectors import agencies_within, visible_accounts, with_shown_states
from brokers.services.accounts import ask_account, confirm_account, decline_account, stop_account
from brokers.states import AccountState
from channels_platform.accounts.permissions import Can
from channels_platform.http.once import sent
from channels_platform.http.screens import needs
from channels_platform.lib import clock
from channels_platform.lib.errors import Refused
from channels_platform.lib.names import clean_text
from commissions.bank_forms import ConfirmForm, PartyAccountForm
from commissions.views.common import PAGE, attempt, in_words, show, slice_at, status_of

_OPEN = (AccountState.ASKED, AccountState.CONFIRMED)


def said(refused: Refused) -> Any:
    return WORDS.get(refused.code) or in_words(refused)


@require_safe
@needs(Can.SEE_MONEY)
def accounts(request: HttpRequest) -> HttpResponse:
    """Accounts by what is to be done with them, the latest asked first."""
    asked = {name: clean_text(request.GET.get(name, "")) for name in ("show", "q")}
    rows = visible_accounts(request.user)
    waiting = Q(state=AccountState.ASKED)
    coming = Q(state=AccountState.CONFIRMED, effective_at__gt=clock.now())
    tabs = [
        ("", pgettext("account", "Waiting"), rows.filter(waiting).count()),
        ("coming", _("Used soon"), rows.filter(coming).count()),
        ("all", _("All"), rows.count()),
    ]
    found = rows.filter({"coming": coming, "all": Q()}.get(asked["show"], waiting))
    if text := asked["q"]:
        found = found.filter(
            Q(agency__name__icontains=text)
            | Q(agency__code__iexact=text)
            | Q(broker__user__name__icontains=text)
            | Q(holder__icontains=text)
            | Q(last4=text)
        )
    page = slice_at(found.order_by("-asked_at", "-pk"), request.GET.get("cursor", ""), size=PAGE)
    ids = [one.pk for one in page.items]
    shown = {one.pk: one for one in with_shown_states(visible_accounts(request.user).filter(pk__in=ids))}
    context = {
        "page": page,
        "rows": [shown[pk] for pk in ids],
        "asked": asked,
        "tabs": tabs,
        "may_ask": request.user.can(Can.ASK_ACCOUNT),
    }
    return show(request, "finance/accounts.html", context)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.ASK_ACCOUNT)
def account_new(request: HttpRequest) -> HttpResponse:
    """Ask that somebody's money go to an account; another person confirms."""
    if request.user.is_agency_side:
        raise PermissionDenied
    named = {"party": clean_text(request.GET.get("party", ""))}
    form = PartyAccountForm(sent(request), agencies=agencies_within(request.user), initial=named)

    def work() -> str:
        fields = {name: form.cleaned_data[name] for name in ("party", "holder", "bank_name", "branch_code", "account")}
        made = ask_account(actor=request.user, **fields)
        messages.success(request, _("Asked. Another person confirms it."))
        return reverse("finance:account", args=[made.pk])

    if (answer := attempt(request, form, work, said=said)) is not None:
        return answer
    return show(request, "finance/account_new.html", {"form": form}, status=status_of(form))


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SEE_MONEY)
def account(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """One account; who did not ask for it confirms it by its number."""
    found: Any = _found(request, account_id)
    form = ConfirmForm(sent(request))

    def work() -> str:
        confirm_account(actor=request.user, account=found, number=form.cleaned_data["number"])
        messages.success(request, _("Confirmed. Money goes there 24 hours from now."))
        return reverse("finance:account", args=[found.pk])

    if (answer := attempt(request, form, work, said=said)) is not None:
        return answer
    decides = request.user.can(Can.CONFIRM_ACCOUNT)
    context = {
        "account": found,
        "form": form,
        "may_confirm": decides and found.state == AccountState.ASKED,
        "may_close": decides and found.state in _OPEN,
        "own": found.asked_by_id == request.user.pk,
    }
    return show(request, "finance/account.html", context, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.CONFIRM_ACCOUNT)
def account_close(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Decline an account that waits, or stop one that is confirmed, with a reason."""
    found: Any = _found(request, account_id)
    waits, form = found.state == AccountState.ASKED, StopForm(sent(request))

    def work() -> str:
        close = decline_account if waits else stop_account
        close(actor=request.user, account=found, reason=form.cleaned_data["reason"])
        messages.success(request, _("The account is declined.") if waits else _("The account is stopped."))
        return reverse("finance:account", args=[found.pk])

    if (answer := attempt(request, form, work, said=said)) is not None:
        return answer
    context = {"account": found, "form": form, "waits": waits}
    return show(request, "finance/account_close.html", context, status=status_of(form))


def _found(request: HttpRequest, account_id: UUID) -> PayoutAccount:
    get_object_or_404(visible_accounts(request.user), pk=account_id)
    found: PayoutAccount = with_shown_states(visible_accounts(request.user).filter(pk=account_id))[0]
    return found
