"""Arrivals at the desk: confirming, natural visits, the slip, who receives the client."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from channels_platform.accounts.permissions import Can
from channels_platform.adminkit.refusals import add_refusal
from channels_platform.http.once import sent, submit_once
from channels_platform.http.screens import needs
from channels_platform.lib.errors import Refused
from leads.board import told_today
from leads.forms.desk import AssignForm, ConfirmForm, NaturalVisitForm
from leads.forms.papers import SheetForm, SignForm
from leads.listing import unseal
from leads.messages import visit_outcome
from leads.models import Referral, Visit, VisitPaper
from leads.selectors import full_phone, visible_natural_visits, visible_referrals
from leads.services.consultants import assign_consultant
from leads.services.papers import MOST_SHEETS
from leads.services.visits import confirm_visit, record_natural_visit
from leads.states import Reason
from leads.views.desk import desk_project, has_masks, visible_referral
from leads.views.portal_client import pdf_response

_MAY_BE_SET_ASIDE = frozenset({Reason.TOO_EARLY, Reason.LAPSED})


def _masks(referral: Referral) -> list[str]:
    """The masks beside which reception enters full numbers: in masked mode, at the first visit."""
    return [phone.masked for phone in referral.phones.all()] if has_masks(referral) else []


def _known(request: HttpRequest) -> str:
    """The full number typed to find the client, which came along sealed."""
    return full_phone(unseal(request.GET.get("q", ""))) or ""


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.CONFIRM_VISIT)
def confirm(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    """Confirm an arrival; the outcome page tells what came of it."""
    found = visible_referral(request, referral_id)
    overriding = "override" in request.GET and request.user.can(Can.OVERRIDE_VISIT)
    form = ConfirmForm(sent(request), masks=_masks(found), may_override=overriding, known=_known(request))

    def arrive() -> str:
        visit = confirm_visit(
            actor=request.user,
            referral=found,
            phones=form.cleaned_data["phones"],
            override_reason=form.cleaned_data.get("override_reason", ""),
        )
        return reverse("desk:visit", args=[visit.pk])

    if request.method == "POST" and form.is_valid():
        return submit_once(request, form, arrive)
    context = {"referral": found, "form": form, "overriding": overriding}
    return render(request, "desk/confirm.html", context, status=422 if form.errors else 200)


@require_GET
@needs(Can.CONFIRM_VISIT)
def outcome(request: HttpRequest, visit_id: UUID) -> HttpResponse:
    """What came of an arrival: the consultant and the slip, or the reason and what to do."""
    return outcome_page(request, visible_visit(request, visit_id), {})


def visible_visit(request: HttpRequest, visit_id: UUID) -> Visit:
    visits = Visit.objects.filter(referral__in=visible_referrals(request.user).order_by())
    visits = visits.select_related(
        "referral__project", "referral__policy", "referral__agency", "referral__broker__user", "consultant__user"
    )
    return get_object_or_404(visits.prefetch_related("referral__phones"), pk=visit_id)


def outcome_page(request: HttpRequest, visit: Visit, forms: dict[str, Any], status: int = 200) -> HttpResponse:
    """Return the page of an arrival; `forms` holds the one of its forms that was sent and refused."""
    refused = not visit.confirmed
    may_override = refused and visit.reason in _MAY_BE_SET_ASIDE and request.user.can(Can.OVERRIDE_VISIT)
    papers = list(visit.papers.all()) if visit.confirmed else []
    sheets = [paper for paper in papers if paper.kind == VisitPaper.Kind.SHEET]
    context = {
        "visit": visit,
        "referral": visit.referral,
        "message": visit_outcome(visit, request.user),
        "told": told_today(visit.referral, visit.arrived_at),
        "may_override": may_override,
        "may_retry": refused and visit.reason == Reason.PHONE_MISMATCH,
        "offer_natural": refused and visit.reason in (Reason.NOT_LIVE, Reason.KNOWN_TO_SITE),
        "signature": next((paper for paper in papers if paper.kind == VisitPaper.Kind.SIGNATURE), None),
        "sheets": sheets,
        "may_add_sheet": len(sheets) < MOST_SHEETS,
        "sign": forms.get("sign") or SignForm(),
        "sheet": forms.get("sheet") or SheetForm(),
    }
    return render(request, "desk/visit.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.RECORD_NATURAL_VISIT)
def natural_visit(request: HttpRequest) -> HttpResponse:
    """A walk-in, in two fields."""
    project, projects = desk_project(request)
    if project is None:
        return render(request, "desk/no_project.html")
    form = NaturalVisitForm(sent(request))

    def keep() -> str:
        visit = record_natural_visit(
            actor=request.user, project=project, phone=form.cleaned_data["phone"], name=form.cleaned_data["name"]
        )
        messages.success(
            request,
            _("Recorded: %(name)s %(phone)s") % {"name": visit.name_masked, "phone": visit.phone.masked},
        )
        return f"{reverse('desk:natural_visit')}?project={project.code}"

    if request.method == "POST" and form.is_valid():
        return submit_once(request, form, keep)
    latest = visible_natural_visits(request.user).filter(project=project)[:10]
    context = {"project": project, "projects": projects, "form": form, "latest": latest}
    return render(request, "desk/natural_visit.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Can.CONFIRM_VISIT)
def assign(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    """Give the client to another consultant, with a reason."""
    found = visible_referral(request, referral_id)
    form = AssignForm(sent(request), referral=found)

    def give() -> str:
        assign_consultant(
            actor=request.user, referral=found, **{k: form.cleaned_data[k] for k in ("consultant", "reason")}
        )
        messages.success(request, _("Consultant changed."))
        return reverse("desk:referral", args=[found.pk])

    if request.method == "POST" and form.is_valid():
        try:
            return submit_once(request, form, give)
        except Refused as refused:
            add_refusal(form, refused)
    return render(request, "desk/assign.html", {"referral": found, "form": form}, status=422 if form.errors else 200)


@require_GET
@needs(Can.CONFIRM_VISIT, Can.SUBSCRIBE_DEAL)
def slip_pdf(request: HttpRequest, referral_id: UUID) -> HttpResponseBase:
    """The confirmation slip (客户确认单) to print and sign."""
    return pdf_response(visible_referral(request, referral_id))
