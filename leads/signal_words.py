"""Risk signals in words: what was noticed, and how often such signals were right."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leads.models import RiskSignal
from leads.states import SignalKind


def noticed(signal: RiskSignal) -> str:
    """Return in one sentence what the signal was raised by."""
    return str(_template(signal) % {**signal.evidence, "ago": abs(signal.evidence.get("minutes", 0))})


def _template(signal: RiskSignal) -> str:
    match signal.kind:
        case SignalKind.FILED_AT_ARRIVAL:
            return _("Filed %(ago)s minutes before the client arrived; received by %(received_by)s.")
        case SignalKind.FILED_AFTER_WALK_IN if signal.evidence["minutes"] < 0:
            return _("Filed %(ago)s minutes before the same client walked in (recorded by %(recorded_by)s).")
        case SignalKind.FILED_AFTER_WALK_IN:
            return _("Filed %(ago)s minutes after the same client had walked in (recorded by %(recorded_by)s).")
        case SignalKind.WALK_INS_TURNED:
            return _(
                "%(turned)s of %(filed)s filings in 90 days were of people who had walked in before; "
                "of all others in the project %(others_turned)s of %(others_filed)s."
            )
        case SignalKind.OWN_CIRCLE:
            return _("Filed a phone of staff or brokers %(times)s times in 30 days.")
        case SignalKind.ADDED_BEFORE_DEAL:
            return _("Added the buyer's phone %(ago)s minutes before deal %(deal)s was subscribed.")
    return _("Filed clients that the site knows far more often than others within %(hours)s hours.")


def how_often_right(confirmed: int, judged: int) -> str:
    """Return how many judged signals of a kind were confirmed."""
    if not judged:
        return _("None of this kind has been judged yet.")
    return ngettext(
        "%(confirmed)s of %(judged)s judged signal of this kind was confirmed.",
        "%(confirmed)s of %(judged)s judged signals of this kind were confirmed.",
        judged,
    ) % {"confirmed": confirmed, "judged": judged}
