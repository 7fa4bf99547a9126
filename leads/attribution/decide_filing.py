"""Is a filing accepted, and what does it hold? The nine checks in their order."""

from datetime import datetime, timedelta

from leads.attribution.types import FilingDecision, FilingFacts, PhoneFindings, Rules, Span
from leads.states import Reason


def decide_filing(*, rules: Rules, facts: FilingFacts, now: datetime) -> FilingDecision:
    """Judge one filing at `now`; the first check that fails gives the reason.

    Source: domain 4.2.
    """
    reason = _first_refusal(rules, facts)
    if reason is not None:
        return FilingDecision(reason)
    lapse_at = None if rules.visit_within_hours is None else now + timedelta(hours=rules.visit_within_hours)
    claim = Span(now, rules.window_from(now)) if rules.exclusive_from == "filing" else None
    return FilingDecision(None, lapse_at, claim)


def decide_addition(*, rules: Rules, findings: PhoneFindings | None, filed_today: int, masked: bool) -> Reason | None:
    """Judge a phone added to a live referral by checks 4 to 9; None: it joins.

    `masked`: what is added is a mask, of which nothing but the daily limit can be judged.
    Source: domain 4.2, last paragraph.
    """
    if findings is None:
        return Reason.INVALID_PHONE
    return _refusal_by_phones(rules, findings, filed_today, masked)


def _first_refusal(rules: Rules, facts: FilingFacts) -> Reason | None:
    if not facts.project_open:
        return Reason.PROJECT_NOT_OPEN
    if not facts.agreement_in_force:
        return Reason.NO_AGREEMENT
    if not facts.broker_active:
        return Reason.BROKER_INACTIVE
    if facts.findings is None:
        return Reason.INVALID_PHONE
    return _refusal_by_phones(rules, facts.findings, facts.filed_today, rules.masked)


def _refusal_by_phones(rules: Rules, findings: PhoneFindings, filed_today: int, masked: bool) -> Reason | None:
    """Checks 5 to 9; a masked filing has no phone yet, so only the daily limit can refuse it."""
    if findings.own and not masked:
        return Reason.OWN_PHONE
    if rules.daily_filing_limit is not None and filed_today >= rules.daily_filing_limit:
        return Reason.LIMIT_REACHED
    if masked:
        return None
    if findings.known_to_site:
        return Reason.KNOWN_TO_SITE
    if findings.already_referred:
        return Reason.ALREADY_REFERRED
    if findings.held_by_another and rules.exclusive_from != "never":
        return Reason.PROTECTED
    return None
