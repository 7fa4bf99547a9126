"""Reading a chat message into the form: nothing of it is kept, nothing is filed."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from channels_platform.accounts.permissions import Can
from channels_platform.http.screens import needs
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid
from channels_platform.lib.phones import mask, parse_phone
from leads.chat_message import ChatMessage, read_message
from leads.forms.portal import ChatMessageForm, FileForm
from leads.listing import projects_to_file
from leads.views.portal import show_form
from leads.views.portal_kept import own_broker
from projects.models import Project
from projects.selectors import masked_projects


@require_POST
@never_cache
@sensitive_post_parameters("message")
@needs(Can.FILE_REFERRAL)
def read_chat(request: HttpRequest) -> HttpResponse:
    """Return the fields that a message fills: to the page's script, or in the form where there is none."""
    broker = own_broker(request)
    projects = projects_to_file(broker.agency, clock.now())
    form = ChatMessageForm(request.POST)
    fields = fields_of(form.cleaned_data["message"], list(projects)) if form.is_valid() else {}
    said = {"fields": fields, "told": told(fields)}
    if request.accepts("text/html"):
        return show_form(request, broker, projects, FileForm(projects=projects, initial=fields), said)
    return JsonResponse(said)


def fields_of(text: str, projects: list[Project]) -> dict[str, Any]:
    """Return the form's fields as it takes them; only those that the message fills."""
    message = _read(text, projects)
    arrival = message.arrival
    project = message.project or (str(projects[0].pk) if len(projects) == 1 else "")
    masked = project in {str(key) for key in masked_projects(projects)}
    fields = {
        "project": project,
        "client_name": message.client_name,
        "phones": [_masked(phone) for phone in message.phones] if masked else list(message.phones),
        "expected_arrival": f"{arrival:%Y-%m-%dT%H:%M}" if arrival else "",
        "party_size": message.party_size,
        "note": message.note,
    }
    return {name: value for name, value in fields.items() if value}


def _masked(phone: str) -> str:
    """Return what a project of masks takes: of a full number only its mask."""
    try:
        return mask(parse_phone(phone))
    except Invalid:
        return phone


def _read(text: str, projects: list[Project]) -> ChatMessage:
    names = {str(project.pk): project.name for project in projects}
    zones = {str(project.pk): project.zone for project in projects}
    now = clock.now()
    here = projects[0].zone if projects else clock.now().tzinfo
    message = read_message(text, projects=names, now=now, zone=here)
    zone = zones.get(message.project, here)
    return message if zone == here else read_message(text, projects=names, now=now, zone=zone)


def told(fields: dict[str, Any]) -> str:
    """Say what was understood, for the broker to check."""
    names = {
        "project": _("project"),
        "client_name": _("client's name"),
        "phones": _("phone"),
        "expected_arrival": _("arrival"),
        "party_size": _("party"),
        "note": _("note"),
    }
    found = [name for field, name in names.items() if field in fields]
    if not {"client_name", "phones"} & set(fields):
        return _("No client was found in this message. Fill the form in by hand.")
    return _("Read from the message: %(fields)s. Check it before you file; the rest stands in the note.") % {
        "fields": _(", ").join(found)
    }
