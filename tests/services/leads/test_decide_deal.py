"""Decisions over deals (domain 4.4)."""

from fractions import Fraction

import pytest

from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from leads.models import AttributionDecision, DealOutbox
from leads.services.disputes import decide_deal
from tests.cast import HALF, LI, START, SUN, WANG, WHOLE, after, held, open_site, shares, state

pytestmark = pytest.mark.django_db


def _won(site, *phones):
    referral = site.file(site.owner, *phones)
    site.visit(referral, at=after(hours=1))
    return referral, site.subscribe(phones[0], at=after(days=1))


def test_who_is_put_in_is_won_and_who_is_taken_out_is_lost():
    site = open_site()
    referral, deal = _won(site, LI)
    rival = site.file(site.rival, SUN)
    decision = site.decide(deal, (rival, WHOLE), at=after(days=2))
    assert shares(deal) == {rival.pk: 1}
    assert [state(one, at=after(days=2)) for one in (referral, rival)] == ["lost", "won"]
    assert (decision.before, decision.after) == ({referral.number: "1"}, {rival.number: "1"})
    assert DealOutbox.objects.latest("id").what == "decided"
    assert Event.objects.get(action="deal.decided").reason == "evidence heard"


def test_who_is_put_in_claims_nothing_by_it():
    site = open_site(exclusive_from="filing")
    _, deal = _won(site, LI)
    refused = site.file(site.rival, LI, at=after(hours=2))
    site.decide(deal, (refused, WHOLE), at=after(days=2))
    assert held(refused, at=after(days=2)) == []
    assert state(refused, at=after(days=2)) == "won"


def test_who_is_taken_out_loses_the_claims_on_the_buyers_phones_only():
    site = open_site(exclusive_from="filing")
    referral, deal = _won(site, LI, WANG)
    site.decide(deal, at=after(days=2))
    assert held(referral, at=after(days=2)) == [("0001", START, after(days=2)), ("0002", START, after(days=30))]
    assert site.file(site.rival, LI, at=after(days=2)).reason == ""
    assert site.file(site.rival, WANG, at=after(days=2)).reason == "protected"


@pytest.mark.parametrize("was", ["rejected", "withdrawn", "lapsed", "lost"])
def test_whatever_it_was_it_is_won_and_a_rejected_one_is_rejected_again(was):
    site = open_site(exclusive_from="filing", visit_within_hours=24)
    _, deal = _won(site, LI)
    other = site.file(site.rival, LI if was == "rejected" else SUN, at=after(hours=2))
    if was == "withdrawn":
        site.withdraw(other, at=after(hours=3))
    elif was == "lost":
        site.policy(exclusive_from="visit")
        other = site.file(site.rival, "13800000009", at=after(hours=2))
        site.subscribe("13800000009", at=after(hours=4))
    at = after(days=2)
    assert state(other, at=at) == was
    site.decide(deal, (other, WHOLE), at=at)
    assert state(other, at=at) == "won"
    site.decide(deal, at=after(days=3))
    assert state(other, at=after(days=3)) == ("rejected" if was == "rejected" else "lost")


@pytest.mark.parametrize("was", ["rejected", "withdrawn"])
def test_a_cancelled_deal_gives_back_what_the_decision_changed(was):
    site = open_site(exclusive_from="filing")
    _, deal = _won(site, LI)
    other = site.file(site.rival, LI if was == "rejected" else SUN, at=after(hours=2))
    if was == "withdrawn":
        site.withdraw(other, at=after(hours=3))
    site.decide(deal, (other, WHOLE), at=after(days=2))
    site.cancel(deal, at=after(days=3))
    assert state(other, at=after(days=3)) == was


def test_one_with_another_live_deal_stays_won_until_that_ends():
    site = open_site(exclusive_from="filing")
    referral, deal = _won(site, LI, WANG)
    second = site.subscribe(WANG, at=after(days=1))
    site.decide(deal, at=after(days=2))
    assert state(referral, at=after(days=2)) == "won"
    assert held(referral, at=after(days=2)) == [("0001", START, after(days=2)), ("0002", START, after(days=30))]
    site.cancel(second, at=after(days=3))
    assert state(referral, at=after(days=3)) == "lost"


def test_who_stays_in_keeps_state_and_claims():
    site = open_site(exclusive_from="filing")
    referral, deal = _won(site, LI)
    other = site.file(site.rival, SUN)
    site.decide(deal, (referral, HALF), (other, HALF), at=after(days=2))
    assert shares(deal) == {referral.pk: HALF, other.pk: HALF}
    assert held(referral, at=after(days=2)) == [("0001", START, after(days=30))]


@pytest.mark.parametrize("end", ["cancelled", "handed over"])
def test_a_cancelled_or_handed_over_deal_is_not_decided(end):
    site = open_site()
    referral, deal = _won(site, LI)
    if end == "cancelled":
        site.cancel(deal, at=after(days=2))
    else:
        site.contract(deal, at=after(days=2))
        site.hand_over(deal, at=after(days=2))
    with pytest.raises(NotAllowed):
        site.decide(deal, at=after(days=3))
    assert shares(deal) == {referral.pk: 1}
    assert not AttributionDecision.objects.exists()


def test_shares_sum_to_exactly_one():
    site = open_site()
    referral, deal = _won(site, LI)
    with pytest.raises(Invalid):
        site.decide(deal, (referral, Fraction(999, 1000)), at=after(days=2))
    assert shares(deal) == {referral.pk: 1}


def test_only_a_manager_decides_and_with_a_reason():
    site = open_site()
    _, deal = _won(site, LI)
    with clock.at(after(days=2)):
        for actor in (None, site.reception, site.owner.user):
            with pytest.raises(Forbidden):
                decide_deal(actor=actor, deal=deal, shares=[], reason="because")
        with pytest.raises(Invalid):
            decide_deal(actor=site.manager, deal=deal, shares=[], reason=" ")


def test_a_referral_of_another_project_is_not_put_in():
    site, elsewhere = open_site(), open_site()
    _, deal = _won(site, LI)
    with pytest.raises(Invalid) as refusal:
        site.decide(deal, (elsewhere.file(elsewhere.owner, LI), WHOLE), at=after(days=2))
    assert refusal.value.code == "other_project"
