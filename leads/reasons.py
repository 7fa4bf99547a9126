"""Why a referral stands where it stands: which rule decided, in words, as its agency may read it (domain 4.5)."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from channels_platform.presentation import formats
from leads.messages import deciding_rule, one_after_another, reason_shown
from leads.models import DealShare, Referral
from leads.states import LIVE, UNAVAILABLE, DealState, Reason, ReferralState

# The checks of a filing in their order; what hides another's client has no place in it and no number.
_CHECKS: dict[str, str | Promise] = {
    Reason.PROJECT_NOT_OPEN: gettext_lazy("Check 1 decided: the project has to be open."),
    Reason.NO_AGREEMENT: gettext_lazy("Check 2 decided: the agency needs an agreement in force on that day."),
    Reason.BROKER_INACTIVE: gettext_lazy("Check 3 decided: the broker and the agency have to be active."),
    Reason.INVALID_PHONE: gettext_lazy(
        "Check 4 decided: each phone has to be one that exists, filed as the rules ask."
    ),
    Reason.OWN_PHONE: gettext_lazy("Check 5 decided: a number of staff or of a broker is no client's."),
    Reason.LIMIT_REACHED: gettext_lazy("Check 6 decided: the number of filings a day is limited."),
    Reason.ALREADY_REFERRED: gettext_lazy("Check 8 decided: you had a live filing of this number here already."),
    UNAVAILABLE: gettext_lazy(
        "Decided when you filed: the client can't be accepted here. For the sake of every client and broker no more"
        " than that is told."
    ),
}


def why(referral: Referral, state: ReferralState, share: DealShare | None, user: Any) -> str:
    """Return which rule decided where the referral stands."""
    zone = referral.project.zone
    filed = formats.instant(referral.filed_at, zone)
    if state is ReferralState.REJECTED:
        reason = reason_shown(referral.reason, user)
        return str(_CHECKS.get(reason, _CHECKS[UNAVAILABLE]))
    if state is ReferralState.WON and share is not None:
        return one_after_another([deciding_rule(referral, share), _part(share)])
    if state in LIVE:
        passed = _("All checks of a filing were passed on %(at)s.") % {"at": filed}
        return one_after_another([passed, deciding_rule(referral, None)])
    return _ended(referral, state, filed)


def _ended(referral: Referral, state: ReferralState, filed: str) -> str:
    policy, zone = referral.policy, referral.project.zone
    if state is ReferralState.LAPSED and referral.lapse_at and policy.visit_within_hours is not None:
        words = ngettext(
            "Filed on %(filed)s; the rules give %(n)s hour for the visit, until %(by)s; none was confirmed.",
            "Filed on %(filed)s; the rules give %(n)s hours for the visit, until %(by)s; none was confirmed.",
            policy.visit_within_hours,
        )
        by = formats.instant(referral.lapse_at, zone)
        return words % {"filed": filed, "n": policy.visit_within_hours, "by": by}
    if state is ReferralState.EXPIRED and referral.window_starts_at and referral.window_ends_at:
        return _("Protection ran from %(start)s to %(end)s; no deal was subscribed within it.") % {
            "start": formats.instant(referral.window_starts_at, zone),
            "end": formats.instant(referral.window_ends_at, zone),
        }
    words_of: dict[ReferralState, str] = {
        ReferralState.WITHDRAWN: _("It was taken back, and that ends its protection."),
        ReferralState.LOST: _(
            "Under these rules a referral is lost where another one came first, or where the buyers' own phones led"
            " a deal elsewhere."
        ),
    }
    return words_of.get(state, "")


def _part(share: DealShare) -> str:
    if share.fraction == 1:
        return _("The whole deal counts for it.")
    return _("Your part is %(part)s: the buyers' phones led to several referrals.") % {
        "part": formats.fraction(share.fraction)
    }


def next_step(share: DealShare | None) -> str:
    """Return what happens next with the deal a referral has won, '' where nothing is left to wait for."""
    if share is None:
        return ""
    steps: dict[str, str] = {
        DealState.SUBSCRIBED: _("Next: the contract is signed. Commission counts from then."),
        DealState.CONTRACTED: _("Next: the payments arrive, then the handover. See your money for what each releases."),
    }
    return steps.get(share.deal.state, "")
