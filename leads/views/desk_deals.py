"""Deals at the desk: a consultant subscribes for a client and sees what came of it."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from channels_platform.accounts.permissions import Can
from channels_platform.http.once import sent, submit_once
from channels_platform.http.screens import needs, page_by_cursor
from channels_platform.lib.errors import Refused
from channels_platform.lib.names import clean_text
from leads.forms.desk import SubscribeForm
from leads.models import Consultant, Referral
from leads.selectors import visible_deals, visible_referrals
from leads.services.deals import Buyer, subscribe_deal
from leads.views.desk import desk_project
from projects.models import Project

_WRONG = {
    "unit_taken": gettext_lazy("This unit has a live deal. Choose another."),
    "too_many_decimals": gettext_lazy("The currency has fewer digits after the point."),
    "out_of_range": gettext_lazy("This amount doesn't go with the price."),
    "loan_without_mortgage": gettext_lazy("Only a mortgage has a loan."),
    "not_a_consultant": gettext_lazy("You are not placed on this site as a property consultant."),
}


@require_GET
@needs(Can.SUBSCRIBE_DEAL)
def deals(request: HttpRequest) -> HttpResponse:
    """Deals of the project, newest first; a consultant's own."""
    project, projects = desk_project(request)
    if project is None:
        return render(request, "desk/no_project.html")
    rows = visible_deals(request.user).filter(project=project).prefetch_related("buyers__phone")
    page = page_by_cursor(rows, by="-subscribed_at", cursor=request.GET.get("cursor", ""))
    return render(request, "desk/deals.html", {"project": project, "projects": projects, "page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.SUBSCRIBE_DEAL)
def subscribe(request: HttpRequest) -> HttpResponse:
    """Subscribe (认购): unit, terms and buyers of record; who gets the deal is decided at once."""
    visitor = _visitor(request)
    project, projects = (visitor.project, [visitor.project]) if visitor else desk_project(request)
    if project is None:
        return render(request, "desk/no_project.html")
    form = SubscribeForm(sent(request), project=project)
    if request.method == "POST" and form.is_valid():
        try:
            return submit_once(request, form, lambda: _subscribe(request, project, visitor, form))
        except Refused as refused:
            field = refused.field if refused.field in form.fields else None
            form.add_error(field, _WRONG.get(refused.code, refused.detail))
    context = {
        "project": project,
        "projects": projects,
        "form": form,
        "visitor": visitor,
        "draft": f"deal-{project.pk}",
    }
    return render(request, "desk/deal_new.html", context, status=422 if form.errors else 200)


def _visitor(request: HttpRequest) -> Referral | None:
    """The referral under which the buyers came, where the address names one."""
    chosen = clean_text(request.GET.get("visitor", ""))
    if not chosen:
        return None
    rows = visible_referrals(request.user).prefetch_related("phones")
    return get_object_or_404(rows, number=chosen)


def _subscribe(request: HttpRequest, project: Project, visitor: Referral | None, form: SubscribeForm) -> str:
    entered: dict[str, Any] = form.cleaned_data
    deal = subscribe_deal(
        actor=request.user,
        project=project,
        price=entered["price"],
        method=entered["method"],
        first_payment_amount=entered["first_payment_amount"],
        loan_amount=entered["loan_amount"],
        buyers=[Buyer(name, phone) for name, phone in entered["buyers"]],
        unit=entered["unit"],
        visitor=visitor,
        consultant=_consultant(request, project, visitor),
    )
    return reverse("desk:deal", args=[deal.pk])


def _consultant(request: HttpRequest, project: Project, visitor: Referral | None) -> Consultant | None:
    own = Consultant.objects.filter(user=request.user, project=project).first()
    return own or (visitor.consultant if visitor else None)


@require_GET
@needs(Can.SUBSCRIBE_DEAL)
def deal(request: HttpRequest, deal_id: UUID) -> HttpResponse:
    """One deal: where it stands, its terms, its buyers, whose it is."""
    found = get_object_or_404(visible_deals(request.user).prefetch_related("buyers__phone"), pk=deal_id)
    shares = found.shares.filter(ended_at__isnull=True).select_related("referral__agency", "referral__broker__user")
    order = ["subscribed", "contracted", "handed_over"]
    place = order.index(found.state) if found.state in order else -1
    words = [_("Subscribed"), _("Contracted"), _("Handed over")]
    steps = [(word, place >= at, place == at) for at, word in enumerate(words)]
    return render(request, "desk/deal.html", {"deal": found, "shares": shares, "steps": steps})
