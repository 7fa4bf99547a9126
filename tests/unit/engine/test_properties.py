"""What must hold of every history, held against a slow and obvious reading of the rules."""

import json
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from commissions.engine.calculate import entitlements
from commissions.engine.explain import PlainWords, render
from commissions.engine.types import AppliesTo, Basis, Measure, Mode

from .facts import ZONE, deal, plan, run, share, tiers
from .histories import INSTANTS, START, fractions_summing_to_one, projects
from .reference import reference

AFTER_ALL = START + timedelta(days=365)


def figures_by_key(rows):
    return {
        (row.deal_id, row.payee, row.referral_id, row.kind): (
            Fraction(row.earned),
            Fraction(row.released),
            Fraction(row.retained),
        )
        for row in rows
        if row.earned
    }


@settings(max_examples=200, deadline=None)
@given(project=projects(), as_of=INSTANTS)
def test_every_history_earns_what_the_slow_reading_of_the_rules_says(project, as_of):
    plans, deals = project
    rows = entitlements(plans, deals, zone=ZONE, currency="CNY", as_of=as_of)
    assert figures_by_key(rows) == reference(plans, deals, zone=ZONE, as_of=as_of)


@settings(max_examples=50, deadline=None)
@given(project=projects())
def test_every_row_adds_up_and_stands_for_one_key(project):
    plans, deals = project
    rows = entitlements(plans, deals, zone=ZONE, currency="CNY", as_of=AFTER_ALL)
    for row in rows:
        assert row.earned == row.released + row.pending
        assert row.payable == row.released - row.retained
        assert 0 <= row.retained <= row.released <= row.earned
        assert row.earned.as_tuple().exponent == -2
    keys = [(row.deal_id, row.payee, row.referral_id, row.kind) for row in rows]
    assert len(keys) == len(set(keys))


@settings(max_examples=50, deadline=None)
@given(project=projects(), seed=st.randoms(use_true_random=False))
def test_the_order_in_which_deals_are_given_changes_nothing(project, seed):
    plans, deals = project
    shuffled = list(deals)
    seed.shuffle(shuffled)
    one = entitlements(plans, deals, zone=ZONE, currency="CNY", as_of=AFTER_ALL)
    other = entitlements(plans, shuffled, zone=ZONE, currency="CNY", as_of=AFTER_ALL)
    assert figures_by_key(one) == figures_by_key(other)


@settings(max_examples=50, deadline=None)
@given(project=projects(), as_of=INSTANTS)
def test_what_happened_later_does_not_exist_yet(project, as_of):
    plans, deals = project
    known = [_until(one, as_of) for one in deals if one.subscribed_at <= as_of]
    with_future = entitlements(plans, deals, zone=ZONE, currency="CNY", as_of=as_of)
    without = entitlements(plans, known, zone=ZONE, currency="CNY", as_of=as_of)
    assert figures_by_key(with_future) == figures_by_key(without)


def _until(one, as_of):
    cut = {
        name: None
        for name in ("contracted_at", "handed_over_at", "cancelled_at")
        if getattr(one, name) is not None and getattr(one, name) > as_of
    }
    return one._replace(payments=tuple(p for p in one.payments if p.received_at <= as_of), **cut)


@settings(max_examples=50, deadline=None)
@given(project=projects(), data=st.data())
def test_cancelling_a_deal_undoes_all_that_it_earned_and_moved(project, data):
    plans, deals = project
    open_deals = [one for one in deals if one.handed_over_at is None]
    if not open_deals:
        return
    chosen = data.draw(st.sampled_from(open_deals))
    others = [one for one in deals if one is not chosen]
    cancelled = chosen._replace(cancelled_at=AFTER_ALL)
    after = entitlements(plans, [*others, cancelled], zone=ZONE, currency="CNY", as_of=AFTER_ALL)
    never = entitlements(plans, others, zone=ZONE, currency="CNY", as_of=AFTER_ALL)
    assert figures_by_key(after) == figures_by_key(never)


@settings(max_examples=50, deadline=None)
@given(project=projects())
def test_explanations_survive_json_and_can_be_read(project):
    plans, deals = project
    for row in entitlements(plans, deals, zone=ZONE, currency="CNY", as_of=AFTER_ALL):
        assert json.loads(json.dumps(row.explanation)) == row.explanation
        assert render(row.explanation, PlainWords())


@given(fractions=st.integers(1, 7).flatmap(fractions_summing_to_one))
def test_the_shares_of_a_deal_together_earn_what_it_earns_whole_within_a_cent_each(fractions):
    parts = [share("B1", str(part), referral=f"R{n}") for n, part in enumerate(fractions)]
    ladder = tiers(("0", "0.013"), ("1/3", "0.017"), ("1/2", "0.023"))
    divided = run([plan(tiers=ladder)], [deal("D1", *parts)])
    whole = run([plan(tiers=ladder)], [deal("D1", share("B1"))])
    assert abs(sum(row.earned for row in divided) - whole[0].earned) <= len(fractions) * Fraction(1, 200)


@settings(max_examples=40, deadline=None)
@given(project=projects(), as_of=INSTANTS)
def test_one_tier_pays_the_same_in_both_modes(project, as_of):
    plans, deals = project
    found = []
    for mode in Mode:
        flat = [
            replace(
                one,
                versions=tuple(replace(v, mode=mode, tiers=v.tiers[:1]) for v in one.versions),
            )
            for one in plans
        ]
        found.append(figures_by_key(entitlements(flat, deals, zone=ZONE, currency="CNY", as_of=as_of)))
    assert found[0] == found[1]


def test_the_random_projects_reach_every_kind_of_plan():
    """A guard on the generator: a shape it never draws would be a shape never checked."""
    seen = set()

    @settings(max_examples=150, deadline=None, database=None, derandomize=True)
    @given(project=projects(most_deals=1))
    def look(project):
        for one in project[0]:
            seen.add((one.applies_to, one.onsite))
            seen.update((v.basis, v.measure, v.mode) for v in one.versions)

    look()
    for basis in Basis:
        for measure in Measure:
            for mode in Mode:
                assert (basis, measure, mode) in seen
    for applies_to in AppliesTo:
        assert {(applies_to, True), (applies_to, False)} <= seen
