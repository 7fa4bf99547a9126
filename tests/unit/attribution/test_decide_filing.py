from datetime import UTC, datetime, timedelta

import pytest

from leads.attribution.decide_filing import decide_addition, decide_filing
from leads.attribution.types import FilingFacts, PhoneFindings
from tests.unit.attribution.rules import NOW, rules

CLEAN = PhoneFindings()
GOOD = {"project_open": True, "agreement_in_force": True, "broker_active": True, "filed_today": 0, "findings": CLEAN}
# From the last check to the first: each adds one more fault, and its reason hides the later ones'.
FAULTS = [
    ("protected", "held_by_another"),
    ("already_referred", "already_referred"),
    ("known_to_site", "known_to_site"),
    ("limit_reached", None),
    ("own_phone", "own"),
    ("invalid_phone", None),
    ("broker_inactive", None),
    ("no_agreement", None),
    ("project_not_open", None),
]


def _facts(reasons):
    found = PhoneFindings(**{finding: True for reason, finding in FAULTS if finding and reason in reasons})
    return FilingFacts(
        project_open="project_not_open" not in reasons,
        agreement_in_force="no_agreement" not in reasons,
        broker_active="broker_inactive" not in reasons,
        filed_today=3 if "limit_reached" in reasons else 0,
        findings=None if "invalid_phone" in reasons else found,
    )


@pytest.mark.parametrize("count", range(1, len(FAULTS) + 1))
def test_the_first_check_that_fails_gives_the_reason(count):
    reasons = [reason for reason, _ in FAULTS[:count]]
    decision = decide_filing(rules=rules(daily_filing_limit=3), facts=_facts(reasons), now=NOW)
    assert (decision.reason, decision.lapse_at, decision.claim) == (reasons[-1], None, None)


@pytest.mark.parametrize("reason", [reason for reason, _ in FAULTS])
def test_each_fault_alone_is_its_reason(reason):
    assert decide_filing(rules=rules(daily_filing_limit=3), facts=_facts([reason]), now=NOW).reason == reason


def test_in_mode_filing_an_accepted_filing_claims_its_window_at_once():
    decision = decide_filing(
        rules=rules(exclusive_from="filing", protection_days=15), facts=FilingFacts(**GOOD), now=NOW
    )
    assert decision.reason is None
    assert (decision.claim.starts_at, decision.claim.ends_at) == (NOW, NOW + timedelta(days=15))
    assert decision.lapse_at == NOW + timedelta(hours=72)


@pytest.mark.parametrize("mode", ["visit", "never"])
def test_in_the_other_modes_a_filing_claims_nothing(mode):
    decision = decide_filing(rules=rules(exclusive_from=mode), facts=FilingFacts(**GOOD), now=NOW)
    assert (decision.reason, decision.claim) == (None, None)


def test_without_a_limit_in_hours_a_filing_never_lapses():
    assert decide_filing(rules=rules(visit_within_hours=None), facts=FilingFacts(**GOOD), now=NOW).lapse_at is None


def test_the_limit_is_reached_by_as_many_filings_as_it_says():
    limited = rules(daily_filing_limit=2)
    found = [
        decide_filing(rules=limited, facts=FilingFacts(**GOOD | {"filed_today": filed}), now=NOW).reason
        for filed in (0, 1, 2, 3)
    ]
    assert found == [None, None, "limit_reached", "limit_reached"]


def test_a_filing_under_never_is_not_judged_by_anothers_claim():
    facts = FilingFacts(**GOOD | {"findings": PhoneFindings(held_by_another=True)})
    assert decide_filing(rules=rules(exclusive_from="never"), facts=facts, now=NOW).reason is None


def test_a_masked_filing_passes_checks_1_to_4_and_6_only():
    masked = rules(masked=True, daily_filing_limit=1)
    everything = PhoneFindings(own=True, known_to_site=True, already_referred=True, held_by_another=True)
    reasons = {
        "passes": GOOD | {"findings": everything},
        "limit_reached": GOOD | {"findings": everything, "filed_today": 1},
        "invalid_phone": GOOD | {"findings": None, "filed_today": 1},
    }
    found = {
        name: decide_filing(rules=masked, facts=FilingFacts(**facts), now=NOW).reason for name, facts in reasons.items()
    }
    assert found == {"passes": None, "limit_reached": "limit_reached", "invalid_phone": "invalid_phone"}


@pytest.mark.parametrize(("reason", "finding"), [pair for pair in FAULTS if pair[1]])
def test_an_added_phone_is_judged_by_the_checks_of_phones(reason, finding):
    found = decide_addition(rules=rules(), findings=PhoneFindings(**{finding: True}), filed_today=0, masked=False)
    assert found == reason


def test_an_added_phone_meets_the_limit_and_what_does_not_parse():
    limited = rules(daily_filing_limit=1)
    assert decide_addition(rules=limited, findings=CLEAN, filed_today=1, masked=False) == "limit_reached"
    assert decide_addition(rules=limited, findings=None, filed_today=1, masked=False) == "invalid_phone"
    assert decide_addition(rules=limited, findings=CLEAN, filed_today=0, masked=False) is None


def test_windows_are_counted_in_the_projects_zone():
    late = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)
    by_day = rules(exclusive_from="filing", protection_days=1, window_end="end_of_day")
    decision = decide_filing(rules=by_day, facts=FilingFacts(**GOOD), now=late)
    assert decision.claim.ends_at == datetime(2026, 3, 3, 16, 0, tzinfo=UTC)
