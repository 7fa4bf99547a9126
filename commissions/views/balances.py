"""Balances per payee and project, down to the lines and ledger entries behind them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from brokers.models import Agency
from channels_platform.accounts.permissions import Can
from channels_platform.http.screens import needs, page_by_cursor
from channels_platform.lib import clock
from channels_platform.lib.names import clean_text
from commissions.advances import outstanding_of
from commissions.balance_sheets import accruals_of, entries_of, narrowed, totals, with_ledger
from commissions.models import Payee
from commissions.selectors import Balance, visible_holds, visible_payees
from commissions.selectors import balances as balances_of
from commissions.services.debts import owed_back
from commissions.views.common import PAGE, show, slice_at
from leads.selectors import visible_deals
from projects.models import Project
from projects.selectors import visible_projects


@dataclass(frozen=True)
class Asked:
    """What the address asks for, and the balances that it finds."""

    found: list[Balance]
    words: dict[str, str]
    projects: list[Project]
    agencies: QuerySet[Agency]


def asked_balances(request: HttpRequest) -> Asked:
    """Return the balances that the address's filters leave, by currency, payee and project."""
    projects = list(visible_projects(request.user).order_by("name"))
    words = {name: clean_text(request.GET.get(name, "")) for name in ("project", "agency", "kind", "show", "q")}
    project = next((one for one in projects if one.code == words["project"]), None)
    agencies = Agency.objects.order_by("name")
    agency = agencies.filter(code=words["agency"]).first() if words["agency"] else None
    found = balances_of(request.user, project=project, agency=agency.pk if agency else None)
    found = narrowed(found, kind=words["kind"], text=words["q"], show=words["show"])
    found.sort(key=lambda one: (one.project.currency, str(one.payee).casefold(), one.project.code))
    return Asked(found, words, projects, agencies)


@require_safe
@needs(Can.SEE_MONEY)
def balances(request: HttpRequest) -> HttpResponse:
    """What each payee has in each project, narrowed by what the address says."""
    asked = asked_balances(request)
    context = {
        "page": slice_at(asked.found, request.GET.get("cursor", "")),
        "totals": totals(asked.found),
        "count": len(asked.found),
        "asked": asked.words,
        "narrowed": any(asked.words.values()),
        "projects": asked.projects,
        "agencies": asked.agencies,
        "kinds": [("agency", _("Agencies")), ("individual", _("Individuals (taxed)")), *Agency.Kind.choices],
        "shows": [("payable", _("Something payable")), ("owed", _("Owed back")), ("held", pgettext("money", "Held"))],
    }
    return show(request, "finance/balances.html", context)


def payee_and_project(request: HttpRequest, payee_id: UUID, project_id: UUID) -> tuple[Payee, Project]:
    """Return what the address names, if the person may see it; else 404."""
    payee = get_object_or_404(visible_payees(request.user), pk=payee_id)
    project = get_object_or_404(visible_projects(request.user).select_related("company"), pk=project_id)
    return payee, project


@require_safe
@needs(Can.SEE_MONEY)
def balance(request: HttpRequest, payee_id: UUID, project_id: UUID) -> HttpResponse:
    """One payee in one project: the figures, the deals they come from, and the ledger itself."""
    payee, project = payee_and_project(request, payee_id, project_id)
    found = balances_of(request.user, payee=payee, project=project)
    tab = "ledger" if request.GET.get("tab") == "ledger" else "lines"
    number = clean_text(request.GET.get("deal", ""))
    deal = visible_deals(request.user).filter(project=project, number=number.upper()).first() if number else None
    context: dict[str, Any] = {
        "payee": payee,
        "project": project,
        "balance": found[0] if found else Balance(payee, project, *[0] * 6),  # type: ignore[arg-type]
        "owed": owed_back(payee_id=payee.pk, project_id=project.pk),
        "advanced": outstanding_of(payee, project),
        "tab": tab,
        "deal": deal,
        "number": number,
        "holds": visible_holds(request.user)
        .filter(Q(project=project) | Q(project__isnull=True), payee=payee, lifted_at__isnull=True)
        .exclude(until_at__lte=clock.now()),
        "may_hold": request.user.can(Can.PREPARE_PAYOUT) or request.user.can(Can.APPROVE_PAYOUT),
    }
    context |= _ledger(request, context) if tab == "ledger" else _lines(request, context)
    return show(request, "finance/balance.html", context)


def _lines(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    rows = accruals_of(request.user, payee=context["payee"], project=context["project"])
    if context["number"]:
        rows = rows.filter(deal=context["deal"])
    page = page_by_cursor(rows, by="-subscribed_at", cursor=request.GET.get("cursor", ""))
    return {"page": page, "lines": with_ledger(page.items)}


def _ledger(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    rows = entries_of(request.user, payee=context["payee"], project=context["project"])
    if context["number"]:
        rows = rows.filter(deal=context["deal"]) if context["deal"] else rows.none()
    return {"page": page_by_cursor(rows, by="-posted_at", cursor=request.GET.get("cursor", ""), size=PAGE)}
