from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_platform.lib.errors import Invalid
from leads.attribution.attribute import attribute, check_decided_shares
from leads.attribution.types import BuyerPhone, Candidate, Visitor
from tests.unit.attribution.rules import NOW

DAY = timedelta(days=1)


def _phone(name="p", holder=None, candidates=(), natural=None):
    return BuyerPhone(name, holder, tuple(candidates), natural)


def _shares(*phones, visitor=None):
    return {share.referral: share.fraction for share in attribute(phones=phones, visitor=visitor, at=NOW)}


def _visitor(**differing):
    usual = {
        "referral": "V",
        "visited": True,
        "proxy_purchase": True,
        "never": False,
        "last_visited_at": NOW - DAY,
        "credit_days": None,
    }
    return Visitor(**usual | differing)


def test_the_holder_of_the_buyers_phone_has_the_deal():
    assert _shares(_phone(holder="R1")) == {"R1": 1}


def test_a_claim_comes_before_any_visit_under_never():
    assert _shares(_phone(holder="R1", candidates=[Candidate("R2", NOW, None)])) == {"R1": 1}


def test_nobody_is_found_for_an_unknown_buyer():
    assert _shares(_phone(), _phone("q")) == {}


def test_a_referral_found_by_several_phones_counts_once():
    assert _shares(_phone("a", "R1"), _phone("b", "R1"), _phone("c", "R2")) == {
        "R1": Fraction(1, 2),
        "R2": Fraction(1, 2),
    }


def test_a_phone_that_finds_nobody_takes_no_share():
    assert _shares(_phone("a", "R1"), _phone("b")) == {"R1": 1}


def test_the_latest_visit_under_never_wins():
    found = _shares(_phone(candidates=[Candidate("R1", NOW - 2 * DAY, None), Candidate("R2", NOW - DAY, None)]))
    assert found == {"R2": 1}


def test_a_visit_after_the_subscription_does_not_count():
    late = Candidate("R2", NOW + timedelta(microseconds=1), None)
    assert _shares(_phone(candidates=[Candidate("R1", NOW - DAY, None), late])) == {"R1": 1}
    assert _shares(_phone(candidates=[late])) == {}


def test_a_visit_counts_for_less_than_credit_days():
    edge = NOW - 10 * DAY
    assert _shares(_phone(candidates=[Candidate("R1", edge, 10)])) == {}
    assert _shares(_phone(candidates=[Candidate("R1", edge + timedelta(microseconds=1), 10)])) == {"R1": 1}


def test_a_later_natural_visit_takes_the_credit_away():
    visited = Candidate("R1", NOW - DAY, None)
    assert _shares(_phone(candidates=[visited], natural=NOW - timedelta(hours=1))) == {}
    assert _shares(_phone(candidates=[visited], natural=NOW - DAY)) == {"R1": 1}
    assert _shares(_phone(candidates=[visited], natural=NOW - 2 * DAY)) == {"R1": 1}


def test_a_natural_visit_takes_no_claim_away():
    assert _shares(_phone(holder="R1", natural=NOW)) == {"R1": 1}


def test_a_proxy_purchase_is_credited_where_nobody_else_is_found():
    assert _shares(_phone(), visitor=_visitor()) == {"V": 1}
    assert _shares(_phone(holder="R1"), visitor=_visitor()) == {"R1": 1}


@pytest.mark.parametrize("differing", [{"visited": False}, {"proxy_purchase": False}])
def test_a_proxy_purchase_needs_the_policy_and_a_visited_referral(differing):
    assert _shares(_phone(), visitor=_visitor(**differing)) == {}


def test_a_proxy_purchase_under_never_is_within_credit_days():
    in_time = _visitor(never=True, credit_days=10, last_visited_at=NOW - 10 * DAY + timedelta(microseconds=1))
    too_late = _visitor(never=True, credit_days=10, last_visited_at=NOW - 10 * DAY)
    other_mode = _visitor(credit_days=10, last_visited_at=NOW - 50 * DAY)
    assert [_shares(_phone(), visitor=one) for one in (in_time, too_late, other_mode)] == [{"V": 1}, {}, {"V": 1}]


@given(st.lists(st.sampled_from([None, "R1", "R2", "R3", "R4"]), min_size=1, max_size=8))
def test_shares_are_equal_and_sum_to_one_or_there_are_none(holders):
    found = _shares(*(_phone(str(i), holder) for i, holder in enumerate(holders)))
    assert set(found) == set(holders) - {None}
    assert sum(found.values()) == (1 if found else 0)
    assert len(set(found.values())) <= 1


@pytest.mark.parametrize(
    "shares",
    [
        [("R1", Fraction(1, 2))],
        [("R1", Fraction(1, 2)), ("R2", Fraction(2, 3))],
        [("R1", Fraction(0)), ("R2", Fraction(1))],
        [("R1", Fraction(-1)), ("R2", Fraction(2))],
        [("R1", Fraction(1, 2)), ("R1", Fraction(1, 2))],
    ],
)
def test_decided_shares_are_above_0_of_different_referrals_and_sum_to_1(shares):
    with pytest.raises(Invalid) as refusal:
        check_decided_shares(shares)
    assert refusal.value.code == "bad_shares"


@pytest.mark.parametrize("shares", [[], [("R1", Fraction(1))], [("R1", Fraction(1, 3)), ("R2", Fraction(2, 3))]])
def test_decided_shares_may_be_none_or_whole(shares):
    check_decided_shares(shares)
