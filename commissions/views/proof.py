"""The proof of the ledger: its last runs, what each looked at, and what differed."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from channels_platform.accounts.permissions import Can
from channels_platform.http.once import OnceForm, sent
from channels_platform.http.screens import needs
from commissions.models import LedgerCheck, LedgerSeal
from commissions.proof_words import counted, told
from commissions.selectors import visible_checks, visible_differences
from commissions.services.ledger_checks import start_check
from commissions.views.common import attempt, show, slice_at

RUNS = 20


@require_safe
@needs(Can.SEE_MONEY)
def checks(request: HttpRequest) -> HttpResponse:
    """The last proof, and those before it."""
    found = visible_checks(request.user).order_by("-pk")
    last = found.filter(finished_at__isnull=False).first()
    context = {
        "last": last,
        "counts": counted(last) if last else [],
        "seal": LedgerSeal.objects.order_by("-number").first(),
        "page": slice_at(found.defer("differences"), request.GET.get("cursor", ""), size=RUNS),
        "once": OnceForm(),
        "may_check": request.user.can(Can.CHECK_LEDGER),
        **_differences(request, last),
    }
    return show(request, "finance/proof.html", context)


@require_safe
@needs(Can.SEE_MONEY)
def check(request: HttpRequest, check_id: int) -> HttpResponse:
    """One proof of the ledger."""
    found = get_object_or_404(visible_checks(request.user), pk=check_id)
    context = {"check": found, "counts": counted(found), **_differences(request, found)}
    return show(request, "finance/proof_check.html", context)


@require_POST
@needs(Can.CHECK_LEDGER)
def run(request: HttpRequest) -> HttpResponse:
    """Prove the ledger now, as a job."""
    form = OnceForm(sent(request))
    answer = attempt(request, form, lambda: reverse("jobs:detail", args=[start_check(actor=request.user).pk]))
    if answer is None:
        messages.error(request, _("The form has expired. Try again."))
        return HttpResponseRedirect(reverse("finance:proof"))
    return answer


def _differences(request: HttpRequest, found: LedgerCheck | None) -> dict[str, object]:
    """What a person may see of what a proof found; of the rest only that it is there."""
    if found is None:
        return {}
    seen = visible_differences(request.user, found)
    return {"differences": told(seen), "unseen": found.found - len(seen)}
