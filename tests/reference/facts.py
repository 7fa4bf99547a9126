"""The things the reference reckons with: phones, referrals with their claims, deals."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

import phonenumbers

DECIMALS = {"JPY": 0, "KRW": 0, "KWD": 3}


def phone_of(text):
    """Return the E.164 form of a spelling, None where it is no possible and valid number."""
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return None
    if not (phonenumbers.is_possible_number(number) and phonenumbers.is_valid_number(number)):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_mask(text):
    return re.fullmatch(r"\d{3}\*{4}\d{4}", text) is not None


def fits(phone, mask):
    return re.fullmatch(re.escape("+86" + mask[:3]) + r"\d{4}" + mask[-4:], phone or "") is not None


@dataclass
class Claim:
    phone: str
    start: datetime
    end: datetime

    def holds(self, phone, at):
        return self.phone == phone and self.start <= at < self.end


@dataclass
class Referral:
    name: str
    order: int
    broker: str
    agency: str
    policy: dict
    filed_at: datetime
    masks: list
    phones: list = field(default_factory=list)
    state: str = "filed"
    reason: str = ""
    before: str = ""  # while won: what it is without a deal
    visits: list = field(default_factory=list)
    claims: list = field(default_factory=list)
    first_start: datetime | None = None
    end: datetime | None = None

    @property
    def mode(self):
        return self.policy["exclusive_from"]

    @property
    def lapses_at(self):
        hours = self.policy["visit_within_hours"]
        return None if hours is None else self.filed_at + timedelta(hours=hours)

    def by_the_clock(self, state, at):
        """Return what a live state is at this instant: itself, lapsed or expired, whichever came first."""
        ends = []
        if state == "filed" and self.lapses_at is not None and self.lapses_at <= at:
            ends.append((self.lapses_at, 0, "lapsed"))
        if self.end is not None and self.end <= at:
            ends.append((self.end, 1, "expired"))
        return min(ends)[2] if ends else state

    def release(self, at, phones=None):
        for claim in self.claims:
            if claim.start <= at < claim.end and (phones is None or claim.phone in phones):
                claim.end = at


@dataclass
class Deal:
    name: str
    subscribed_at: datetime
    price: Fraction
    method: str
    first_payment: Fraction
    loan: Fraction | None
    buyers: list
    shares: dict
    state: str = "subscribed"
    contracted_at: datetime | None = None
    handed_over_at: datetime | None = None
    payments_at_handover: int = 0  # events of one instant stand in file order, so the instant does not tell
    payments: list = field(default_factory=list)  # (source, amount)
    unit: dict | None = None
