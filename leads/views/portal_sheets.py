"""Filing many clients out of a spreadsheet: send it, wait, read what became of each row."""

from collections import Counter
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from channels_platform.accounts.permissions import Can
from channels_platform.files.content import XLSX
from channels_platform.http.downloads import send_file
from channels_platform.http.once import sent, submit_once
from channels_platform.http.screens import needs
from channels_platform.lib import clock
from leads.callers import origin_of
from leads.forms.portal import ClientSheetForm
from leads.listing import projects_to_file
from leads.models import ClientSheet
from leads.services.sheets import take_sheet
from leads.sheet_results import ACCEPTED, FAULTY, REFUSED, result_csv, result_file, results, template_file
from leads.views.portal_kept import own_broker

_PAGE = 50
_TABS = {
    FAULTY: gettext_lazy("To be corrected"),
    REFUSED: gettext_lazy("Not accepted"),
    ACCEPTED: gettext_lazy("Accepted"),
}


def _own_sheet(request: HttpRequest, sheet_id: UUID) -> ClientSheet:
    """Return one's own sheet: what a broker files is nobody else's to read, but through the list of clients."""
    own = ClientSheet.objects.select_related("broker", "job").filter(broker=own_broker(request))
    return get_object_or_404(own, pk=sheet_id)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@needs(Can.FILE_REFERRAL)
def sheet_new(request: HttpRequest) -> HttpResponse:
    """Send a spreadsheet; a worker judges it row by row."""
    broker = own_broker(request)
    projects = projects_to_file(broker.agency, clock.now())
    form = ClientSheetForm(sent(request), request.FILES or None, projects=projects)

    def take() -> str:
        taken = take_sheet(
            actor=request.user,
            broker=broker,
            rows=form.rows,
            project=form.cleaned_data["project"],
            origin=origin_of(request),
        )
        return reverse("jobs:detail", args=[taken.job_id])

    if request.method == "POST" and form.is_valid():
        return submit_once(request, form, take)
    latest = ClientSheet.objects.filter(broker=broker).select_related("job")[:5]
    context = {"form": form, "projects": projects, "latest": latest}
    return render(request, "portal/sheet_new.html", context, status=422 if form.errors else 200)


@require_GET
@needs(Can.FILE_REFERRAL)
def sheet_template(request: HttpRequest) -> HttpResponseBase:
    """An empty spreadsheet with the headings, in the reader's language."""
    projects = projects_to_file(own_broker(request).agency, clock.now())
    return send_file(template_file(projects), "clients-template.xlsx", content_type=XLSX.media_type)


@require_GET
@never_cache
@needs(Can.FILE_REFERRAL)
def sheet(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """What became of each row: what is to be corrected first."""
    found = _own_sheet(request, sheet_id)
    rows = results(found, request.user)
    counts = Counter(row.kind for row in rows)
    tab = request.GET.get("tab", "")
    if tab not in _TABS:
        tab = next((kind for kind in _TABS if counts[kind]), ACCEPTED)
    page = Paginator([row for row in rows if row.kind == tab], _PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "sheet": found,
        "page": page,
        "tab": tab,
        "tabs": [(kind, label, counts[kind]) for kind, label in _TABS.items()],
        "total": len(rows),
    }
    return render(request, "portal/sheet.html", context)


@require_GET
@never_cache
@needs(Can.FILE_REFERRAL)
def sheet_csv(request: HttpRequest, sheet_id: UUID) -> HttpResponseBase:
    """The results as CSV, as they may be read now."""
    text = result_csv(_own_sheet(request, sheet_id), request.user)
    return send_file(text.encode(), "clients-result.csv")


@require_GET
@never_cache
@needs(Can.FILE_REFERRAL)
def sheet_xlsx(request: HttpRequest, sheet_id: UUID) -> HttpResponseBase:
    """The results as a workbook, as they may be read now."""
    content = result_file(_own_sheet(request, sheet_id), request.user)
    return send_file(content, "clients-result.xlsx", content_type=XLSX.media_type)
