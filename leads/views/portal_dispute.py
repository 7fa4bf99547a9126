"""Contested outcomes in the portal: contesting, what a side reads of its case, answering, appealing."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from channels_platform.accounts.permissions import Can
from channels_platform.adminkit.refusals import add_refusal
from channels_platform.files.answers import file_answer
from channels_platform.files.forms import WORDS as FILE_WORDS
from channels_platform.http.once import OnceForm, sent, submit_once
from channels_platform.http.screens import needs
from channels_platform.lib import clock
from channels_platform.lib.errors import Refused
from leads.case_view import case_for
from leads.forms.portal import AnswerForm, AppealForm, ContestForm
from leads.models import DealShare, Dispute
from leads.selectors import case_files_for, questions_for, visible_cases, visible_referrals
from leads.services.disputes import answer_question, appeal_dispute, raise_dispute
from leads.states import ReferralState

_REFUSED = {
    "too_late": gettext_lazy("The time for this is over."),
    "already_open": gettext_lazy("You have contested this already; a manager will decide."),
    "already_decided": gettext_lazy("This was contested and decided. You can appeal against the decision instead."),
    "nothing_to_contest": gettext_lazy("There is no outcome to contest here."),
    "not_open": gettext_lazy("The manager has decided meanwhile; nothing more is asked."),
    "answered_already": gettext_lazy("This was answered already; an answer is given once."),
    "appealed_already": gettext_lazy("This decision was appealed already; another manager decides."),
    "is_appeal": gettext_lazy("This was the appeal: its decision is final."),
    "not_decided": gettext_lazy("There is no decision yet."),
    **FILE_WORDS,
}


def _case(request: HttpRequest, dispute_id: UUID) -> Dispute:
    return get_object_or_404(visible_cases(request.user), pk=dispute_id)


def _agency(request: HttpRequest) -> Any:
    return request.user.broker.agency  # type: ignore[union-attr]


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.RAISE_DISPUTE)
def contest(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    """Contest (申诉) an outcome in one's own words, with what shows it."""
    found = get_object_or_404(visible_referrals(request.user).prefetch_related("phones"), pk=referral_id)
    form = ContestForm(sent(request), request.FILES or None)
    share = None
    if found.state == ReferralState.WON:
        held = DealShare.objects.filter(referral=found, ended_at__isnull=True)
        share = held.select_related("deal__project").order_by("-since").first()

    def say() -> str:
        dispute = raise_dispute(
            actor=request.user,
            agency=found.agency,
            referral=found,
            deal=share.deal if share else None,
            claim_text=form.cleaned_data["claim_text"],
            files=form.cleaned_data["files"],
        )
        messages.success(request, _("Contested. A manager reads it and decides; you find the answer here."))
        return reverse("portal:dispute", args=[dispute.pk])

    return _asked(request, form, say, "portal/contest.html", {"referral": found, "draft": f"contest-{found.pk}"})


@require_GET
@never_cache
@needs(Can.RAISE_DISPUTE)
def dispute(request: HttpRequest, dispute_id: UUID) -> HttpResponse:
    """One's side of a dispute: where it stands, what is asked, what was decided."""
    found = _case(request, dispute_id)
    now = clock.now()
    context = {"case": case_for(found, reader=request.user, now=now), "now": now}
    return render(request, "portal/dispute.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.RAISE_DISPUTE)
def answer(request: HttpRequest, dispute_id: UUID, question_id: UUID) -> HttpResponse:
    """Answer what a manager asked, with text and files."""
    found = _case(request, dispute_id)
    agency = _agency(request)
    question = get_object_or_404(questions_for(found, request.user), pk=question_id)
    form = AnswerForm(sent(request), request.FILES or None)

    def say() -> str:
        answer_question(
            actor=request.user,
            agency=agency,
            question=question,
            text=form.cleaned_data["text"],
            files=form.cleaned_data["files"],
        )
        messages.success(request, _("Answered. The manager who asked is told."))
        return reverse("portal:dispute", args=[found.pk])

    context = {"dispute": found, "question": question, "draft": f"answer-{question.pk}"}
    return _asked(request, form, say, "portal/dispute_answer.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.RAISE_DISPUTE)
def appeal(request: HttpRequest, dispute_id: UUID) -> HttpResponse:
    """Appeal against a decision, once; another manager judges it."""
    found = _case(request, dispute_id)
    form = AppealForm(sent(request), request.FILES or None)

    def say() -> str:
        raised = appeal_dispute(
            actor=request.user,
            agency=_agency(request),
            dispute=found,
            claim_text=form.cleaned_data["claim_text"],
            files=form.cleaned_data["files"],
        )
        messages.success(request, _("Appealed. Another manager reads it and decides for good."))
        return reverse("portal:dispute", args=[raised.pk])

    return _asked(request, form, say, "portal/dispute_appeal.html", {"dispute": found, "draft": f"appeal-{found.pk}"})


@require_GET
@never_cache
@needs(Can.RAISE_DISPUTE)
def dispute_file(request: HttpRequest, dispute_id: UUID, file_id: UUID) -> HttpResponse:
    """A file that one's own side handed in; the other side's is not here for it."""
    own = case_files_for(_case(request, dispute_id), request.user)
    return file_answer(get_object_or_404(own.select_related("attachment"), pk=file_id).attachment)


def _asked(request: HttpRequest, form: OnceForm, work: Any, template: str, context: dict[str, Any]) -> HttpResponse:
    """Show the form, or do the work once; a refusal stands beside its field, or above the form."""
    if request.method == "POST" and form.is_valid():
        try:
            return submit_once(request, form, work)
        except Refused as refused:
            add_refusal(form, refused, said=_REFUSED)
    return render(request, template, {**context, "form": form}, status=422 if form.errors else 200)
