"""The whole timeline of a dispute for who judges it: its own steps, the deal's, and every referral's, newest first."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.audit.models import Event
from leads.history import history
from leads.models import Deal, Dispute, Referral
from leads.selectors import deal_of_case

_WORDS = {
    "dispute.raised": gettext_lazy("Contested"),
    "dispute.appealed": gettext_lazy("Appealed"),
    "dispute.asked": gettext_lazy("A side was asked"),
    "dispute.answered": gettext_lazy("A side answered"),
    "dispute.file_opened": gettext_lazy("A file was looked at"),
    "dispute.proposed": gettext_lazy("Decision written, awaiting a second manager"),
    "dispute.approved": gettext_lazy("Decision approved"),
    "dispute.returned": gettext_lazy("Decision sent back"),
    "dispute.decided": gettext_lazy("Decided"),
    "deal.subscribed": gettext_lazy("Subscribed"),
    "deal.contracted": gettext_lazy("Contracted"),
    "deal.handed_over": gettext_lazy("Handed over"),
    "deal.cancelled": gettext_lazy("Cancelled"),
    "deal.amended": gettext_lazy("Amended"),
    "deal.decided": gettext_lazy("Who has the deal was decided"),
}


def case_history(dispute: Dispute, referrals: list[Referral]) -> list[dict[str, Any]]:
    """Return the steps for a timeline, each with the number of what it happened to."""
    steps = [
        {**step, "what": _("%(number)s: %(what)s") % {"number": referral.number, "what": step["what"]}}
        for referral in referrals
        for step in history(referral, for_agency=False)
    ]
    chain = {pk for pk in (dispute.pk, dispute.appeal_of_id, _appeal_id(dispute)) if pk is not None}
    wanted = Q(target_kind=Dispute._meta.label_lower, target_id__in=[str(pk) for pk in chain])
    deal = deal_of_case(dispute)
    if deal is not None:
        wanted |= Q(target_kind=Deal._meta.label_lower, target_id=str(deal.pk))
    events = Event.objects.filter(wanted, action__in=_WORDS).select_related("actor").order_by("pk")
    return sorted([*steps, *map(_step, events)], key=lambda step: step["at"], reverse=True)


def _step(event: Event) -> dict[str, Any]:
    return {
        "at": event.at,
        "what": _("%(number)s: %(what)s") % {"number": event.target_label, "what": _WORDS[event.action]},
        "note": event.reason,
        "who": str(event.actor) if event.actor else "",
        "tone": "info",
        "icon": "check",
    }


def _appeal_id(dispute: Dispute) -> Any:
    return Dispute.objects.filter(appeal_of=dispute).values_list("pk", flat=True).first()
