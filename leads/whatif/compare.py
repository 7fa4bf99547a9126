"""One history under two sets of rules: as they were, and as they might have been.

The reading under the rules as they were is the check on the reading: what does not come out of it as it is on record
(facts of old days that were not kept, rows corrected since) stays as it was decided, and is counted as such.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from leads.attribution.kept_facts import facts_behind, read_filing, read_instant
from leads.attribution.remembered import Arrival, Filing, Standing
from leads.attribution.stakes import moved_part
from leads.attribution.types import Rules
from leads.attribution.whatif import Replay
from leads.states import DealState, Reason, ReferralState, state_by_clock
from leads.whatif.facts import Fact


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a referral stands, and what brought it there: the reason of a refusal, another referral, a deal.

    `turned_away`: why its last arrival did not count.
    """

    state: str
    reason: str = ""
    because: str = ""
    by: str = ""
    turned_away: str = ""

    @property
    def code(self) -> str:
        return f"{self.state}:{self.reason}" if self.state == ReferralState.REJECTED else self.state


@dataclass(frozen=True, slots=True)
class ReferralChange:
    referral: str
    number: str
    agency: str
    before: Outcome
    after: Outcome


@dataclass(frozen=True, slots=True)
class DealChange:
    """`moved`: price × the part that changes hands; `by_agency`: price × share gained, or lost, of each agency."""

    deal: str
    number: str
    price: Decimal
    before: dict[str, Fraction]
    after: dict[str, Fraction]
    moved: Fraction
    by_agency: dict[str, Fraction]


@dataclass(slots=True)
class Comparison:
    """What comes of other rules. `kept`: what stays as decided, by why."""

    filings: int = 0
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    referrals: list[ReferralChange] = field(default_factory=list)
    deals: list[DealChange] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)
    unclear: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Known:
    number: str
    agency: str
    state: ReferralState
    reason: str
    phones: list[Any]
    joined: int
    counted: bool


@dataclass(slots=True)
class _Deal:
    number: str
    price: Decimal
    shares: dict[str, Fraction]
    live: bool
    decided: bool = False


class Comparer:
    """Takes facts one by one and reads them under both sets of rules."""

    def __init__(
        self, *, rules: dict[str, Rules], other: Rules | None, first: date | None, last: date | None, now: datetime
    ) -> None:
        """`rules`: those of each policy version; `other`: for what was filed from `first` to `last`, both included."""
        self._rules, self._other, self._first, self._last, self._now = rules, other, first, last, now
        self._was, self._would = Replay(), Replay()
        self._known: dict[str, _Known] = {}
        self._deals: dict[str, _Deal] = {}
        self._kept: Counter[str] = Counter()
        self._take: dict[str, Callable[[Fact], None]] = {
            "filed": self._filed,
            "visit": self._visited,
            "walk_in": self._walked_in,
            "deal": self._subscribed,
            "decided": self._decided,
            "handed_over": lambda fact: self._both(lambda r: r.hand_over(fact.subject, fact.recorded["broker"])),
            "referral.withdrawn": lambda fact: self._both(lambda r: r.withdraw(fact.subject, fact.at)),
            "referral.extended": lambda fact: self._both(
                lambda r: r.extend(fact.subject, fact.recorded["days"], fact.at)
            ),
            "referral.phone_added": self._added,
            "deal.cancelled": lambda fact: self._both(lambda r: r.cancel(fact.subject, fact.at)),
            "phone.refused": lambda fact: self._kept.update(["phone_refused"]),
        }

    def take(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            self._take[fact.kind](fact)

    def _both(self, do: Callable[[Replay], Any]) -> None:
        do(self._was)
        do(self._would)

    def _filed(self, fact: Fact) -> None:
        recorded = fact.recorded
        phones = recorded["phones"] or []
        joined = len(phones) - recorded["added"]
        own = self._rules[recorded["policy"]]
        filed_on = date.fromisoformat(recorded["on"])
        counted = (self._first is None or filed_on >= self._first) and (self._last is None or filed_on <= self._last)
        state = state_by_clock(
            state=recorded["state"],
            lapse_at=read_instant(recorded["lapse_at"]),
            window_ends_at=read_instant(recorded["window_ends_at"]),
            now=self._now,
        )
        self._known[fact.subject] = _Known(
            recorded["number"], recorded["agency"], state, recorded["reason"], phones, joined, counted
        )
        judged = recorded["judged"]
        facts = facts_behind(recorded["reason"]) if judged is None else read_filing(judged)
        facts = replace(facts, filed_today=recorded["filed_today"])
        filing = Filing(fact.subject, recorded["broker"], fact.at, phones[:joined], facts)
        self._was.file(filing, own)
        self._would.file(filing, self._other_rules(own) if counted else own)

    def _other_rules(self, own: Rules) -> Rules:
        """The other rules for a filing made under `own`: how its phones were filed is a fact and stays."""
        if self._other is None:
            return own
        if own.masked and self._other.exclusive_from == "filing":
            self._kept["masked"] += 1
            return own
        return replace(self._other, masked=own.masked)

    def _added(self, fact: Fact) -> None:
        known = self._known.get(fact.subject)
        if known is None or known.joined >= len(known.phones):
            return
        phone, filed_today = known.phones[known.joined], fact.recorded["filed_today"]
        known.joined += 1
        self._both(lambda replay: replay.add(fact.subject, phone, filed_today, fact.at))

    def _visited(self, fact: Fact) -> None:
        recorded, known = fact.recorded, self._known.get(fact.subject)
        if known is None:
            return
        reason = recorded["reason"]
        if recorded["override"]:
            self._kept["overridden"] += 1
        fits = recorded["fits"] if recorded["fits"] is not None else reason != Reason.PHONE_MISMATCH
        own = recorded["own"] if recorded["own"] is not None else reason == Reason.OWN_PHONE
        arrival = Arrival(fact.subject, fact.at, reason, recorded["override"], fits, own, known.phones)
        self._both(lambda replay: replay.arrive(arrival))

    def _walked_in(self, fact: Fact) -> None:
        phone, at = int(fact.subject), datetime.fromisoformat(fact.recorded["at"])
        self._both(lambda replay: replay.walk_in(phone, at))

    def _subscribed(self, fact: Fact) -> None:
        recorded = fact.recorded
        kept = recorded["kept"]
        phones = [one["phone"] for one in kept] if kept is not None else recorded["buyers"] or []
        at = datetime.fromisoformat(recorded["at"])
        self._deals[fact.subject] = _Deal(
            recorded["number"],
            Decimal(recorded["price"]),
            _parts(recorded["shares"]),
            recorded["state"] != DealState.CANCELLED,
        )
        self._both(
            lambda replay: replay.subscribe(
                fact.subject, phones=phones, visitor=recorded["visitor"], at=at, now=fact.at
            )
        )

    def _decided(self, fact: Fact) -> None:
        if fact.subject in self._deals:
            self._deals[fact.subject].decided = True
        shares = _parts(fact.recorded["shares"])
        self._both(lambda replay: replay.decide(fact.subject, shares, fact.at))

    # ---- the result ----

    def result(self) -> Comparison:
        """Return what changes."""
        result = Comparison(kept=self._kept.copy())
        for key, known in self._known.items():
            was = self._outcome(self._was, key)
            would = self._outcome(self._would, key)
            unsure = (was.state, was.reason) != (known.state, known.reason) or self._by_unknown_phones(key)
            if unsure:
                result.kept["unclear"] += known.counted
                result.unclear.append(f"{known.number}: {known.state}, read as {was.state}")
                was = would = Outcome(known.state, known.reason)
            if known.counted:
                result.filings += 1
                result.before[was.code] += 1
                result.after[would.code] += 1
            if (was.state, was.reason) != (would.state, would.reason):
                result.referrals.append(ReferralChange(key, known.number, known.agency, was, would))
        for key, deal in self._deals.items():
            self._compare_deal(key, deal, result)
        return result

    def _compare_deal(self, key: str, deal: _Deal, result: Comparison) -> None:
        if deal.decided:
            result.kept["decided"] += 1
        was, would = self._was.deals[key].shares, self._would.deals[key].shares
        if was != deal.shares:
            result.kept["deal_unclear"] += 1
            result.unclear.append(deal.number)
        elif was != would and deal.live:
            price = Fraction(deal.price)
            gained: dict[str, Fraction] = {}
            for parts, sign in ((was, -1), (would, 1)):
                for referral, part in parts.items():
                    agency = self._known[referral].agency
                    gained[agency] = gained.get(agency, Fraction(0)) + sign * part * price
            by_agency = {agency: amount for agency, amount in gained.items() if amount}
            moved = price * moved_part(was, would)
            result.deals.append(
                DealChange(key, deal.number, deal.price, self._numbered(was), self._numbered(would), moved, by_agency)
            )

    def _by_unknown_phones(self, key: str) -> bool:
        """Whether other rules would look at full numbers that nobody kept."""
        unlike = self._would.referrals[key].rules != self._was.referrals[key].rules
        return unlike and key in self._would.unjudged

    def _numbered(self, parts: dict[str, Fraction]) -> dict[str, Fraction]:
        return {self._known[referral].number: part for referral, part in parts.items()}

    def _outcome(self, replay: Replay, key: str) -> Outcome:
        one: Standing = replay.referrals[key]
        state = one.state_at(self._now)
        because, by = one.because if state is one.state else ("", None)
        return Outcome(str(state), str(one.reason), because, self._name(by), str(one.turned_away))

    def _name(self, key: Any) -> str:
        if key in self._known:
            return self._known[key].number
        return self._deals[key].number if key in self._deals else ""


def _parts(shares: dict[str, str] | None) -> dict[str, Fraction]:
    return {referral: Fraction(part) for referral, part in (shares or {}).items()}
