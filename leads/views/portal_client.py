"""One client's page in the portal, and what can be done there."""

import hashlib
import re
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from channels_platform.accounts.permissions import Can
from channels_platform.adminkit.refusals import add_refusal
from channels_platform.files.content import PDF
from channels_platform.http.downloads import send_file
from channels_platform.http.once import sent, submit_once
from channels_platform.http.screens import needs
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed
from leads.board import told_today
from leads.case_view import CaseView, case_for
from leads.explanations import explanations_of
from leads.forms.portal import PhoneForm, WithdrawForm
from leads.history import history, way
from leads.listing import with_deadline
from leads.messages import phone_refused, standing
from leads.models import DealShare, Referral
from leads.reasons import next_step, why
from leads.selectors import filing_in_the_way, visible_cases, visible_referrals
from leads.services.disputes.raising import contest_until, settled_by_decision
from leads.services.phones import PhoneRefused, add_phone
from leads.services.withdrawal import withdraw_referral
from leads.slips import slip_pdf, slip_qr
from leads.states import LIVE, ReferralState
from projects.states import PhoneMode
from projects.wording import policy_in_words

_HIDDEN = re.compile(r'<input type="hidden"[^>]*>')


def _get(request: HttpRequest, referral_id: UUID) -> Referral:
    mine = with_deadline(visible_referrals(request.user)).prefetch_related("phones", "disputes")
    return get_object_or_404(mine, pk=referral_id)


@require_GET
@needs(Can.FILE_REFERRAL)
def referral(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    """Where the client stands, why, what comes next, and what happened."""
    found = _get(request, referral_id)
    client, etag = _client(request, found)
    return render(request, "portal/referral.html", {"referral": found, "client": client, "etag": etag})


@require_GET
@needs(Can.FILE_REFERRAL)
def client_now(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    """The same alone, for a page that stays open: nothing (304) where it is as the page has it."""
    client, etag = _client(request, _get(request, referral_id))
    response = HttpResponse(client)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return get_conditional_response(request, etag=etag, response=response) or response


def _client(request: HttpRequest, found: Referral) -> tuple[SafeString, str]:
    """Return the part that keeps itself up to date, and its ETag: of all that it says but its forms' tokens."""
    client = render_to_string("portal/_client.html", _standing(request, found), request)
    said = _HIDDEN.sub("", client)
    return client, quote_etag(hashlib.blake2b(said.encode(), digest_size=12).hexdigest())


def _standing(request: HttpRequest, found: Referral) -> dict[str, Any]:
    now = clock.now()
    state = found.state_at(now)
    share = _share_of(found) if state is ReferralState.WON else None
    return {
        "referral": found,
        "state": state,
        "live": state in LIVE,
        "deadline": found.deadline if state in LIVE else None,  # type: ignore[attr-defined]
        "window": _window(found, now) if state is ReferralState.VISITED else None,
        "message": standing(found, request.user),
        "next": next_step(share),
        "steps": way(found, state, share.deal if share else None),
        "history": history(found, for_agency=True),
        "why": why(found, state, share, request.user),
        "rules": policy_in_words(found.policy),
        "explanations": explanations_of(found, request.user),
        "told": told_today(found, now),
        "confirmed_today": found.visits.filter(
            local_on=clock.local_date(now, found.project.zone), confirmed=True
        ).exists(),
        "earlier": filing_in_the_way(found, now),
        "may_contest": _may_contest(found, state, share),
        "cases": _cases(request, found),
    }


def _window(found: Referral, now: Any) -> tuple[int, int] | None:
    """How much of the protection has run: (hours passed, hours in all)."""
    if found.window_starts_at is None or found.window_ends_at is None:
        return None
    whole = int((found.window_ends_at - found.window_starts_at).total_seconds() // 3600)
    return min(int((now - found.window_starts_at).total_seconds() // 3600), whole), whole or 1


def _share_of(found: Referral) -> DealShare | None:
    """The part of a deal that the referral has now."""
    return found.shares.filter(ended_at__isnull=True).select_related("deal__project").order_by("-since").first()


def _cases(request: HttpRequest, found: Referral) -> list[CaseView]:
    """The disputes in which this referral's agency is heard for it, as the reader may read them."""
    about = visible_cases(request.user).filter(Q(sides__referral=found) | Q(questions__referral=found))
    now = clock.now()
    return [case_for(one, reader=request.user, now=now) for one in about.order_by("raised_at").distinct()]


def _may_contest(found: Referral, state: ReferralState, share: DealShare | None) -> bool:
    """Whether there is an outcome to contest, and time to."""
    contested = [one for one in found.disputes.all() if one.agency_id == found.agency_id]
    if any(one.deal_id == (share.deal_id if share else None) for one in contested):
        return False  # it is being decided, or was: then a side appeals
    if state is ReferralState.WON and (share is None or share.fraction == 1):
        return False  # who has the whole deal has nothing to contest
    if state not in (ReferralState.REJECTED, ReferralState.LOST, ReferralState.WON) or settled_by_decision(found):
        return False
    return clock.now() < contest_until(found, share.deal if share else None)


@require_GET
@needs(Can.FILE_REFERRAL)
def slip(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    """The QR slip to show at reception; nothing on it names the client in full."""
    found = _get(request, referral_id)
    if found.state == ReferralState.REJECTED:
        messages.info(request, _("A filing that was not accepted has no slip."))
        return redirect("portal:referral", found.pk)
    return render(request, "portal/slip.html", {"referral": found, "qr": slip_qr(found)})


@require_GET
@needs(Can.FILE_REFERRAL)
def slip_file(request: HttpRequest, referral_id: UUID) -> HttpResponseBase:
    """The confirmation slip as PDF."""
    return pdf_response(_get(request, referral_id))


def pdf_response(found: Referral) -> HttpResponseBase:
    """Return the confirmation slip of what was accepted; there is none of the rest.

    Raises: Http404.
    """
    if found.state == ReferralState.REJECTED:
        raise Http404
    return send_file(slip_pdf(found), f"{found.number}.pdf", content_type=PDF.media_type, shown=True)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.FILE_REFERRAL)
def phone(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    """Add a second number, a spouse, a co-buyer."""
    found = _get(request, referral_id)
    masked = found.policy.phone_mode == PhoneMode.MASKED and found.first_visited_at is None
    form = PhoneForm(sent(request), masked=masked)

    def add() -> str:
        add_phone(actor=request.user, referral=found, phone=form.cleaned_data["phone"])
        messages.success(request, _("The phone was added."))
        return reverse("portal:referral", args=[found.pk])

    if request.method == "POST" and form.is_valid():
        try:
            return submit_once(request, form, add)
        except PhoneRefused as refused:
            form.add_error("phone", phone_refused(refused.code, found.project, request.user))
        except Invalid as refused:
            add_refusal(form, refused)
        except NotAllowed:
            form.add_error(None, _("This referral is no longer open; a phone can't be added."))
    return render(request, "portal/phone.html", {"referral": found, "form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.FILE_REFERRAL)
def withdraw(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    """Let the client go; the page says first what that means."""
    found = _get(request, referral_id)
    form = WithdrawForm(sent(request))

    def let_go() -> str:
        withdraw_referral(actor=request.user, referral=found, reason=form.cleaned_data["reason"])
        messages.success(request, _("Withdrawn."))
        return reverse("portal:referral", args=[found.pk])

    if request.method == "POST" and form.is_valid():
        try:
            return submit_once(request, form, let_go)
        except NotAllowed:
            form.add_error(None, _("This referral is no longer open; there is nothing to withdraw."))
    return render(
        request, "portal/withdraw.html", {"referral": found, "form": form}, status=422 if form.errors else 200
    )
