"""Outcomes in people's words: outcome first, then reason, then what to do (never a code up front)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from channels_platform.lib import clock
from channels_platform.presentation import formats
from leads.assigned import why_assigned
from leads.models import DealShare, Referral, Visit
from leads.states import UNAVAILABLE, Reason, ReferralState, reason_for_agency
from projects.states import ExclusiveFrom, PhoneMode


@dataclass(frozen=True)
class Message:
    """`tone` is good, wait, bad or info; `follow` says what to do next; `code` is for support."""

    tone: str
    title: str
    text: str
    follow: str = ""
    code: str = ""


def minutes_words(minutes: int) -> str:
    """Return `42 minutes`, or whole hours as hours."""
    if minutes and minutes % 60 == 0:
        return ngettext("%(n)s hour", "%(n)s hours", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}


def one_after_another(sentences: Iterable[str]) -> str:
    """Return sentences in a row, as the language sets them: Chinese leaves no blank after a full stop."""
    return ("" if formats.is_chinese() else " ").join(sentences)


# ---- the answer to a filing ----


def filing_outcome(referral: Referral, user: Any) -> Message:
    """Return the answer to a filing, as `user` may read it (domain 4.5)."""
    if referral.state == ReferralState.REJECTED:
        return _filing_refused(referral, user)
    return Message("good", pgettext("outcome", "Filed"), _filed(referral), _filed_follow(referral))


def _filed(referral: Referral) -> str:
    zone, policy = referral.project.zone, referral.policy
    by = formats.instant(referral.lapse_at, zone) if referral.lapse_at else ""
    until = formats.instant(referral.window_ends_at, zone) if referral.window_ends_at else ""
    if policy.exclusive_from == ExclusiveFrom.FILING:
        dated = _("The client is protected for you until %(until)s. Bring them by %(by)s, or protection ends then.")
        words = dated if by else _("The client is protected for you until %(until)s.")
    elif policy.exclusive_from == ExclusiveFrom.VISIT:
        dated = _("Bring the client by %(by)s. Whoever visits first is protected.")
        words = dated if by else _("Bring the client when it suits them. Whoever visits first is protected.")
    else:
        dated = _("Bring the client by %(by)s. Nothing is protected here: the latest visit before the deal counts.")
        words = dated if by else _("Nothing is protected here: the latest visit before the deal counts.")
    return words % {"by": by, "until": until}


def _filed_follow(referral: Referral) -> str:
    said = []
    if referral.policy.lead_time_minutes:
        ready = referral.filed_at + timedelta(minutes=referral.policy.lead_time_minutes)
        if clock.now() < ready:
            said.append(
                _("Do not arrive before %(ready)s: this project wants clients filed %(lead)s ahead.")
                % {
                    "ready": formats.instant(ready, referral.project.zone),
                    "lead": minutes_words(referral.policy.lead_time_minutes),
                }
            )
    if referral.policy.phone_mode == PhoneMode.MASKED:
        said.append(_("Reception will ask for the full number; it must fit what you filed."))
    said.append(_("Show the QR slip at reception."))
    return one_after_another(said)


_FILING_REFUSED: dict[str, str | Promise] = {
    Reason.PROJECT_NOT_OPEN: gettext_lazy(
        "%(project)s is not taking clients now. Ask your contact there when it opens."
    ),
    Reason.NO_AGREEMENT: gettext_lazy(
        "Your agency has no agreement in force with %(project)s. Ask your agency's manager to renew it."
    ),
    Reason.BROKER_INACTIVE: gettext_lazy("Your account is not active for filing. Ask your agency's manager."),
    Reason.INVALID_PHONE: gettext_lazy("The phone number isn't one that exists. Check it and file again."),
    Reason.OWN_PHONE: gettext_lazy(
        "This is the number of a broker or of staff. File the client under the client's own number."
    ),
    Reason.LIMIT_REACHED: gettext_lazy(
        "You have filed as many clients for %(project)s as one day allows. Try tomorrow."
    ),
    Reason.ALREADY_REFERRED: gettext_lazy(
        "You have filed this client for %(project)s already. Open that filing instead."
    ),
    Reason.KNOWN_TO_SITE: gettext_lazy("This client came to %(project)s without a broker before the filing."),
    Reason.PROTECTED: gettext_lazy("This client is protected for another referral at %(project)s."),
}


def _filing_refused(referral: Referral, user: Any) -> Message:
    reason = reason_shown(referral.reason, user)
    if reason == UNAVAILABLE:
        return Message("bad", _("Not accepted"), unavailable_words(referral), "", reason)
    if reason == Reason.INVALID_PHONE and referral.policy.phone_mode == PhoneMode.MASKED:
        text = _("This project takes the first three and last four digits only, like 138****5678.")
        return Message("bad", _("Not accepted"), text, "", reason)
    words = str(_FILING_REFUSED.get(reason, gettext_lazy("This client can't be accepted for %(project)s.")))
    return Message("bad", _("Not accepted"), words % {"project": referral.project.name}, "", reason)


def unavailable_words(referral: Referral) -> str:
    days = referral.policy.dispute_days
    if not days:
        return _("This client can't be accepted for %(project)s.") % {"project": referral.project.name}
    return ngettext(
        "This client can't be accepted for %(project)s. If you think that's wrong, contest it within %(n)s day.",
        "This client can't be accepted for %(project)s. If you think that's wrong, contest it within %(n)s days.",
        days,
    ) % {"project": referral.project.name, "n": days}


def reason_shown(reason: str, user: Any) -> str:
    """Return the reason as the person may read it: agencies never learn that another knows a client."""
    return reason_for_agency(reason) if getattr(user, "is_agency_side", True) else reason


def phone_refused(reason: str, project: Any, user: Any) -> str:
    """Return why a phone could not be added, as the person may read it."""
    return phone_refusal(reason_shown(reason, user), project)


def phone_refusal(shown: str, project: Any) -> str:
    """Return a refusal of a number in words; `shown` is the reason as its reader may know it."""
    if shown == UNAVAILABLE:
        return _("This number can't be accepted for %(project)s.") % {"project": project.name}
    if shown == Reason.ALREADY_REFERRED:
        return _("This number is on one of your live filings for %(project)s already.") % {"project": project.name}
    if shown == Reason.LIMIT_REACHED:
        return _("You have filed as many clients as one day allows. Try tomorrow.")
    return str(_FILING_REFUSED.get(shown, gettext_lazy("This number can't be accepted."))) % {"project": project.name}


# ---- the answer to an arrival ----


def visit_outcome(visit: Visit, user: Any) -> Message:
    """Return the answer to an arrival, for the desk (or for the agency, which never learns of others)."""
    referral = visit.referral
    if not visit.confirmed:
        reason = reason_shown(visit.reason, user)
        return Message("bad", _("Not confirmed"), *visit_refused(referral, reason, visit.arrived_at), reason)
    until = referral.window_ends_at
    if until and referral.policy.exclusive_from != ExclusiveFrom.NEVER:
        text = _("Arrival confirmed. Protected until %(until)s.") % {
            "until": formats.instant(until, referral.project.zone)
        }
    else:
        text = _("Arrival confirmed.")
    if visit.consultant_id:
        follow = _("Received by %(consultant)s.") % {"consultant": visit.consultant}
        if not getattr(user, "is_agency_side", True):
            follow = one_after_another([follow, why_assigned(visit)])
    elif getattr(user, "is_agency_side", True):
        follow = ""
    else:
        follow = _("Nobody is on duty: choose who receives the client.")
    return Message("good", _("Confirmed"), text, follow)


def visit_refused(referral: Referral, reason: str, at: datetime) -> tuple[str, str]:
    """Return (why an arrival did not count, what to do), for the reason as shown."""
    zone, policy = referral.project.zone, referral.policy
    ask_manager = _("A manager can confirm it with a written reason.")
    natural = _("Record a natural visit instead.")
    if reason == Reason.TOO_EARLY:
        minutes = int((at - referral.filed_at).total_seconds() // 60)
        early = ngettext(
            "Filed %(n)s minute ago; this project needs %(lead)s.",
            "Filed %(n)s minutes ago; this project needs %(lead)s.",
            minutes,
        ) % {"n": minutes, "lead": policy.lead_time_minutes}
        if not minutes:
            early = _("Filed less than a minute ago; this project needs %(lead)s minutes.") % {
                "lead": policy.lead_time_minutes
            }
        return early, _("Ask the manager if the client is already here.")
    if reason == Reason.LAPSED and referral.lapse_at:
        lapsed = _("The filing lapsed at %(at)s: nobody came by then.") % {
            "at": formats.instant(referral.lapse_at, zone)
        }
        return lapsed, ask_manager
    if reason == Reason.EXPIRED and referral.window_ends_at:
        ended = formats.instant(referral.window_ends_at, zone)
        return _("Protection ended at %(at)s.") % {"at": ended}, _("The broker can file the client again.")
    words = {
        Reason.NOT_LIVE: (_("This referral is no longer open: it was refused, withdrawn, lost or won."), natural),
        Reason.ALREADY_TODAY: (_("This client's arrival was confirmed today already."), _("Nothing more is needed.")),
        Reason.PHONE_MISMATCH: (
            _("The full number does not fit what the broker filed."),
            _("Check the number with the client and enter it again."),
        ),
        Reason.OWN_PHONE: (_("This is the number of a broker or of staff."), _("Ask for the client's own number.")),
        Reason.KNOWN_TO_SITE: (_("The client came here without a broker before the filing."), natural),
        Reason.ALREADY_REFERRED: (
            _("The same broker has another live filing of this number here."),
            _("Find that filing and confirm it there."),
        ),
        Reason.PROTECTED: (
            _("Another referral's protection holds this client now."),
            _("Receive the client; the broker may contest it."),
        ),
        UNAVAILABLE: (_("This client can't be accepted."), _("If you think that's wrong, contest it.")),
    }
    return words.get(reason, (_("The arrival could not be confirmed."), ask_manager))


# ---- where a referral stands ----


def standing(referral: Referral, user: Any) -> Message:
    """Return where a referral stands now, why, and the next step, as `user` may read it."""
    now = clock.now()
    state = referral.state_at(now)
    zone = referral.project.zone
    until = formats.instant(referral.window_ends_at, zone) if referral.window_ends_at else ""
    if state is ReferralState.REJECTED:
        return _filing_refused(referral, user)
    if state is ReferralState.FILED:
        return Message("info", _("Filed"), _filed(referral), _filed_follow(referral))
    if state is ReferralState.VISITED:
        if referral.policy.exclusive_from == ExclusiveFrom.NEVER or not until:
            text = _("The client has visited. The latest confirmed visit before the deal counts.")
        else:
            text = _("The client has visited and is protected for you until %(until)s.") % {"until": until}
        return Message("good", _("Visited"), text, _("Next: the consultant prepares the subscription."))
    return _past_standing(referral, state, until)


def _past_standing(referral: Referral, state: ReferralState, until: str) -> Message:
    zone = referral.project.zone
    lapsed = formats.instant(referral.lapse_at, zone) if referral.lapse_at else ""
    again = _("You can file the client again.")
    words = {
        ReferralState.WON: Message("good", _("Won"), _("A deal counts for this referral."), _("See your money.")),
        ReferralState.LAPSED: Message("wait", _("Lapsed"), _("Nobody came by %(at)s.") % {"at": lapsed}, again),
        ReferralState.EXPIRED: Message("wait", _("Expired"), _("Protection ended %(at)s.") % {"at": until}, again),
        ReferralState.WITHDRAWN: Message("info", _("Withdrawn"), _("The filing was taken back."), again),
        ReferralState.LOST: Message("bad", _("Lost"), _("The client no longer counts for this referral."), ""),
    }
    return words[state]


def deciding_rule(referral: Referral, share: DealShare | None) -> str:
    """Return which rule gave the client to this referral, whose part of a deal is `share` if it has one."""
    zone, mode = referral.project.zone, referral.policy.exclusive_from
    if share is not None and share.decision_id is not None:
        return _("Decided by a manager on %(at)s.") % {"at": formats.instant(share.since, zone)}
    if mode == ExclusiveFrom.FILING:
        at = formats.instant(referral.filed_at, zone)
        return _("Decided by the filing: yours of %(at)s came first.") % {"at": at}
    if referral.first_visited_at is None:
        return _("Not decided yet: it goes by the visit.")
    at = formats.instant(referral.first_visited_at, zone)
    if mode == ExclusiveFrom.VISIT:
        return _("Decided by the visit: yours of %(at)s came first.") % {"at": at}
    return _("Goes by the latest visit before the deal; your first was on %(at)s.") % {"at": at}
