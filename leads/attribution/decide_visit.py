"""Does an arrival count as the referral's visit, and what does it start?"""

from datetime import datetime, timedelta

from leads.attribution.types import ReferralFacts, Rules, Span, VisitDecision, VisitFacts
from leads.states import LIVE, Reason, ReferralState, state_by_clock


def decide_visit(*, rules: Rules, referral: ReferralFacts, visit: VisitFacts, now: datetime) -> VisitDecision:
    """Judge an arrival at `now`; the first check that fails gives the reason.

    An override sets aside `lapsed` and `too_early` only; the other checks still hold.
    Source: domain 4.3.
    """
    first = not referral.visited_before
    overridden: list[Reason] = []
    reason = _refusal(rules, referral, visit, now, first, overridden)
    if reason is not None:
        return VisitDecision(reason, first)
    claim = extend_to = None
    if first and rules.exclusive_from == "visit":
        claim = Span(now, rules.window_from(now))
    elif Reason.LAPSED in overridden and rules.exclusive_from == "filing" and referral.window is not None:
        claim = Span(now, referral.window.ends_at)
    elif not first and rules.revisit_extends and referral.window is not None:
        extend_to = _extended(rules, referral.window, now)
    return VisitDecision(None, first, tuple(overridden), claim, extend_to)


def _refusal(
    rules: Rules, referral: ReferralFacts, visit: VisitFacts, now: datetime, first: bool, overridden: list[Reason]
) -> Reason | None:
    window_ends_at = referral.window.ends_at if referral.window else None
    state = state_by_clock(state=referral.state, lapse_at=referral.lapse_at, window_ends_at=window_ends_at, now=now)
    if state is ReferralState.LAPSED:
        if not visit.override:
            return Reason.LAPSED
        overridden.append(Reason.LAPSED)
        if window_ends_at is not None and window_ends_at <= now:
            return Reason.EXPIRED
    elif state is ReferralState.EXPIRED:
        return Reason.EXPIRED
    elif state not in LIVE:
        return Reason.NOT_LIVE
    if referral.visited_today:
        return Reason.ALREADY_TODAY
    if first and now < referral.filed_at + timedelta(minutes=rules.lead_time_minutes):
        if not visit.override:
            return Reason.TOO_EARLY
        overridden.append(Reason.TOO_EARLY)
    if first and rules.masked:
        masked_refusal = _masked_refusal(visit)
        if masked_refusal is not None:
            return masked_refusal
    needs_free_phones = (first and rules.exclusive_from == "visit") or (
        Reason.LAPSED in overridden and rules.exclusive_from == "filing"
    )
    return Reason.PROTECTED if needs_free_phones and visit.findings.held_by_another else None


def _masked_refusal(visit: VisitFacts) -> Reason | None:
    if not visit.fits_mask:
        return Reason.PHONE_MISMATCH
    if visit.findings.own:
        return Reason.OWN_PHONE
    if visit.findings.known_to_site:
        return Reason.KNOWN_TO_SITE
    if visit.findings.already_referred:
        return Reason.ALREADY_REFERRED
    return None


def _extended(rules: Rules, window: Span, now: datetime) -> datetime:
    """The window counted from now, never past the cap from its first start, never earlier than it was."""
    end = rules.window_from(now)
    if rules.max_protection_days is not None:
        end = min(end, rules.window_from(window.starts_at, rules.max_protection_days))
    return max(end, window.ends_at)
