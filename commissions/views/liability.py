"""What is owed and not paid yet: when it falls due, to whom, and what the next units would add."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from brokers.models import Agency
from channels_platform.accounts.permissions import Can
from channels_platform.http.downloads import send_file
from channels_platform.http.screens import needs
from channels_platform.lib.money import minor_digits
from channels_platform.lib.names import clean_text
from commissions.liability import ADVANCES, OVERDUE, Asked, Due, Liability, liability, waiting_lines
from commissions.next_units import triggered
from commissions.services.liability_export import export_liability, is_large, start_liability_export
from commissions.views.common import show
from commissions.words import ReaderWords, month_words, outlook_words
from projects.models import PayingCompany, Project
from projects.selectors import visible_projects

MOST_ON_SCREEN = 20_000
MOST_ROWS = 100
MOST_PLANS = 20
_BY = ("company", "project", "agency")


@dataclass(frozen=True)
class Choice:
    """What the address asks for, and what may be asked for."""

    asked: Asked | None
    words: dict[str, str]
    currencies: list[str]
    projects: list[Project]
    agencies: list[Agency]
    companies: list[PayingCompany]

    @property
    def narrowed(self) -> bool:
        return any(self.words[name] for name in ("company", "project", "agency"))

    @property
    def by(self) -> str:
        return self.words["by"] if self.words["by"] in _BY else "project"


def chosen(request: HttpRequest) -> Choice:
    """Read the address: a code that the person does not see narrows to nothing."""
    names = ("company", "project", "agency", "currency", "by")
    words = {name: clean_text(request.GET.get(name, "")) for name in names}
    projects = list(visible_projects(request.user).select_related("company").order_by("name"))
    companies = sorted({one.company for one in projects}, key=lambda one: one.name)
    agencies = list(Agency.objects.order_by("name"))
    left = [one for one in projects if words["company"] in ("", one.company.code)]
    left = [one for one in left if words["project"] in ("", one.code)]
    agency = next((one for one in agencies if one.code == words["agency"]), None)
    currencies = sorted({one.currency for one in left})
    currency = words["currency"] if words["currency"] in currencies else next(iter(currencies), "")
    asked = None
    if currency and (agency or not words["agency"]):
        asked = Asked(currency, tuple(one for one in left if one.currency == currency), agency)
    return Choice(asked, words, currencies, projects, agencies, companies)


@require_safe
@needs(Can.SEE_MONEY)
def liability_page(request: HttpRequest) -> HttpResponse:
    """Unpaid commission by month, company, project and agency; what more units would trigger."""
    choice = chosen(request)
    context: dict[str, Any] = {"choice": choice, "found": None, "too_many": False}
    if choice.asked is not None:
        context["too_many"] = waiting_lines(choice.asked)[MOST_ON_SCREEN : MOST_ON_SCREEN + 1].exists()
        if not context["too_many"]:
            context |= _figures(choice, choice.asked)
    return show(request, "finance/liability.html", context)


def _figures(choice: Choice, asked: Asked) -> dict[str, Any]:
    found = liability(asked)
    words = ReaderWords()
    months = [(month_words(month, words), due, month == OVERDUE) for month, due in found.by_month()]
    rows = _rows(choice, found)
    plans = triggered(asked.projects, agency=asked.agency)
    return {
        "found": found,
        "months": months,
        "rows": rows[:MOST_ROWS],
        "rows_in_all": len(rows),
        "plans": [(one, outlook_words(one.outlook, asked.currency, words)) for one in plans[:MOST_PLANS]],
        "plans_in_all": len(plans),
        "chart": _chart(months, asked.currency),
        "advanced": ADVANCES in found.months,
        "ways": [("project", _("By project")), ("agency", _("By agency")), ("company", _("By company"))],
    }


def _rows(choice: Choice, found: Liability) -> list[tuple[str, str, Due]]:
    """Return name, code and what is unpaid of each, the most first."""
    named: dict[str, tuple[Iterable[Any], dict[UUID, Due]]] = {
        "company": (choice.companies, found.companies),
        "project": (choice.projects, found.projects),
        "agency": (choice.agencies, found.agencies),
    }
    ones, sums = named[choice.by]
    rows = [(one.name, one.code, sums[one.pk]) for one in ones if one.pk in sums]
    return sorted(rows, key=lambda row: (-row[2].total, row[0]))


def _chart(months: list[tuple[str, Due, bool]], currency: str) -> dict[str, Any]:
    dues = [due for _label, due, _overdue in months]
    return {
        "labels": [label for label, _due, _overdue in months],
        "names": [pgettext("money", "Pending"), pgettext("money", "Retained"), _("Payable")],
        "series": [[float(getattr(due, name)) for due in dues] for name in ("pending", "retained", "payable")],
        "digits": minor_digits(currency),
    }


@require_POST
@needs(Can.SEE_MONEY)
def liability_xlsx(request: HttpRequest) -> HttpResponseBase:
    """The same as a workbook, with every line behind it; a long one is written by a job."""
    choice = chosen(request)
    if choice.asked is None:
        return HttpResponseRedirect(reverse("finance:liability"))
    if is_large(choice.asked):
        job = start_liability_export(actor=request.user, asked=choice.asked)
        return HttpResponseRedirect(reverse("jobs:detail", args=[job.pk]))
    file = export_liability(actor=request.user, asked=choice.asked)
    return send_file(file.pieces, file.name, content_type=file.content_type)
