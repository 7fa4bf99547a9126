"""Who holds which client: chapters 3 and 4 of the domain, read a second time.

Plain lists gone through from end to end, no product code: slow, and easy to hold against the text.
"""

from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.reference.facts import DECIMALS, Claim, Referral, fits, is_mask, phone_of

POLICY = {
    "exclusive_from": "visit",
    "protection_days": 30,
    "window_end": "exact",
    "visit_within_hours": 72,
    "lead_time_minutes": 60,
    "lookback_days": 90,
    "revisit_extends": False,
    "max_protection_days": None,
    "phone_mode": "full",
    "daily_filing_limit": None,
    "credit_days": None,
    "proxy_purchase": False,
}
DAY = timedelta(hours=24)
LIVE = ("filed", "visited")


class Refused(Exception):
    """What is asked is refused for this reason."""


class Site:
    """One project and everything that happened to it."""

    def __init__(self, scenario):
        self.zone = ZoneInfo(scenario["project"]["timezone"])
        self.policy = POLICY | scenario["project"]["policy"]
        self.agency_of = {name: agency["code"] for agency in scenario["agencies"] for name in agency["brokers"]}
        self.agreements = {agency["code"]: agency.get("agreement") for agency in scenario["agencies"]}
        self.own_phones = {phone_of(text) for text in scenario.get("broker_phones", {}).values()}
        self.referrals = {}
        self.deals = {}
        self.natural = []  # (at, phone)
        self.references = set()
        self.decimals = DECIMALS.get(scenario["project"]["currency"], 2)
        self.at = None

    def money(self, text):
        amount = Fraction(text)
        if amount * 10**self.decimals % 1:
            raise Refused("not_allowed")
        return amount

    def day(self, at):
        return at.astimezone(self.zone).date()

    def window(self, policy, start, days):
        if policy["window_end"] == "exact":
            return start + days * DAY
        last = self.day(start) + timedelta(days=days + 1)
        return datetime(last.year, last.month, last.day, tzinfo=self.zone).astimezone(start.tzinfo)

    def settle(self, at):
        """Let the clock do what it does by itself up to this instant."""
        self.at = at
        for referral in self.referrals.values():
            if referral.state in LIVE:
                now = referral.by_the_clock(referral.state, at)
                if now == "lapsed":
                    for claim in referral.claims:
                        claim.end = min(claim.end, referral.lapses_at)
                referral.state = now

    def referral(self, name):
        if name not in self.referrals:
            raise Refused("not_allowed")
        return self.referrals[name]

    def deal(self, name):
        if name not in self.deals:
            raise Refused("not_allowed")
        return self.deals[name]

    # -- filing ---------------------------------------------------------------------------------------------------

    def holder(self, phone, other_than=None):
        for referral in self.referrals.values():
            if referral is not other_than and any(claim.holds(phone, self.at) for claim in referral.claims):
                return referral
        return None

    def known_to_site(self, policy, phone, at):
        back = policy["lookback_days"] * DAY
        return bool(back) and any(seen == phone and at - back <= when <= at for when, seen in self.natural)

    def live_of(self, broker, phone, other_than=None):
        return any(
            referral.broker == broker and referral.state in LIVE and phone in referral.phones
            for referral in self.referrals.values()
            if referral is not other_than
        )

    def filed_today(self, broker):
        early = ("no_agreement", "invalid_phone", "own_phone")
        own = [referral for referral in self.referrals.values() if referral.broker == broker]
        today = [referral for referral in own if self.day(referral.filed_at) == self.day(self.at)]
        return sum(referral.reason not in early for referral in today)

    def judge_agreement(self, agency):
        agreement = self.agreements[agency]
        if agreement:
            first, last, today = agreement.get("from"), agreement.get("to"), self.day(self.at).isoformat()
            if (first and today < first) or (last and today > last):
                raise Refused("no_agreement")

    def judge_phones(self, policy, broker, texts, masked):
        """Checks 4 to 9; return the phones, none for masks."""
        phones = [] if masked else list(dict.fromkeys(map(phone_of, texts)))
        if None in phones or (masked and not all(map(is_mask, texts))):
            raise Refused("invalid_phone")
        if any(phone in self.own_phones for phone in phones):
            raise Refused("own_phone")
        limit = policy["daily_filing_limit"]
        if limit is not None and self.filed_today(broker) >= limit:
            raise Refused("limit_reached")
        if any(self.known_to_site(policy, phone, self.at) for phone in phones):
            raise Refused("known_to_site")
        if any(self.live_of(broker, phone) for phone in phones):
            raise Refused("already_referred")
        if policy["exclusive_from"] != "never" and any(self.holder(phone) for phone in phones):
            raise Refused("protected")
        return phones

    def file(self, name, broker, texts):
        if name in self.referrals or broker not in self.agency_of:
            raise Refused("not_allowed")
        masked = self.policy["phone_mode"] == "masked"
        referral = Referral(
            name, len(self.referrals), broker, self.agency_of[broker], self.policy, self.at, texts if masked else []
        )
        try:
            self.judge_agreement(referral.agency)
            referral.phones = self.judge_phones(self.policy, broker, texts, masked)
        except Refused as why:
            referral.state, referral.reason = "rejected", str(why)
            self.referrals[name] = referral
            raise
        self.referrals[name] = referral
        if referral.mode == "filing":
            self.start_claims(referral)

    def start_claims(self, referral):
        referral.first_start = self.at
        referral.end = self.window(referral.policy, self.at, referral.policy["protection_days"])
        referral.claims += [Claim(phone, self.at, referral.end) for phone in referral.phones]

    def add_phone(self, name, text):
        referral = self.referral(name)
        if referral.state not in LIVE:
            raise Refused("not_allowed")
        masked = referral.policy["phone_mode"] == "masked" and not referral.visits
        phones = self.judge_phones(referral.policy, referral.broker, [text], masked)
        if masked:
            referral.masks = [*referral.masks, text]
        referral.phones = referral.phones + phones
        if referral.end is not None:
            referral.claims += [Claim(phone, self.at, referral.end) for phone in phones]

    def withdraw(self, name):
        referral = self.referral(name)
        if referral.state not in LIVE:
            raise Refused("not_allowed")
        referral.state = "withdrawn"
        referral.release(self.at)

    # -- visits ---------------------------------------------------------------------------------------------------

    def natural_visit(self, text):
        phone = phone_of(text)
        if phone is None:
            raise Refused("invalid_phone")
        self.natural.append((self.at, phone))

    def visit(self, name, texts, override, reason):
        referral = self.referral(name)
        if override and not reason:
            raise Refused("not_allowed")
        first = not referral.visits
        lapsed = referral.state == "lapsed"
        self.judge_state(referral, lapsed, override)
        if any(self.day(visit) == self.day(self.at) for visit in referral.visits):
            raise Refused("already_today")
        lead = timedelta(minutes=referral.policy["lead_time_minutes"])
        if first and self.at < referral.filed_at + lead and not override:
            raise Refused("too_early")
        phones = referral.phones
        if first and referral.policy["phone_mode"] == "masked":
            phones = self.judge_unmasked(referral, texts)
        again = lapsed and referral.mode == "filing"
        if ((first and referral.mode == "visit") or again) and any(self.holder(phone, referral) for phone in phones):
            raise Refused("protected")
        referral.phones = phones
        referral.state = "visited"
        referral.visits.append(self.at)
        if again:
            referral.claims += [Claim(phone, self.at, referral.end) for phone in phones]
        elif first and referral.mode == "visit":
            self.start_claims(referral)
            for other in self.referrals.values():
                if other.state == "filed" and set(other.phones) & set(phones):
                    other.state = "lost"
        elif not first and referral.policy["revisit_extends"] and referral.end is not None:
            self.extend(referral)

    def judge_state(self, referral, lapsed, override):
        if lapsed and not override:
            raise Refused("lapsed")
        if referral.state == "expired" or (lapsed and referral.end is not None and referral.end <= self.at):
            raise Refused("expired")
        if referral.state not in LIVE and not lapsed:
            raise Refused("not_live")

    def judge_unmasked(self, referral, texts):
        phones = [phone_of(text) for text in texts or []]
        if len(phones) != len(referral.masks) or len(set(phones)) != len(phones):
            raise Refused("phone_mismatch")
        if not all(fits(phone, mask) for phone, mask in zip(phones, referral.masks, strict=True)):
            raise Refused("phone_mismatch")
        if any(phone in self.own_phones for phone in phones):
            raise Refused("own_phone")
        if any(self.known_to_site(referral.policy, phone, referral.filed_at) for phone in phones):
            raise Refused("known_to_site")
        if any(self.live_of(referral.broker, phone, referral) for phone in phones):
            raise Refused("already_referred")
        return phones

    def extend(self, referral):
        end = self.window(referral.policy, self.at, referral.policy["protection_days"])
        most = referral.policy["max_protection_days"]
        if most is not None:
            end = min(end, self.window(referral.policy, referral.first_start, most))
        end = max(end, referral.end)
        for claim in referral.claims:
            if claim.start <= self.at < claim.end:
                claim.end = end
        referral.end = end
