"""The papers of a confirmed visit: signing on the screen, a photo of the visit sheet, and looking at them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from channels_platform.accounts.permissions import Can
from channels_platform.adminkit.refusals import add_refusal
from channels_platform.files.answers import file_answer
from channels_platform.files.forms import WORDS
from channels_platform.http.once import OnceForm, submit_once
from channels_platform.http.screens import needs
from channels_platform.lib.errors import Refused
from leads.forms.papers import SheetForm, SignForm
from leads.models import Visit, VisitPaper
from leads.selectors import visible_referrals
from leads.services.papers import add_visit_sheet, sign_visit
from leads.views.desk_visit import outcome_page, visible_visit

_REFUSED = WORDS | {
    "not_confirmed": gettext_lazy("This arrival was not confirmed; there is nothing to sign."),
    "signed_already": gettext_lazy("The client has signed this visit already; a signature is never replaced."),
    "signature_empty": gettext_lazy("Nothing is signed yet: sign in the field, with a finger or a pen."),
    "enough_sheets": gettext_lazy("This visit has three photos already; no more are kept."),
    "file_type": gettext_lazy("This is no photo. Take a photo of the sheet (JPEG or PNG)."),
}


@require_POST
@needs(Can.CONFIRM_VISIT)
def sign(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """Keep the client's signature."""
    visit = visible_visit(request, visit_id)
    form = SignForm(request.POST)

    def keep() -> None:
        sign_visit(actor=request.user, visit=visit, upload=form.cleaned_data["signature"])
        messages.success(request, _("Signed. The signature stands on the slip."))

    return _answer(request, visit, form, keep, "sign")


@require_POST
@needs(Can.CONFIRM_VISIT)
def sheet(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """Keep a photo of the visit sheet."""
    visit = visible_visit(request, visit_id)
    form = SheetForm(request.POST, request.FILES)

    def keep() -> None:
        add_visit_sheet(actor=request.user, visit=visit, upload=form.cleaned_data["photo"])
        messages.success(request, _("The photo is kept."))

    return _answer(request, visit, form, keep, "sheet")


def _answer(request: HttpRequest, visit: Visit, form: OnceForm, keep: Callable[[], None], name: str) -> HttpResponse:
    def work() -> str:
        keep()
        return reverse("desk:visit", args=[visit.pk])

    if form.is_valid():
        try:
            return submit_once(request, form, work)
        except Refused as refused:
            add_refusal(form, refused, said=_REFUSED)
    forms: dict[str, Any] = {name: form}
    return outcome_page(request, visit, forms, status=422)


@require_GET
@needs(Can.CONFIRM_VISIT, Can.SUBSCRIBE_DEAL)
def paper(request: HttpRequest, paper_id: UUID) -> HttpResponse:
    """A paper itself, for those who may see its client."""
    mine = VisitPaper.objects.filter(visit__referral__in=visible_referrals(request.user).order_by())
    found = get_object_or_404(mine.select_related("attachment"), pk=paper_id)
    try:
        return file_answer(found.attachment)
    except FileNotFoundError as lost:
        raise Http404 from lost
