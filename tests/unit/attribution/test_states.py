from datetime import timedelta
from itertools import product

from leads.states import LIVE, REFERRAL_MOVES, Reason, ReferralState, reason_for_agency, state_by_clock
from tests.unit.attribution.rules import NOW

PAST, NEXT = NOW - timedelta(seconds=1), NOW + timedelta(seconds=1)


def _state(state, lapse_at=None, window_ends_at=None):
    return state_by_clock(state=state, lapse_at=lapse_at, window_ends_at=window_ends_at, now=NOW)


def test_a_filing_lapses_at_the_instant_and_not_before():
    assert [_state("filed", lapse) for lapse in (NEXT, NOW, PAST, None)] == ["filed", "lapsed", "lapsed", "filed"]


def test_a_window_ends_at_the_instant_and_not_before():
    assert [_state("visited", None, end) for end in (NEXT, NOW, PAST)] == ["visited", "expired", "expired"]
    assert _state("filed", None, NOW) == "expired"


def test_a_visited_referral_does_not_lapse():
    assert _state("visited", PAST, NEXT) == "visited"


def test_of_a_lapse_and_a_windows_end_the_earlier_happened_and_at_one_instant_the_lapse():
    earlier = PAST - timedelta(seconds=1)
    assert _state("filed", earlier, PAST) == "lapsed"
    assert _state("filed", PAST, earlier) == "expired"
    assert _state("filed", PAST, PAST) == "lapsed"
    assert _state("filed", PAST, NEXT) == "lapsed"
    assert _state("filed", NEXT, PAST) == "expired"


def test_the_clock_changes_live_states_only():
    for state in set(ReferralState) - LIVE:
        assert _state(state, PAST, PAST) == state


def test_no_move_leads_back_to_filed_but_from_won():
    assert {was for was, to in REFERRAL_MOVES if to == "filed"} == {"won"}
    assert {was for was, to in REFERRAL_MOVES if to == "visited"} == {"filed", "lapsed", "won"}
    assert {was for was, to in REFERRAL_MOVES if to == "rejected"} == {"won"}
    gone = {"rejected", "expired", "withdrawn", "lost"}
    assert not {(was, to) for was, to in product(gone, ReferralState) if to != "won"} & REFERRAL_MOVES


def test_agencies_read_one_reason_for_a_known_and_for_a_protected_client():
    assert {reason for reason in Reason if reason_for_agency(reason) != reason} == {"known_to_site", "protected"}
    assert reason_for_agency("known_to_site") == reason_for_agency("protected") == "unavailable"
