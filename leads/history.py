"""A referral's history in words, newest first, as each reader may know it."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from channels_platform.presentation import formats
from leads.messages import one_after_another, phone_refusal, visit_refused
from leads.models import Deal, Referral
from leads.selectors import timeline
from leads.states import DealState, ReferralState

_LOOKS = {
    "referral.filed": ("info", "send"),
    "referral.rejected": ("bad", "x-circle"),
    "referral.visited": ("good", "person-check"),
    "referral.visited_again": ("good", "person-check"),
    "visit.refused": ("wait", "exclamation-triangle"),
    "referral.phone_added": ("info", "telephone"),
    "referral.withdrawn": ("past", "arrow-counterclockwise"),
    "referral.lapsed": ("past", "hourglass-split"),
    "referral.expired": ("past", "clock-history"),
    "referral.lost": ("bad", "dash-circle"),
    "referral.won": ("good", "trophy"),
    "referral.reopened": ("info", "arrow-counterclockwise"),
    "referral.rejected_again": ("bad", "x-circle"),
    "referral.reassigned": ("info", "person-badge"),
    "referral.handed_over": ("info", "people"),
    "referral.extended": ("good", "shield-check"),
    "referral.arrival_told": ("info", "geo-alt"),
    "arrival_code.asked": ("info", "key"),
    "visit.signed": ("good", "pencil"),
    "visit.sheet_added": ("info", "camera"),
    "arrival_code.matched": ("good", "key"),
    "arrival_code.refused": ("wait", "key"),
    "client.followed_up": ("info", "telephone"),
    "client.taken": ("info", "person-badge"),
    "phone.revealed": ("past", "eye"),
}


def history(referral: Referral, *, for_agency: bool) -> list[dict[str, Any]]:
    """Return the steps for `{% timeline %}`: `what`, `at`, `note`, `who`, `tone`, `icon`."""
    steps = []
    for step in reversed(timeline(referral, for_agency=for_agency)):
        tone, icon = _LOOKS.get(step["action"], ("past", "check"))
        steps.append(
            {
                "at": step["at"],
                "what": what_happened(step["action"]),
                "note": _note(step, referral),
                "who": str(step["actor"]) if step["actor"] else "",
                "tone": tone,
                "icon": icon,
            }
        )
    return steps


def what_happened(action: str) -> str:
    """Return an action of the audit trail in words."""
    words = {
        "referral.filed": _("Filed"),
        "referral.rejected": _("Filed, not accepted"),
        "referral.visited": _("Visited"),
        "referral.visited_again": _("Visited again"),
        "visit.refused": _("Arrival not confirmed"),
        "referral.phone_added": _("Phone added"),
        "referral.withdrawn": _("Withdrawn"),
        "referral.lapsed": _("Lapsed"),
        "referral.expired": _("Protection ended"),
        "referral.lost": _("Lost"),
        "referral.won": _("Won"),
        "referral.reopened": _("Open again"),
        "referral.rejected_again": _("Not accepted"),
        "referral.reassigned": _("Consultant changed"),
        "referral.handed_over": _("Handed over to a colleague"),
        "referral.extended": _("Protection extended"),
        "referral.arrival_told": _("The broker said the client is here"),
        "arrival_code.asked": _("One-time code asked for"),
        "visit.signed": _("Signed by the client"),
        "visit.sheet_added": _("Photo of the visit sheet kept"),
        "arrival_code.matched": _("One-time code matched"),
        "arrival_code.refused": _("One-time code not matched"),
        "client.followed_up": _("Followed up"),
        "client.taken": _("Taken out of the pool"),
        "phone.revealed": _("Full phone shown"),
    }
    return words.get(action, action.partition(".")[2].replace("_", " "))


def _note(step: dict[str, Any], referral: Referral) -> str:
    facts, said = step["facts"], []
    if facts.get("reason"):
        if step["action"] == "visit.refused":
            said.append(visit_refused(referral, facts["reason"], step["at"])[0])
        else:
            # The timeline gave the reason as its reader may know it.
            said.append(phone_refusal(facts["reason"], referral.project))
    if facts.get("protected_until"):
        until = formats.instant(datetime.fromisoformat(facts["protected_until"]), referral.project.zone)
        said.append(_("Protected until %(until)s.") % {"until": until})
    if facts.get("by_developer"):
        said.append(_("By the developer; the phones are free."))
    if facts.get("consultant"):
        said.append(_("Received by %(consultant)s.") % {"consultant": facts["consultant"]})
    if facts.get("grade"):
        said.append(_("Grade %(grade)s.") % {"grade": facts["grade"]})
    if facts.get("phone"):
        said.append(facts["phone"])
    if step["reason"]:
        said.append(step["reason"])
    return one_after_another(said)


def way(referral: Referral, state: ReferralState, deal: Deal | None = None) -> list[tuple[str, bool, bool]]:
    """Return where the referral stands on its way: (word, done, current); with its deal, to the handover."""
    visited = referral.first_visited_at is not None
    stage = deal.state if deal else DealState.SUBSCRIBED if state is ReferralState.WON else ""
    steps = [
        (_("Filed"), True, state is ReferralState.FILED),
        (_("Visited"), visited, state is ReferralState.VISITED),
        (_("Subscribed"), bool(stage), stage == DealState.SUBSCRIBED),
    ]
    if deal is not None:
        signed = stage in (DealState.CONTRACTED, DealState.HANDED_OVER)
        steps += [
            (_("Contracted"), signed, stage == DealState.CONTRACTED),
            (_("Handed over"), stage == DealState.HANDED_OVER, stage == DealState.HANDED_OVER),
        ]
    return steps
