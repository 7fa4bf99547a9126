"""Why a filing or a visit was judged as it was: its checks in order, and the one fact that would turn it.

Nothing is guessed: a check is shown as asked where it can refuse under these rules, and a fact is named only where the
rules, run again with that fact changed and all others as they were, come to the other outcome.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from leads.attribution.decide_filing import decide_filing
from leads.attribution.decide_visit import decide_visit
from leads.attribution.types import FilingFacts, PhoneFindings, ReferralFacts, Rules, VisitFacts
from leads.states import LIVE, Reason, ReferralState

ACCEPTED = ""
TICK = timedelta(microseconds=1)
PASSED, FAILED, NOT_ASKED, NOT_REACHED = "passed", "failed", "not_asked", "not_reached"

FILING_CHECKS = (
    Reason.PROJECT_NOT_OPEN,
    Reason.NO_AGREEMENT,
    Reason.BROKER_INACTIVE,
    Reason.INVALID_PHONE,
    Reason.OWN_PHONE,
    Reason.LIMIT_REACHED,
    Reason.KNOWN_TO_SITE,
    Reason.ALREADY_REFERRED,
    Reason.PROTECTED,
)
VISIT_CHECKS = (
    Reason.LAPSED,
    Reason.EXPIRED,
    Reason.NOT_LIVE,
    Reason.ALREADY_TODAY,
    Reason.TOO_EARLY,
    Reason.PHONE_MISMATCH,
    Reason.OWN_PHONE,
    Reason.KNOWN_TO_SITE,
    Reason.ALREADY_REFERRED,
    Reason.PROTECTED,
)
_FOUND = {
    Reason.OWN_PHONE: "own",
    Reason.KNOWN_TO_SITE: "known_to_site",
    Reason.ALREADY_REFERRED: "already_referred",
    Reason.PROTECTED: "held_by_another",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One check, in its order: `passed`, `failed`, `not_asked` under these rules, or `not_reached`."""

    name: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Flip:
    """The one fact whose change turns the outcome: what it was, what it would be, and what comes of it then.

    `inputs` are what the rules were run with again.
    """

    fact: str
    was: Any
    becomes: Any
    outcome: str
    inputs: Any


@dataclass(frozen=True, slots=True)
class Explanation:
    """`outcome` is '' for accepted, else the reason; `flip` is None where no single fact turns it."""

    outcome: str
    checks: tuple[Check, ...]
    flip: Flip | None


@dataclass(frozen=True, slots=True)
class FilingInputs:
    rules: Rules
    facts: FilingFacts
    now: datetime

    def outcome(self) -> str:
        return decide_filing(rules=self.rules, facts=self.facts, now=self.now).reason or ACCEPTED


@dataclass(frozen=True, slots=True)
class VisitInputs:
    rules: Rules
    referral: ReferralFacts
    visit: VisitFacts
    now: datetime

    def outcome(self) -> str:
        decided = decide_visit(rules=self.rules, referral=self.referral, visit=self.visit, now=self.now)
        return decided.reason or ACCEPTED


_Change = tuple[str, Any, Any, Any]


def explain_filing(*, rules: Rules, facts: FilingFacts, now: datetime) -> Explanation:
    """Explain the judgement of a filing.

    Source: domain 4.2.
    """
    inputs = FilingInputs(rules, facts, now)
    clean = replace(inputs, facts=FilingFacts(True, True, True, 0, PhoneFindings()))
    asked = {
        check
        for check in FILING_CHECKS
        if any(changed.outcome() == check for *_, changed in _filing_changes(clean, check, bad=True))
    }
    if not rules.lookback_days:
        asked.discard(Reason.KNOWN_TO_SITE)
    return _explained(inputs, FILING_CHECKS, asked, _filing_changes)


def explain_visit(*, rules: Rules, referral: ReferralFacts, visit: VisitFacts, now: datetime) -> Explanation:
    """Explain the judgement of an arrival.

    Source: domain 4.3.
    """
    inputs = VisitInputs(rules, _before_the_sweep(referral), visit, now)
    if inputs.outcome() != VisitInputs(rules, referral, visit, now).outcome():
        inputs = replace(inputs, referral=referral)
    asked = {check for check in VISIT_CHECKS if _visit_asks(rules, inputs.referral, check)}
    return _explained(inputs, VISIT_CHECKS, asked, _visit_changes)


def _explained(
    inputs: Any, order: Sequence[Reason], asked: set[Reason], changes: Callable[..., Iterator[_Change]]
) -> Explanation:
    outcome = inputs.outcome()
    checks = []
    reached = True
    for check in order:
        if check == outcome:
            checks.append(Check(check, FAILED))
            reached = False
        elif check not in asked:
            checks.append(Check(check, NOT_ASKED))
        else:
            checks.append(Check(check, PASSED if reached else NOT_REACHED))
    tried = (outcome,) if outcome else tuple(check for check in reversed(order) if check in asked)
    return Explanation(outcome, tuple(checks), _first_flip(inputs, outcome, tried, changes))


def _first_flip(
    inputs: Any, outcome: str, tried: Sequence[str], changes: Callable[..., Iterator[_Change]]
) -> Flip | None:
    """Return the first change that turns accepted into refused or the other way round."""
    for check in tried:
        for fact, was, becomes, changed in changes(inputs, check, bad=not outcome):
            came = changed.outcome()
            if (came == ACCEPTED) != (outcome == ACCEPTED):
                return Flip(fact, was, becomes, came, changed)
    return None


# ---- a filing's facts ----


def _filing_changes(inputs: FilingInputs, check: str, *, bad: bool) -> Iterator[_Change]:
    """Yield the one change of a fact that makes the check fail (`bad`) or pass."""
    facts, limit = inputs.facts, inputs.rules.daily_filing_limit
    plain = {
        Reason.PROJECT_NOT_OPEN: "project_open",
        Reason.NO_AGREEMENT: "agreement_in_force",
        Reason.BROKER_INACTIVE: "broker_active",
    }
    if check in plain:
        name = plain[Reason(check)]
        changes: dict[str, Any] = {name: not bad}
        yield name, getattr(facts, name), not bad, replace(inputs, facts=replace(facts, **changes))
    elif check == Reason.INVALID_PHONE:
        findings = None if bad else PhoneFindings()
        yield "phones_valid", bad, not bad, replace(inputs, facts=replace(facts, findings=findings))
    elif check == Reason.LIMIT_REACHED:
        if limit is not None:
            count = limit if bad else limit - 1
            yield "filed_today", facts.filed_today, count, replace(inputs, facts=replace(facts, filed_today=count))
    elif facts.findings is not None:
        name = _FOUND[Reason(check)]
        findings = replace(facts.findings, **{name: bad})
        yield name, getattr(facts.findings, name), bad, replace(inputs, facts=replace(facts, findings=findings))


# ---- an arrival's facts ----


def _before_the_sweep(referral: ReferralFacts) -> ReferralFacts:
    """Return the referral as it stood before a lapse or expiry was written down: the instants say the same."""
    if referral.state == ReferralState.LAPSED:
        return replace(referral, state=ReferralState.FILED)
    if referral.state == ReferralState.EXPIRED:
        return replace(referral, state=_live_state(referral))
    return referral


def _live_state(referral: ReferralFacts) -> ReferralState:
    return ReferralState.VISITED if referral.visited_before else ReferralState.FILED


def _visit_asks(rules: Rules, referral: ReferralFacts, check: Reason) -> bool:
    """Whether a check can refuse an arrival of this referral: an otherwise clean one, with that one fact bad."""
    clean = VisitInputs(
        rules,
        replace(referral, state=_live_state(referral), visited_today=False),
        VisitFacts(fits_mask=True, findings=PhoneFindings(), override=False),
        _clean_arrival(rules, referral),
    )
    return any(changed.outcome() == check for *_, changed in _visit_changes(clean, check, bad=True))


def _clean_arrival(rules: Rules, referral: ReferralFacts) -> datetime:
    return referral.filed_at + timedelta(minutes=0 if referral.visited_before else rules.lead_time_minutes)


def _visit_changes(inputs: VisitInputs, check: str, *, bad: bool) -> Iterator[_Change]:
    """Yield the changes of one fact that may make the check fail (`bad`) or pass; an arrival's instant is a fact."""
    referral, visit, rules = inputs.referral, inputs.visit, inputs.rules
    if check in (Reason.LAPSED, Reason.EXPIRED):
        window_end = referral.window.ends_at if referral.window else None
        end = referral.lapse_at if check == Reason.LAPSED else window_end
        if end is not None:
            moment = end if bad else end - TICK
            yield "arrived_at", inputs.now, moment, replace(inputs, now=moment)
    elif check == Reason.TOO_EARLY:
        ready = referral.filed_at + timedelta(minutes=rules.lead_time_minutes)
        moment = ready - TICK if bad else ready
        yield "arrived_at", inputs.now, moment, replace(inputs, now=moment)
    elif check == Reason.NOT_LIVE:
        state = ReferralState.WITHDRAWN if bad else _live_state(referral)
        if bad or referral.state not in LIVE:
            yield "state", referral.state, state, replace(inputs, referral=replace(referral, state=state))
    elif check == Reason.ALREADY_TODAY:
        changed = replace(inputs, referral=replace(referral, visited_today=bad))
        yield "visited_today", referral.visited_today, bad, changed
    elif check == Reason.PHONE_MISMATCH:
        yield "fits_mask", visit.fits_mask, not bad, replace(inputs, visit=replace(visit, fits_mask=not bad))
    else:
        name = _FOUND[Reason(check)]
        findings = replace(visit.findings, **{name: bad})
        yield name, getattr(visit.findings, name), bad, replace(inputs, visit=replace(visit, findings=findings))
