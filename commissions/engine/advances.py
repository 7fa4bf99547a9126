"""Advances (垫佣): what is charged for one, and what of them is settled when."""

from dataclasses import dataclass
from decimal import Decimal

from channels_platform.lib.money import round_half_up

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Settling:
    """What is no longer outstanding: `released` out of what became payable, `beyond` what is pending no more."""

    released: Decimal
    beyond: Decimal


def fee_of(amount: Decimal, rate: Decimal, currency: str) -> Decimal:
    """Return the fee of an advance, rounded half-up to the currency's minor unit."""
    return round_half_up(amount * rate, currency)


def settle(*, outstanding: Decimal, pending: Decimal, free: Decimal) -> Settling:
    """Return what of `outstanding` is settled now.

    `pending`: what deals still have pending; `free`: what became payable since, as far as the next payout would take
    it. First comes what is free. What is advanced beyond what is pending is owed back at once, so that what stays
    outstanding never exceeds it.
    """
    released = min(max(free, _NOTHING), max(outstanding, _NOTHING))
    beyond = max(outstanding - released - max(pending, _NOTHING), _NOTHING)
    return Settling(released, beyond)
