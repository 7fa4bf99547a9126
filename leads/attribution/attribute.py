"""Who gets the deal: decided from the buyers' own phones at the instant of subscription."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from channels_platform.lib.errors import Invalid
from leads.attribution.types import BuyerPhone, Candidate, Share, Visitor

FINEST_SHARE = 1_000_000_000


def attribute(*, phones: Sequence[BuyerPhone], visitor: Visitor | None, at: datetime) -> tuple[Share, ...]:
    """Return the shares of a deal subscribed at `at`; empty: a natural deal.

    Shape:  distinct referrals, equal fractions that sum to 1.
    Source: domain 4.4.
    """
    found: dict[Any, str] = {}
    for phone in phones:
        if phone.holder is not None:
            found.setdefault(phone.holder, "claim")
            continue
        latest = _latest_credited(phone, at)
        if latest is not None:
            found.setdefault(latest.referral, "latest_visit")
    if not found and visitor is not None and _credited_by_proxy(visitor, at):
        found[visitor.referral] = "proxy_purchase"
    return tuple(Share(referral, Fraction(1, len(found)), because) for referral, because in found.items())


def _latest_credited(phone: BuyerPhone, at: datetime) -> Candidate | None:
    counting = [c for c in phone.candidates if _within_credit(c.last_visited_at, c.credit_days, at)]
    latest = max(counting, key=lambda candidate: candidate.last_visited_at, default=None)
    natural = phone.last_natural_visit_at
    if latest is None or (natural is not None and natural > latest.last_visited_at):
        return None
    return latest


def _credited_by_proxy(visitor: Visitor, at: datetime) -> bool:
    if not (visitor.proxy_purchase and visitor.visited):
        return False
    if not visitor.never:
        return True
    return visitor.last_visited_at is not None and _within_credit(visitor.last_visited_at, visitor.credit_days, at)


def _within_credit(visited_at: datetime, credit_days: int | None, at: datetime) -> bool:
    if visited_at > at:
        return False
    return credit_days is None or at < visited_at + timedelta(hours=24 * credit_days)


def check_decided_shares(shares: Sequence[tuple[Any, Fraction]]) -> None:
    """Refuse decided shares unless they are above 0, of distinct referrals, and sum to exactly 1 (or none).

    Raises: Invalid `bad_shares`.
    """
    if not shares:
        return
    fractions = [fraction for _, fraction in shares]
    distinct = len({referral for referral, _ in shares}) == len(shares)
    if not distinct or any(f <= 0 for f in fractions) or sum(fractions) != 1:
        raise Invalid("shares must be above 0, of different referrals, and sum to 1", code="bad_shares", field="shares")
    if any(fraction.denominator > FINEST_SHARE for fraction in fractions):
        raise Invalid("shares are no finer than a billionth", code="bad_shares", field="shares")
