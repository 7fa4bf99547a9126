"""Why a consultant received a client, in words."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leads.models import Visit
from leads.states import Because


def why_assigned(visit: Visit) -> str:
    """Return the reason a consultant was assigned at an arrival, '' where none was kept."""
    facts = visit.assigned_facts
    if visit.assigned_because == Because.OWN:
        return _("Looked after this client before.")
    if visit.assigned_because == Because.PREFERRED:
        return _("Asked for by name, and on duty.")
    if visit.assigned_because == Because.NOBODY:
        return _("Nobody was on duty.")
    if visit.assigned_because == Because.FEWEST:
        return ngettext(
            "Next in turn: %(n)s open client, the fewest of the %(on_duty)s on duty.",
            "Next in turn: %(n)s open clients, the fewest of the %(on_duty)s on duty.",
            facts["clients"],
        ) % {"n": facts["clients"], "on_duty": facts["on_duty"]}
    if visit.assigned_because == Because.LONGEST_WITHOUT:
        return ngettext(
            "Next in turn: %(as_many)s of the %(on_duty)s on duty have %(n)s open client, the fewest; the longest"
            " without a new one is next.",
            "Next in turn: %(as_many)s of the %(on_duty)s on duty have %(n)s open clients, the fewest; the longest"
            " without a new one is next.",
            facts["clients"],
        ) % {"as_many": facts["as_many"], "on_duty": facts["on_duty"], "n": facts["clients"]}
    return ""
