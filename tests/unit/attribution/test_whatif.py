"""A history read anew, with no database: what is kept of phones is judged as the services judge it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from leads.attribution.remembered import Arrival, Filing
from leads.attribution.types import FilingFacts, PhoneFindings, Rules
from leads.attribution.whatif import Replay
from leads.states import ReferralState

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
LI, WANG = 1, 2
RULES = Rules(
    exclusive_from="visit",
    protection_days=30,
    window_end="exact",
    visit_within_hours=72,
    lead_time_minutes=0,
    lookback_days=90,
    revisit_extends=False,
    max_protection_days=None,
    masked=False,
    daily_filing_limit=None,
    credit_days=None,
    proxy_purchase=False,
    zone=ZoneInfo("Asia/Shanghai"),
)


def _at(**span: float) -> datetime:
    return START + timedelta(**span)


def _file(replay: Replay, name: str, *phones: int, at: datetime = START, filed_today: int = 0, **rules: Any) -> str:
    """File a client and return the reason, '' where it is accepted."""
    facts = FilingFacts(True, True, True, filed_today, PhoneFindings())
    filing = Filing(name, f"broker of {name}", at, phones, facts)
    return replay.file(filing, replace(RULES, **rules)).reason


def _arrive(replay: Replay, name: str, *, at: datetime, override: bool = False, **facts: Any) -> None:
    known = {"reason": "", "fits_mask": True, "own": False, "phones": ()} | facts
    replay.arrive(Arrival(name, at, override=override, **known))


def _states(replay: Replay, at: datetime) -> dict[str, ReferralState]:
    return {name: one.state_at(at) for name, one in replay.referrals.items()}


def test_first_visit_claims_and_makes_rivals_lost() -> None:
    replay = Replay()
    _file(replay, "a", LI)
    _file(replay, "b", LI)
    _arrive(replay, "b", at=_at(hours=1))
    assert _states(replay, _at(hours=2)) == {"a": "lost", "b": "visited"}
    assert _file(replay, "c", LI, at=_at(days=30)) == "protected"
    assert _file(replay, "d", LI, at=_at(days=30, hours=1)) == ""


def test_claim_ends_with_the_lapse_and_at_its_own_instant() -> None:
    replay = Replay()
    _file(replay, "a", LI, exclusive_from="filing")
    assert _file(replay, "b", LI, at=_at(hours=72, seconds=-1), exclusive_from="filing") == "protected"
    assert _file(replay, "c", LI, at=_at(hours=72), exclusive_from="filing") == ""


def test_walk_in_counts_closed_at_the_far_end() -> None:
    replay = Replay()
    replay.walk_in(LI, START)
    assert _file(replay, "a", LI, at=_at(days=90)) == "known_to_site"
    assert _file(replay, "b", LI, at=_at(days=90, seconds=1)) == ""
    assert _file(replay, "c", LI, at=_at(days=1), lookback_days=0) == ""


def test_limit_comes_before_what_phones_tell() -> None:
    replay = Replay()
    replay.walk_in(LI, START)
    assert _file(replay, "a", LI, filed_today=1, daily_filing_limit=2) == "known_to_site"
    assert _file(replay, "b", LI, filed_today=2, daily_filing_limit=2) == "limit_reached"
    assert _file(replay, "c", WANG, filed_today=2) == ""


def test_phone_added_at_the_limit_joins_nothing() -> None:
    replay = Replay()
    _file(replay, "a", LI, exclusive_from="filing", daily_filing_limit=1)
    replay.add("a", WANG, 1, _at(hours=1))
    replay.add("a", 3, 0, _at(hours=2))
    assert replay.referrals["a"].phones == [LI, 3]


def test_added_phone_is_claimed_to_the_end_of_the_same_window() -> None:
    replay = Replay()
    _file(replay, "a", LI)
    _arrive(replay, "a", at=_at(hours=1))
    replay.add("a", WANG, 1, _at(days=10))
    assert replay.subscribe("deal", phones=[WANG], visitor=None, at=_at(days=29), now=_at(days=29)) == {"a": 1}
    assert _file(replay, "b", WANG, at=_at(days=30, hours=1)) == ""


def test_two_phones_of_two_referrals_split_the_deal() -> None:
    replay = Replay()
    for name, phone in (("a", LI), ("b", WANG)):
        _file(replay, name, phone)
        _arrive(replay, name, at=_at(hours=1))
    half = Fraction(1, 2)
    shares = replay.subscribe("deal", phones=[LI, WANG], visitor=None, at=_at(days=1), now=_at(days=1))
    assert shares == {"a": half, "b": half}
    replay.cancel("deal", _at(days=31))
    assert _states(replay, _at(days=31)) == {"a": "expired", "b": "expired"}


def test_backdated_deal_sees_the_claims_of_its_own_instant() -> None:
    replay = Replay()
    _file(replay, "a", LI)
    _arrive(replay, "a", at=_at(hours=1))
    assert replay.subscribe("deal", phones=[LI], visitor=None, at=_at(days=20), now=_at(days=40)) == {"a": 1}
    assert _states(replay, _at(days=40)) == {"a": "won"}


def test_withdrawn_referral_lets_its_phones_go() -> None:
    replay = Replay()
    _file(replay, "a", LI, exclusive_from="filing")
    replay.withdraw("a", _at(hours=1))
    assert _file(replay, "b", LI, at=_at(hours=1), exclusive_from="filing") == ""


def test_decided_shares_stay_and_who_is_taken_out_has_lost() -> None:
    replay = Replay()
    _file(replay, "a", LI)
    _file(replay, "b", WANG)
    _arrive(replay, "a", at=_at(hours=1))
    replay.subscribe("deal", phones=[LI], visitor=None, at=_at(days=1), now=_at(days=1))
    replay.decide("deal", {"b": Fraction(1)}, _at(days=2))
    assert _states(replay, _at(days=2)) == {"a": "lost", "b": "won"}
    assert replay.deals["deal"].shares == {"b": 1}
    assert _file(replay, "c", LI, at=_at(days=2)) == ""


@pytest.mark.parametrize("reason", ["known_to_site", "already_referred", "protected"])
def test_arrival_refused_for_numbers_nobody_kept_is_not_judged_anew(reason: str) -> None:
    replay = Replay()
    _file(replay, "a", LI, masked=True)
    _arrive(replay, "a", at=_at(hours=1), reason=reason, phones=(None,))
    assert replay.unjudged == {"a"}
    assert _states(replay, _at(hours=2)) == {"a": "filed"}


def test_visit_keeps_the_claim_from_lapsing() -> None:
    replay = Replay()
    _file(replay, "a", LI, exclusive_from="filing")
    _arrive(replay, "a", at=_at(hours=1))
    assert _file(replay, "b", LI, at=_at(hours=73), exclusive_from="filing") == "protected"


def test_cancelled_deal_ends_the_claims_of_a_lapsed_one_at_the_cancellation() -> None:
    replay = Replay()
    _file(replay, "a", LI, exclusive_from="filing")
    replay.subscribe("deal", phones=[LI], visitor=None, at=_at(hours=1), now=_at(hours=1))
    replay.cancel("deal", _at(hours=100))
    assert _states(replay, _at(hours=100)) == {"a": "lapsed"}
    assert replay.subscribe("again", phones=[LI], visitor=None, at=_at(hours=90), now=_at(hours=110)) == {"a": 1}
    assert replay.subscribe("third", phones=[LI], visitor=None, at=_at(hours=100), now=_at(hours=110)) == {}
