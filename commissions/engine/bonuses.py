"""Bonuses: an amount per deal, laid over all its shares to the last cent."""

from collections.abc import Sequence
from decimal import Decimal

from channels_platform.lib.money import split_minor, to_minor
from commissions.engine.types import ShareFact


def bonus_parts(amount: Decimal, shares: Sequence[ShareFact], currency: str) -> tuple[int, ...]:
    """Return each share's part of a bonus, in minor units.

    The amount is laid over all the deal's shares by largest remainder, whichever plans they fall under;
    ties go to the earlier-filed referral, so `shares` must stand in that order (`in_filing_order`).
    Shape:  as many parts as shares, summing to the amount; () for a natural deal.
    Source: domain 6.4.
    """
    if not shares:
        return ()
    if len(shares) == 1:
        return (to_minor(amount, currency),)
    return split_minor(to_minor(amount, currency), [share.fraction for share in shares])


def in_filing_order(shares: Sequence[ShareFact]) -> Sequence[ShareFact]:
    """Return the shares by their referral's filed_at, then number."""
    if len(shares) < 2:
        return shares
    return sorted(shares, key=lambda share: (share.filed_at, share.referral_number))
