"""What of advances is settled: by what is released first, then what is pending no more."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissions.engine.advances import fee_of, settle

cents = st.integers(-10_000, 10_000).map(lambda n: Decimal(n) / 100)
positive = st.integers(0, 10_000).map(lambda n: Decimal(n) / 100)


@pytest.mark.parametrize(
    ("outstanding", "pending", "free", "released", "beyond"),
    [
        ("40", "100", "0", "0", "0"),  # nothing is released yet
        ("40", "50", "50", "40", "0"),  # half is released: all of it is settled
        ("40", "90", "10", "10", "0"),  # as far as it goes
        ("40", "0", "0", "0", "40"),  # cancelled: owed back
        ("40", "10", "20", "20", "10"),  # released, and the rest beyond what is pending
        ("40", "100", "-5", "0", "0"),  # what is owed back settles nothing
        ("0", "100", "50", "0", "0"),
    ],
)
def test_what_is_released_settles_first_and_what_is_beyond_pending_is_owed(
    outstanding, pending, free, released, beyond
):
    found = settle(outstanding=Decimal(outstanding), pending=Decimal(pending), free=Decimal(free))
    assert (found.released, found.beyond) == (Decimal(released), Decimal(beyond))


@given(positive, positive, cents)
def test_outstanding_is_never_negative_and_never_beyond_pending(outstanding, pending, free):
    found = settle(outstanding=outstanding, pending=pending, free=free)
    left = outstanding - found.released - found.beyond
    assert 0 <= left <= pending
    assert found.released <= max(free, 0)


def test_a_fee_is_rounded_half_up_once():
    assert fee_of(Decimal("100.50"), Decimal("0.01"), "CNY") == Decimal("1.01")
    assert fee_of(Decimal("100.49"), Decimal("0.01"), "CNY") == Decimal("1.00")
    assert fee_of(Decimal("1050"), Decimal("0.01"), "JPY") == Decimal("11")
