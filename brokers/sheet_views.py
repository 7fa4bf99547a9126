"""The portal's pages by which an agency's manager invites many brokers out of a spreadsheet."""

import base64

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods

from brokers.broker_sheets import Invited, as_entered, faults, result_file, template_file
from brokers.forms import BrokerSheetForm, InviteForm
from brokers.models import Agency
from brokers.services.inviting import invite_brokers
from brokers.views import agency_in_charge
from channels_platform.accounts.permissions import Can
from channels_platform.adminkit.refusals import add_refusal
from channels_platform.files.content import XLSX
from channels_platform.http.downloads import send_file
from channels_platform.http.once import sent, submit_once
from channels_platform.http.screens import needs
from channels_platform.lib.sheets import SheetRow

_FIELDS = ("username", "name", "phone", "email", "store", "role")


@require_GET
@needs(Can.EDIT_OWN_BROKERS)
def broker_sheet_template(request: HttpRequest) -> HttpResponseBase:
    """An empty spreadsheet with the headings, in the reader's language."""
    return send_file(template_file(InviteForm), "brokers-template.xlsx", content_type=XLSX.media_type)


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
@needs(Can.EDIT_OWN_BROKERS)
@sensitive_variables()
def broker_sheet(request: HttpRequest) -> HttpResponse:
    """Send the spreadsheet; the answer shows each row's result and carries the file with the links, kept nowhere."""
    agency = agency_in_charge(request)
    form = BrokerSheetForm(sent(request), request.FILES or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "portal/broker_sheet.html", {"form": form}, status=422 if form.errors else 200)
    rows: list[Invited] = []

    def take_in() -> str:
        rows[:] = _take_in(request, agency, form.rows)
        return reverse("portal:brokers")

    elsewhere = submit_once(request, form, take_in)
    if not rows:
        return elsewhere
    context = {
        "rows": rows,
        "done": sum(row.done for row in rows),
        "file": base64.b64encode(result_file(rows)).decode(),
        "type": XLSX.media_type,
    }
    return render(request, "portal/broker_sheet_result.html", context)


@sensitive_variables()
def _take_in(request: HttpRequest, agency: Agency, sheet: list[SheetRow]) -> list[Invited]:
    forms = [InviteForm(as_entered(row), agency=agency) for row in sheet]
    able = [form for form in forms if form.is_valid()]
    entries = [{name: form.cleaned_data[name] for name in _FIELDS} for form in able]
    links: dict[InviteForm, str] = {}
    answers = invite_brokers(actor=request.user, agency=agency, entries=entries)
    for form, answer in zip(able, answers, strict=True):
        if isinstance(answer, Exception):
            add_refusal(form, answer)
        else:
            links[form] = request.build_absolute_uri(reverse("invitation", args=[answer]))
    return [_result(row, form, links.get(form, "")) for row, form in zip(sheet, forms, strict=True)]


def _result(row: SheetRow, form: InviteForm, link: str) -> Invited:
    text = _("Send the link in the result file to the broker.") if link else faults(row, form)
    name, username = (form.data.get(field, "")[:80] for field in ("name", "username"))
    return Invited(row.number, name, username, bool(link), text, link)
