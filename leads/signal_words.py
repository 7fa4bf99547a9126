"""Risk signals in words: what was noticed, and how often such signals were right."""

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leads.models import RiskSignal
from leads.states import SignalKind, SignalState


def noticed(signal: RiskSignal) -> str:
    """Return in one sentence what the signal was raised by."""
    facts = {
        **signal.evidence,
        "ago": abs(signal.evidence.get("minutes", 0)),
        "who": _who(signal),
        "person": signal.person,
    }
    return str(_template(signal) % facts)


def _who(signal: RiskSignal) -> str:
    """The brokers among the evidence, each with agency and number of filings."""
    rows = signal.evidence.get("brokers", [])
    return _("; ").join(f"{name} ({agency}) {filed}" for name, agency, filed in rows)


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
        case SignalKind.WALK_INS_GIVEN if signal.evidence["how"] == "recorded":
            return _(
                "Of %(people)s walk-ins that %(person)s recorded in 90 days brokers filed %(turned)s afterwards; "
                "of all others' %(others_turned)s of %(others)s."
            )
        case SignalKind.WALK_INS_GIVEN:
            return _(
                "Of %(people)s referred clients whom %(person)s received in 90 days %(turned)s had walked in before; "
                "of all others' %(others_turned)s of %(others)s."
            )
        case SignalKind.WALK_INS_PAIR if signal.evidence["how"] == "recorded":
            return _(
                "Of %(people)s walk-ins that %(person)s recorded in 90 days this broker filed %(turned)s afterwards; "
                "of all others' %(others_turned)s of %(others)s."
            )
        case SignalKind.WALK_INS_PAIR:
            return _(
                "Of %(people)s referred clients whom %(person)s received in 90 days %(turned)s were this broker's and "
                "had walked in before; of all others' %(others_turned)s of %(others)s."
            )
        case SignalKind.SHARED_DEVICE:
            return _("In 30 days one device filed %(filed)s clients, for: %(who)s.")
        case SignalKind.SHARED_ADDRESS:
            return _("In 24 hours %(filed)s clients were filed from one address, for: %(who)s.")
        case SignalKind.DEAL_BACKDATED:
            return _(
                "Deal %(deal)s was entered %(hours)s hours after its date by %(entered_by)s; "
                "in between a protection of a buyer began or ended."
            )
        case SignalKind.BUYERS_CHANGED:
            return _(
                "%(hours)s hours after deal %(deal)s no buyer was left whom the referral brought "
                "(changed by %(amended_by)s)."
            )
        case SignalKind.WALK_IN_BACKDATED:
            return _("%(recorded_by)s recorded a walk-in %(ago)s minutes late; in between the client was filed.")
        case SignalKind.OWN_CIRCLE:
            return _("Filed a phone of staff or brokers %(times)s times in 30 days.")
        case SignalKind.ADDED_BEFORE_DEAL:
            return _("Added the buyer's phone %(ago)s minutes before deal %(deal)s was subscribed.")
    return _("Filed clients that the site knows far more often than others within %(hours)s hours.")


def records_by_kind(kind: str | None = None) -> dict[str, tuple[int, int, int]]:
    """Return of each kind (or one) how many were confirmed, how many judged, and how many are open."""
    rows = RiskSignal.objects.filter(**({"kind": kind} if kind else {})).order_by().values_list("kind")
    counted = rows.annotate(
        confirmed=Count("pk", filter=Q(state=SignalState.CONFIRMED)),
        judged=Count("pk", filter=~Q(state=SignalState.OPEN)),
        waiting=Count("pk", filter=Q(state=SignalState.OPEN)),
    )
    return {row[0]: (row[1], row[2], row[3]) for row in counted}


def how_often_right(confirmed: int, judged: int) -> str:
    """Return how many judged signals of a kind were confirmed."""
    if not judged:
        return _("None of this kind has been judged yet.")
    return ngettext(
        "%(confirmed)s of %(judged)s judged signal of this kind was confirmed.",
        "%(confirmed)s of %(judged)s judged signals of this kind were confirmed.",
        judged,
    ) % {"confirmed": confirmed, "judged": judged}
