"""A project's history judged anew, fact by fact in the order they came: what would be, had other rules held.

It keeps what is known of each phone, referral and deal, and nothing of a person: phones are the ids of their rows.
The judging is that of the services; only where they write to tables, this remembers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from channels_platform.lib import clock
from leads.attribution.attribute import attribute
from leads.attribution.decide_filing import decide_addition, decide_filing
from leads.attribution.decide_visit import decide_visit
from leads.attribution.extend import extended_end
from leads.attribution.remembered import Arrival, Claim, Filing, Standing
from leads.attribution.types import (
    BuyerPhone,
    Candidate,
    PhoneFindings,
    ReferralFacts,
    Rules,
    Span,
    VisitDecision,
    VisitFacts,
    Visitor,
)
from leads.states import LIVE, Reason, ReferralState

# What brought a referral to its state, beside the reasons of refusal.
FIRST, ELSEWHERE, BOUGHT, TAKEN_BACK, DECIDED, CANCELLED = (
    "visited_first",
    "deal_went_elsewhere",
    "deal",
    "withdrawn",
    "decision",
    "cancelled",
)
# Of the full numbers that reception entered nothing is kept where they were refused for these.
_BY_PHONES = frozenset({
    Reason.PHONE_MISMATCH, Reason.OWN_PHONE, Reason.KNOWN_TO_SITE, Reason.ALREADY_REFERRED, Reason.PROTECTED,
})  # fmt: skip


@dataclass(slots=True)
class _Phone:
    referrals: list[Standing] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    walk_ins: list[datetime] = field(default_factory=list)


@dataclass(slots=True)
class _Deal:
    phones: Sequence[Any]
    shares: dict[Any, Fraction]
    cancelled: bool = False


class Replay:
    """One reading of a history, under the rules that each filing is given with."""

    def __init__(self) -> None:
        self.referrals: dict[Any, Standing] = {}
        self.deals: dict[Any, _Deal] = {}
        self.unjudged: set[Any] = set()
        self._phones: dict[Any, _Phone] = {}
        self._deals_of: dict[Any, set[Any]] = {}

    # ---- what happens, in order ----

    def file(self, filing: Filing, rules: Rules) -> Standing:
        """Judge a filing, also one that was refused.

        Source: domain 4.2.
        """
        now, facts = filing.at, filing.facts
        phones = () if rules.masked else filing.phones
        if facts.findings is not None:
            found = self._findings(filing.broker, rules, phones, now, now, None)
            facts = replace(facts, findings=replace(found, own=facts.findings.own))
        decision = decide_filing(rules=rules, facts=facts, now=now)
        state = ReferralState.REJECTED if decision.reason else ReferralState.FILED
        one = Standing(filing.referral, filing.broker, rules, now, state, decision.reason or "", decision.lapse_at)
        one.because = (one.reason, None)
        one.masks = len(filing.phones) if rules.masked else 0
        self.referrals[filing.referral] = one
        if decision.reason is None:
            self._join(one, phones)
            if decision.claim is not None:
                one.window = decision.claim
                self._claim(one, phones, decision.claim, decision.lapse_at)
        return one

    def add(self, referral: Any, phone: Any, filed_today: int, now: datetime) -> None:
        """Judge a phone that joined; one that was refused is not on record.

        Source: domain 4.2, last paragraph.
        """
        one = self.referrals.get(referral)
        if one is None or one.state_at(now) not in LIVE:
            return
        masked = one.rules.masked and not one.visits
        findings = PhoneFindings()
        if not masked:
            found = self._findings(one.broker, one.rules, [phone], now, now, one)
            findings = replace(found, already_referred=found.already_referred or phone in one.phones)
        if decide_addition(rules=one.rules, findings=findings, filed_today=filed_today, masked=masked) is not None:
            return
        if masked:
            one.masks += 1
            return
        self._join(one, [phone])
        held = next((claim for claim in one.claims if claim.starts_at <= now and claim.live_at(now)), None)
        if held is not None:
            self._claim(one, [phone], Span(now, held.ends_at), held.lapses_at)

    def withdraw(self, referral: Any, now: datetime) -> None:
        one = self.referrals.get(referral)
        if one is None or one.state_at(now) not in LIVE:
            return
        _release(one.claims, now)
        one.state, one.because = ReferralState.WITHDRAWN, (TAKEN_BACK, None)

    def extend(self, referral: Any, days: int, now: datetime) -> None:
        """Let protection end later, as a manager did; within these rules' own cap."""
        one = self.referrals.get(referral)
        if one is None or one.window is None or one.state_at(now) not in LIVE:
            return
        held = [claim for claim in one.claims if claim.starts_at <= now and claim.live_at(now)]
        end = extended_end(rules=one.rules, window=one.window, days=days)
        if end is None or not held:
            return
        one.window = Span(one.window.starts_at, end)
        for claim in held:
            claim.ends_at = end

    def hand_over(self, referral: Any, broker: Any) -> None:
        """Give the client to a colleague of its broker; what was filed until then stays whose it was."""
        if referral in self.referrals:
            self.referrals[referral].broker = broker

    def walk_in(self, phone: Any, at: datetime) -> None:
        self._phone(phone).walk_ins.append(at)

    def arrive(self, arrival: Arrival) -> None:
        """Judge an arrival, also one that was refused.

        Source: domain 4.3.
        """
        one = self.referrals.get(arrival.referral)
        if one is None:
            return
        now, rules = arrival.at, one.rules
        unmasking = rules.masked and not one.visits
        phones = list(arrival.phones[: one.masks]) if unmasking else one.phones
        unknown = unmasking and (None in phones or arrival.reason in _BY_PHONES)
        decision = self._judge_arrival(one, arrival, [] if unknown else phones)
        self._settle(one, now)
        if unknown and decision.reason is None:
            self.unjudged.add(one.key)
            return
        one.turned_away = decision.reason or ""
        if decision.reason is not None:
            return
        if unmasking:
            self._join(one, phones)
        one.visits.append(now)
        if decision.claim is not None and one.window is None:
            one.window = decision.claim
        if decision.extend_to is not None and one.window is not None:
            one.window = Span(one.window.starts_at, decision.extend_to)
        _keep_from_lapsing(one.claims)
        if decision.claim is not None:
            self._claim(one, phones, decision.claim, None)
        if decision.extend_to is not None:
            for claim in one.claims:
                if claim.starts_at <= now and claim.live_at(now):
                    claim.ends_at = decision.extend_to
        one.state, one.because = ReferralState.VISITED, ("", None)
        if decision.claim is not None and decision.first:
            self._lose_rivals(one, phones, now)

    def subscribe(
        self, deal: Any, *, phones: Sequence[Any], visitor: Any | None, at: datetime, now: datetime
    ) -> dict[Any, Fraction]:
        """Attribute a deal as of `at`, entered at `now`.

        Source: domain 4.4.
        """
        buyers = [self._buyer(phone, at) for phone in phones]
        shares = attribute(phones=buyers, visitor=self._visitor(visitor, at), at=at)
        parts = {share.referral: share.fraction for share in shares}
        self.deals[deal] = _Deal(phones, parts)
        for key in parts:
            self._deals_of.setdefault(key, set()).add(deal)
            self._win(self.referrals[key], (BOUGHT, deal), now)
        concerned = {one.key: one for phone in phones for one in self._phone(phone).referrals if one.filed_at <= at}
        for key, one in concerned.items():
            if key not in parts and self._settle(one, now) in LIVE:
                one.state, one.because = ReferralState.LOST, (ELSEWHERE, deal)
        return parts

    def cancel(self, deal: Any, now: datetime) -> None:
        """Give a cancelled deal's referrals the state they had, by the clock of `now`.

        Source: domain 4.2.
        """
        ended = self.deals.get(deal)
        if ended is None:
            return
        ended.cancelled = True
        for key in ended.shares:
            one = self.referrals[key]
            self._deals_of[key].discard(deal)
            if one.state is not ReferralState.WON or self._has_deal(key):
                continue
            one.state = one.before_won or ReferralState.FILED
            one.state, one.because = one.state_at(now), (CANCELLED, deal)
            open_claims = [claim for claim in one.claims if claim.released_at is None and claim.ends_at > now]
            for claim in open_claims:
                if one.state is ReferralState.LAPSED:
                    claim.released_at = min(max(now, claim.starts_at), claim.ends_at)
                elif one.state is ReferralState.FILED:
                    claim.lapses_at = one.lapse_at

    def decide(self, deal: Any, shares: dict[Any, Fraction], now: datetime) -> None:
        """Put a decision's shares in place of a deal's: what people decided stays as decided.

        Source: domain 4.4.
        """
        decided = self.deals.get(deal)
        if decided is None:
            return
        before, wanted = decided.shares, {key: part for key, part in shares.items() if key in self.referrals}
        decided.shares = wanted
        for key in before:
            self._deals_of[key].discard(deal)
        for key in wanted:
            self._deals_of.setdefault(key, set()).add(deal)
            if key not in before:
                self._win(self.referrals[key], (DECIDED, deal), now)
        for key in before:
            if key not in wanted:
                self._take_out(self.referrals[key], deal, now)

    # ---- how it is judged ----

    def _judge_arrival(self, one: Standing, arrival: Arrival, phones: Sequence[Any]) -> VisitDecision:
        now, zone = arrival.at, one.rules.zone
        today = clock.local_date(now, zone)
        facts = ReferralFacts(
            state=one.state,
            filed_at=one.filed_at,
            lapse_at=one.lapse_at,
            window=one.window,
            visited_before=bool(one.visits),
            visited_today=any(clock.local_date(visit, zone) == today for visit in one.visits[-1:]),
        )
        found = self._findings(one.broker, one.rules, phones, now, one.filed_at, one)
        visit = VisitFacts(
            fits_mask=arrival.fits_mask, findings=replace(found, own=arrival.own), override=arrival.override
        )
        return decide_visit(rules=one.rules, referral=facts, visit=visit, now=now)

    def _findings(
        self,
        broker: Any,
        rules: Rules,
        phones: Iterable[Any],
        now: datetime,
        natural_as_of: datetime,
        besides: Standing | None,
    ) -> PhoneFindings:
        """Find what the services find of phones (`services.judging`); `own` is for the caller to say."""
        known = [self._phone(phone) for phone in phones]
        seen_from = natural_as_of - timedelta(hours=24 * rules.lookback_days)
        return PhoneFindings(
            known_to_site=bool(rules.lookback_days)
            and any(seen_from <= at <= natural_as_of for phone in known for at in phone.walk_ins),
            already_referred=any(
                one.broker == broker and one is not besides and one.state_at(now) in LIVE
                for phone in known
                for one in phone.referrals
            ),
            held_by_another=any(
                claim.live_at(now) and (besides is None or claim.referral != besides.key)
                for phone in known
                for claim in phone.claims
            ),
        )

    def _buyer(self, phone: Any, at: datetime) -> BuyerPhone:
        known = self._phone(phone)
        holder = next((claim.referral for claim in known.claims if claim.holds_at(at)), None)
        candidates = []
        for one in sorted(known.referrals, key=lambda one: (one.filed_at, str(one.key))):
            last = one.last_visit(at)
            if one.rules.exclusive_from == "never" and one.state is not ReferralState.WITHDRAWN and last is not None:
                candidates.append(Candidate(one.key, last, one.rules.credit_days))
        natural = max((seen for seen in known.walk_ins if seen <= at), default=None)
        return BuyerPhone(phone, holder, tuple(candidates), natural)

    def _visitor(self, referral: Any | None, at: datetime) -> Visitor | None:
        one = self.referrals.get(referral)
        if one is None:
            return None
        last = one.last_visit(at)
        return Visitor(
            referral=one.key,
            visited=one.state_at(at) is ReferralState.VISITED and last is not None,
            proxy_purchase=one.rules.proxy_purchase,
            never=one.rules.exclusive_from == "never",
            last_visited_at=last,
            credit_days=one.rules.credit_days,
        )

    # ---- what comes of it ----

    def _phone(self, phone: Any) -> _Phone:
        return self._phones.setdefault(phone, _Phone())

    def _join(self, one: Standing, phones: Iterable[Any]) -> None:
        for phone in phones:
            one.phones.append(phone)
            self._phone(phone).referrals.append(one)

    def _claim(self, one: Standing, phones: Iterable[Any], span: Span, lapses_at: datetime | None) -> None:
        for phone in phones:
            claim = Claim(one.key, phone, span.starts_at, span.ends_at, lapses_at)
            one.claims.append(claim)
            self._phone(phone).claims.append(claim)

    def _settle(self, one: Standing, now: datetime) -> ReferralState:
        """Write down a lapse or expiry that already happened."""
        state = one.state_at(now)
        if state is not one.state:
            one.state, one.because = state, ("", None)
            for claim in one.claims:
                lapses_at = claim.lapses_at
                if claim.released_at is None and lapses_at is not None and lapses_at <= now < claim.ends_at:
                    claim.released_at = max(lapses_at, claim.starts_at)
        return state

    def _lose_rivals(self, winner: Standing, phones: Iterable[Any], now: datetime) -> None:
        for phone in phones:
            for rival in self._phone(phone).referrals:
                if rival is not winner and self._settle(rival, now) is ReferralState.FILED:
                    rival.state, rival.because = ReferralState.LOST, (FIRST, winner.key)

    def _win(self, one: Standing, because: tuple[str, Any], now: datetime) -> None:
        self._settle(one, now)
        if one.state is ReferralState.WON:
            return
        one.before_won, one.state, one.because = one.state, ReferralState.WON, because
        _keep_from_lapsing(one.claims)

    def _take_out(self, one: Standing, deal: Any, now: datetime) -> None:
        _release([claim for claim in one.claims if claim.phone in self.deals[deal].phones], now)
        after = ReferralState.REJECTED if one.reason else ReferralState.LOST
        if self._has_deal(one.key):
            one.before_won = after
        elif one.state is ReferralState.WON:
            one.state, one.because = after, (DECIDED, deal)

    def _has_deal(self, referral: Any) -> bool:
        return bool(self._deals_of.get(referral))


def _release(claims: Iterable[Claim], now: datetime) -> None:
    for claim in claims:
        if claim.live_at(now):
            claim.released_at = max(now, claim.starts_at)


def _keep_from_lapsing(claims: Iterable[Claim]) -> None:
    for claim in claims:
        if claim.released_at is None:
            claim.lapses_at = None
