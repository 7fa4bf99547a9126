"""What holds of every history of filings, visits, withdrawals, deals, cancellations and decisions."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_platform.lib import clock
from leads.models import Claim
from leads.services.sweep import sweep_expiries
from tests.cast import held, open_site, shares, state
from tests.services.leads.histories import MODES, PHONES, TIGHT, History, steps, undone

pytestmark = pytest.mark.django_db
few = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
LATER = timedelta(days=10)


def _open(mode, done, **playing):
    return History(open_site(exclusive_from=mode, **TIGHT)).play(done, **playing)


@few
@given(st.sampled_from(MODES), steps)
def test_no_two_claims_hold_a_phone_at_once_and_shares_are_whole_or_none(mode, done):
    with undone():
        history = _open(mode, done)
        assert history.overlapping_claims() == []
        assert all(sum(shares(deal).values()) in (0, 1) for deal in history.deals)
        for referral in history.referrals:
            ends = {claim.ends_at for claim in Claim.objects.filter(referral=referral, live=True)}
            assert len(ends) <= 1


@few
@given(st.sampled_from(MODES), steps)
def test_a_sweep_never_changes_what_a_reader_sees(mode, done):
    with undone():
        history = _open(mode, done)
        for at in (history.now, history.now + LATER):
            before = history.seen(at)
            with clock.at(at):
                sweep_expiries()
            assert history.seen(at) == before


@few
@given(st.sampled_from(MODES), steps)
def test_a_history_ends_the_same_with_jobs_and_without(mode, done):
    ends = []
    for sweeping in (False, True):
        with undone():
            history = _open(mode, done, sweeping=sweeping)
            ends.append((history.outcomes, history.seen(history.now), history.seen(history.now + LATER)))
    assert ends[0] == ends[1]


@few
@given(st.sampled_from(MODES), steps, st.integers(0, 3))
def test_a_cancellation_undoes_its_subscription_for_the_winners(mode, done, phone):
    with undone():
        history = _open(mode, done)
        at = history.now
        before = {one.pk: (state(one, at=at), held(one, at=at)) for one in history.referrals}
        deal = history.site.subscribe(PHONES[phone], at=at)
        history.site.cancel(deal, at=at)
        winners = shares(deal)
        for one in history.referrals:
            if one.pk in winners:
                assert (state(one, at=at), held(one, at=at)) == before[one.pk]
            else:
                assert held(one, at=at) == before[one.pk][1]
                assert state(one, at=at) in (before[one.pk][0], "lost")
