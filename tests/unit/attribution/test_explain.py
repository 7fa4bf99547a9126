"""Explanations: each check as judged, and the fact named really turns the outcome, alone."""

from dataclasses import fields, is_dataclass
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leads.attribution.decide_filing import decide_filing
from leads.attribution.decide_visit import decide_visit
from leads.attribution.explain import FilingInputs, VisitInputs, explain_filing, explain_visit
from leads.attribution.explain_deal import DealInputs, explain_deal
from leads.attribution.types import (
    BuyerPhone,
    Candidate,
    FilingFacts,
    PhoneFindings,
    ReferralFacts,
    Span,
    VisitFacts,
    Visitor,
)
from leads.states import ReferralState
from tests.unit.attribution.rules import NOW, rules

MANY = settings(max_examples=400, deadline=None)
WITHIN = st.integers(-40, 40).map(lambda hours: NOW + timedelta(hours=hours))
FINDINGS = st.builds(
    PhoneFindings, own=st.booleans(), known_to_site=st.booleans(), already_referred=st.booleans(),
    held_by_another=st.booleans(),
)  # fmt: skip
RULES = st.builds(
    rules,
    exclusive_from=st.sampled_from(["never", "visit", "filing"]),
    lead_time_minutes=st.sampled_from([0, 60, 180]),
    lookback_days=st.sampled_from([0, 90]),
    masked=st.booleans(),
    daily_filing_limit=st.sampled_from([None, 1, 3]),
)


def differing(one, other):
    """Return the leaves in which two inputs differ."""
    if is_dataclass(one) and is_dataclass(other) and type(one) is type(other):
        return [leaf for part in fields(one) for leaf in differing(getattr(one, part.name), getattr(other, part.name))]
    if isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        return [leaf for a, b in zip(one, other, strict=True) for leaf in differing(a, b)]
    return [] if one == other else [(one, other)]


FILINGS = st.builds(
    FilingFacts,
    project_open=st.booleans(),
    agreement_in_force=st.booleans(),
    broker_active=st.booleans(),
    filed_today=st.integers(0, 4),
    findings=st.none() | FINDINGS,
)


@MANY
@given(rules=RULES, facts=FILINGS)
def test_the_fact_named_turns_a_filing_alone(rules, facts):
    said = explain_filing(rules=rules, facts=facts, now=NOW)
    assert said.outcome == (decide_filing(rules=rules, facts=facts, now=NOW).reason or "")
    if said.flip is None:
        return
    again = decide_filing(rules=rules, facts=said.flip.inputs.facts, now=NOW).reason
    assert bool(again) != bool(said.outcome)
    assert said.flip.outcome == (again or "")
    assert len(differing(FilingInputs(rules, facts, NOW), said.flip.inputs)) == 1


@MANY
@given(rules=RULES, facts=FILINGS)
def test_no_fact_is_named_only_where_none_turns_a_refused_filing(rules, facts):
    said = explain_filing(rules=rules, facts=facts, now=NOW)
    if said.flip is not None or not said.outcome:
        return
    good = [
        {"project_open": True}, {"agreement_in_force": True}, {"broker_active": True}, {"filed_today": 0},
        {"findings": PhoneFindings()},
    ]  # fmt: skip
    if facts.findings is not None:
        good.pop()  # a single finding is a fact; all of them are not one
        names = ("own", "known_to_site", "already_referred", "held_by_another")
        good += [
            {"findings": PhoneFindings(**{n: getattr(facts.findings, n) and n != name for n in names})}
            for name in names
        ]
    values = {part.name: getattr(facts, part.name) for part in fields(facts)}
    for change in good:
        assert decide_filing(rules=rules, facts=FilingFacts(**values | change), now=NOW).reason is not None


@MANY
@given(rules=RULES, facts=FILINGS)
def test_checks_before_the_reason_passed_and_none_after_it_is_judged(rules, facts):
    said = explain_filing(rules=rules, facts=facts, now=NOW)
    verdicts = [check.verdict for check in said.checks]
    if said.outcome:
        place = [check.name for check in said.checks].index(said.outcome)
        assert verdicts[place] == "failed"
        assert set(verdicts[:place]) <= {"passed", "not_asked"}
        assert set(verdicts[place + 1 :]) <= {"not_reached", "not_asked"}
    else:
        assert set(verdicts) <= {"passed", "not_asked"}


def test_what_the_rules_do_not_ask_is_said_so():
    clean = FilingFacts(True, True, True, 0, PhoneFindings())
    said = explain_filing(rules=rules(exclusive_from="never", lookback_days=0), facts=clean, now=NOW)
    asked = {check.name: check.verdict for check in said.checks}
    assert [name for name, verdict in asked.items() if verdict == "not_asked"] == [
        "limit_reached", "known_to_site", "protected",
    ]  # fmt: skip
    masked = explain_filing(rules=rules(masked=True), facts=clean, now=NOW)
    assert {c.name for c in masked.checks if c.verdict == "not_asked"} >= {"own_phone", "known_to_site", "protected"}


def test_two_faults_leave_no_single_fact():
    facts = FilingFacts(False, False, True, 0, PhoneFindings())
    assert explain_filing(rules=rules(), facts=facts, now=NOW).flip is None


@pytest.mark.parametrize(
    ("facts", "fact", "becomes"),
    [
        (FilingFacts(False, True, True, 0, PhoneFindings()), "project_open", True),
        (FilingFacts(True, True, True, 3, PhoneFindings()), "filed_today", 2),
        (FilingFacts(True, True, True, 0, None), "phones_valid", True),
        (FilingFacts(True, True, True, 0, PhoneFindings(held_by_another=True)), "held_by_another", False),
        (FilingFacts(True, True, True, 0, PhoneFindings()), "held_by_another", True),
    ],
)
def test_the_fact_is_named(facts, fact, becomes):
    flip = explain_filing(rules=rules(daily_filing_limit=3), facts=facts, now=NOW).flip
    assert (flip.fact, flip.becomes) == (fact, becomes)
    assert flip.was != flip.becomes


REFERRALS = st.builds(
    ReferralFacts,
    state=st.sampled_from([str(state) for state in ReferralState]),
    filed_at=st.integers(0, 40).map(lambda hours: NOW - timedelta(hours=hours)),
    lapse_at=st.none() | WITHIN,
    window=st.none() | WITHIN.map(lambda end: Span(NOW - timedelta(days=30), end)),
    visited_before=st.booleans(),
    visited_today=st.booleans(),
)
ARRIVALS = st.builds(VisitFacts, fits_mask=st.booleans(), findings=FINDINGS, override=st.booleans())


@MANY
@given(rules=RULES, referral=REFERRALS, visit=ARRIVALS)
def test_the_fact_named_turns_a_visit_alone(rules, referral, visit):
    said = explain_visit(rules=rules, referral=referral, visit=visit, now=NOW)
    assert said.outcome == (decide_visit(rules=rules, referral=referral, visit=visit, now=NOW).reason or "")
    if said.flip is None:
        return
    changed = said.flip.inputs
    again = decide_visit(rules=rules, referral=changed.referral, visit=changed.visit, now=changed.now).reason
    assert bool(again) != bool(said.outcome)
    # a lapse or an end that was written down is the clock's word, not a fact of its own
    leaves = differing(VisitInputs(rules, referral, visit, NOW), changed)
    assert len([one for one in leaves if one[0] not in ("lapsed", "expired")]) <= 1 <= len(leaves)


def test_a_client_too_early_would_have_been_in_time_at_the_lead_times_end():
    filed = NOW - timedelta(minutes=42)
    referral = ReferralFacts("filed", filed, NOW + timedelta(hours=72), None, False, False)
    said = explain_visit(rules=rules(), referral=referral, visit=VisitFacts(True, PhoneFindings(), False), now=NOW)
    assert (said.outcome, said.flip.fact, said.flip.becomes) == ("too_early", "arrived_at", filed + timedelta(hours=1))


def test_a_lapsed_filing_would_have_been_in_time_before_it_lapsed_also_once_that_is_written_down():
    lapse = NOW - timedelta(hours=1)
    for state in ("filed", "lapsed"):
        referral = ReferralFacts(state, NOW - timedelta(days=4), lapse, None, False, False)
        said = explain_visit(rules=rules(), referral=referral, visit=VisitFacts(True, PhoneFindings(), False), now=NOW)
        assert (said.outcome, said.flip.fact, said.flip.becomes) == (
            "lapsed", "arrived_at", lapse - timedelta(microseconds=1),
        )  # fmt: skip


NAMES = st.sampled_from(["A", "B", "C"])
CANDIDATES = st.lists(
    st.builds(Candidate, referral=NAMES, last_visited_at=WITHIN, credit_days=st.sampled_from([None, 1, 30])),
    max_size=3, unique_by=lambda one: one.referral,
).map(tuple)  # fmt: skip
PHONES = st.lists(
    st.builds(
        BuyerPhone, phone=st.just("p"), holder=st.none() | NAMES, candidates=CANDIDATES,
        last_natural_visit_at=st.none() | st.integers(-40, 0).map(lambda hours: NOW + timedelta(hours=hours)),
    ),
    min_size=1, max_size=3,
).map(tuple)  # fmt: skip
VISITORS = st.none() | st.builds(
    Visitor, referral=NAMES, visited=st.booleans(), proxy_purchase=st.booleans(), never=st.booleans(),
    last_visited_at=st.none() | WITHIN, credit_days=st.sampled_from([None, 1, 30]),
)  # fmt: skip


@MANY
@given(phones=PHONES, visitor=VISITORS, referral=NAMES, never=st.booleans(), own=st.booleans())
def test_the_fact_named_gives_or_takes_a_part_of_a_deal(phones, visitor, referral, never, own):
    said = explain_deal(phones=phones, visitor=visitor, at=NOW, referral=referral, never=never, own_facts_only=own)
    parts = DealInputs(phones, visitor, NOW).parts()
    assert said.part == parts.get(referral, Fraction(0))
    if said.flip is not None:
        assert (referral in said.flip.inputs.parts()) != (referral in parts)
        assert said.flip.inputs != DealInputs(phones, visitor, NOW)
    else:
        assert referral in parts, "a referral without a part always has a fact that gives it one"
    if own and said.flip is not None and referral not in parts:
        assert said.flip.fact in ("holder", "visited_at")


def _phone(holder=None, candidates=(), natural=None):
    return BuyerPhone("p", holder, tuple(candidates), natural)


CAME = Candidate("A", NOW - timedelta(days=2), None)


@pytest.mark.parametrize(
    ("phone", "fact"),
    [
        (_phone("A"), "holder"),
        (_phone(candidates=[Candidate("A", NOW - timedelta(days=2), None)]), "visited_at"),
        (_phone("B"), "holder"),
        (_phone(candidates=[Candidate("A", NOW - timedelta(days=2), 1)]), "credit_days"),
        (_phone(candidates=[CAME], natural=NOW - timedelta(days=1)), "natural_visit"),
        (
            _phone(
                candidates=[
                    Candidate("A", NOW - timedelta(days=2), None), Candidate("B", NOW - timedelta(days=1), None),
                ]
            ),
            "other_visit",
        ),
    ],
)  # fmt: skip
def test_the_fact_of_a_deal_is_named(phone, fact):
    assert explain_deal(phones=[phone], visitor=None, at=NOW, referral="A", never=True).flip.fact == fact
