from datetime import timedelta

import pytest

from leads.attribution.decide_visit import decide_visit
from leads.attribution.types import PhoneFindings, ReferralFacts, Span, VisitFacts
from tests.unit.attribution.rules import NOW, rules

FILED = NOW - timedelta(hours=5)
WINDOW = Span(FILED, FILED + timedelta(days=30))


def _referral(**differing):
    usual = {
        "state": "filed",
        "filed_at": FILED,
        "lapse_at": FILED + timedelta(hours=72),
        "window": None,
        "visited_before": False,
        "visited_today": False,
    }
    return ReferralFacts(**usual | differing)


def _visit(*, override=False, fits=True, **findings):
    return VisitFacts(fits_mask=fits, findings=PhoneFindings(**findings), override=override)


def _reason(policy, referral, visit, now=NOW):
    return decide_visit(rules=policy, referral=referral, visit=visit, now=now).reason


EVERYTHING = {"own": True, "known_to_site": True, "already_referred": True, "held_by_another": True}
MASKED = rules(masked=True, lead_time_minutes=600)
# One referral with every fault; each step takes the first of them away.
STEPS = [
    ("lapsed", {"lapse_at": NOW, "visited_today": True}, {"fits": False, **EVERYTHING}, MASKED),
    ("expired", {"state": "expired", "visited_today": True}, {"fits": False, **EVERYTHING}, MASKED),
    ("not_live", {"state": "lost", "visited_today": True}, {"fits": False, **EVERYTHING}, MASKED),
    ("already_today", {"visited_today": True}, {"fits": False, **EVERYTHING}, MASKED),
    ("too_early", {}, {"fits": False, **EVERYTHING}, MASKED),
    ("phone_mismatch", {}, {"fits": False, **EVERYTHING}, rules(masked=True)),
    ("own_phone", {}, EVERYTHING, rules(masked=True)),
    ("known_to_site", {}, EVERYTHING | {"own": False}, rules(masked=True)),
    ("already_referred", {}, {"already_referred": True, "held_by_another": True}, rules(masked=True)),
    ("protected", {}, {"held_by_another": True}, rules(masked=True)),
    (None, {}, {}, rules(masked=True)),
]


@pytest.mark.parametrize(("reason", "referral", "visit", "policy"), STEPS, ids=[str(step[0]) for step in STEPS])
def test_the_first_check_that_fails_gives_the_reason(reason, referral, visit, policy):
    assert _reason(policy, _referral(**referral), _visit(**visit)) == reason


@pytest.mark.parametrize("state", ["won", "rejected", "withdrawn", "lost"])
def test_only_a_live_referral_is_visited(state):
    assert _reason(rules(), _referral(state=state), _visit(override=True)) == "not_live"


def test_a_visit_at_the_lapse_instant_is_too_late():
    lapse = FILED + timedelta(hours=72)
    tick = timedelta(microseconds=1)
    assert _reason(rules(), _referral(), _visit(), lapse - tick) is None
    assert _reason(rules(), _referral(), _visit(), lapse) == "lapsed"


def test_a_visit_exactly_the_lead_time_after_filing_is_in_time():
    ready = FILED + timedelta(minutes=60)
    assert _reason(rules(), _referral(), _visit(), ready - timedelta(microseconds=1)) == "too_early"
    assert _reason(rules(), _referral(), _visit(), ready) is None


def test_the_lead_time_is_asked_of_the_first_visit_only():
    again = _referral(state="visited", visited_before=True)
    assert _reason(rules(lead_time_minutes=600), again, _visit()) is None


def test_the_mask_is_asked_of_the_first_visit_only():
    again = _referral(state="visited", visited_before=True)
    assert _reason(rules(masked=True), again, _visit(fits=False, **EVERYTHING)) is None


def test_a_full_filing_is_not_judged_again_by_the_checks_of_phones():
    known = _visit(own=True, known_to_site=True, already_referred=True)
    assert _reason(rules(), _referral(), known) is None


@pytest.mark.parametrize("mode", ["never", "filing"])
def test_anothers_claim_refuses_a_first_visit_in_mode_visit_only(mode):
    assert _reason(rules(exclusive_from=mode), _referral(), _visit(held_by_another=True)) is None


def test_at_one_instant_the_lapse_comes_before_the_expiry():
    both = _referral(lapse_at=NOW, window=Span(FILED, NOW))
    assert _reason(rules(exclusive_from="filing"), both, _visit()) == "lapsed"


def test_an_expiry_before_the_lapse_is_what_happened():
    both = _referral(lapse_at=NOW, window=Span(FILED, NOW - timedelta(seconds=1)))
    assert _reason(rules(exclusive_from="filing"), both, _visit()) == "expired"


def test_an_override_sets_aside_the_lead_time_and_the_lapse():
    decision = decide_visit(
        rules=rules(lead_time_minutes=600), referral=_referral(lapse_at=NOW), visit=_visit(override=True), now=NOW
    )
    assert decision.reason is None
    assert decision.overridden == ("lapsed", "too_early")
    assert decision.claim == Span(NOW, NOW + timedelta(days=30))


@pytest.mark.parametrize(
    ("reason", "differing", "visit"),
    [
        ("already_today", {"visited_today": True}, {}),
        ("protected", {}, {"held_by_another": True}),
        ("expired", {"state": "expired"}, {}),
    ],
)
def test_an_override_sets_nothing_else_aside(reason, differing, visit):
    assert _reason(rules(), _referral(**differing), _visit(override=True, **visit)) == reason


def test_an_overridden_lapse_in_mode_filing_claims_to_the_windows_original_end():
    policy = rules(exclusive_from="filing")
    lapsed = _referral(lapse_at=NOW - timedelta(hours=1), window=WINDOW)
    decision = decide_visit(rules=policy, referral=lapsed, visit=_visit(override=True), now=NOW)
    assert (decision.reason, decision.claim, decision.extend_to) == (None, Span(NOW, WINDOW.ends_at), None)


def test_an_overridden_lapse_in_mode_filing_needs_free_phones():
    policy = rules(exclusive_from="filing")
    lapsed = _referral(lapse_at=NOW - timedelta(hours=1), window=WINDOW)
    assert _reason(policy, lapsed, _visit(override=True, held_by_another=True)) == "protected"


def test_an_overridden_lapse_is_expired_once_the_window_is_over():
    policy = rules(exclusive_from="filing")
    lapsed = _referral(state="lapsed", lapse_at=NOW - timedelta(hours=2), window=Span(FILED, NOW))
    assert _reason(policy, lapsed, _visit(override=True)) == "expired"


def _again(**differing):
    usual = {"state": "visited", "visited_before": True, "window": WINDOW}
    return _referral(**usual | differing)


def test_a_re_visit_counts_the_window_from_now():
    decision = decide_visit(rules=rules(revisit_extends=True), referral=_again(), visit=_visit(), now=NOW)
    assert decision.extend_to == NOW + timedelta(days=30)


def test_a_re_visit_never_passes_the_cap_from_the_first_start():
    capped = rules(revisit_extends=True, max_protection_days=30)
    assert decide_visit(rules=capped, referral=_again(), visit=_visit(), now=NOW).extend_to == WINDOW.ends_at


def test_a_re_visit_never_shortens_the_window():
    shorter = rules(revisit_extends=True, protection_days=1)
    assert decide_visit(rules=shorter, referral=_again(), visit=_visit(), now=NOW).extend_to == WINDOW.ends_at


def test_the_cap_is_counted_in_whole_days_where_windows_are():
    by_day = rules(revisit_extends=True, max_protection_days=31, window_end="end_of_day")
    late = FILED + timedelta(days=29)
    decision = decide_visit(rules=by_day, referral=_again(lapse_at=None), visit=_visit(), now=late)
    assert decision.extend_to == by_day.window_from(FILED, 31)


def test_without_extension_a_re_visit_moves_no_end():
    decision = decide_visit(rules=rules(), referral=_again(), visit=_visit(), now=NOW)
    assert (decision.reason, decision.claim, decision.extend_to) == (None, None, None)


def test_the_first_visit_is_no_re_visit():
    policy = rules(exclusive_from="filing", revisit_extends=True)
    decision = decide_visit(rules=policy, referral=_referral(window=WINDOW), visit=_visit(), now=NOW)
    assert (decision.claim, decision.extend_to) == (None, None)


def test_a_first_visit_under_never_claims_nothing():
    decision = decide_visit(rules=rules(exclusive_from="never"), referral=_referral(), visit=_visit(), now=NOW)
    assert (decision.reason, decision.claim) == (None, None)
