"""Contract, handover, cancellation, amendment (domain 5)."""

from decimal import Decimal

import pytest

from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed
from leads.models import Amendment, DealOutbox
from leads.services.deals import Buyer, amend_deal, contract_deal
from projects.services.units import create_unit
from tests.cast import LI, START, WANG, WHOLE, ZHAO, after, held, open_site, shares, state

pytestmark = pytest.mark.django_db


def _unit(site, number):
    return create_unit(
        actor=None, project=site.project, building="1", number=number, unit_type="3B", area=90, list_price=Decimal(100)
    )


def test_a_deal_goes_from_subscription_to_handover_and_each_step_tells_commission():
    site = open_site()
    deal = site.subscribe(LI, at=START)
    assert site.contract(deal, at=after(days=1)).state == "contracted"
    assert site.hand_over(deal, at=after(days=2)).state == "handed_over"
    assert [row.what for row in DealOutbox.objects.all()] == ["subscribed", "contracted", "handed_over"]


def test_steps_out_of_order_are_not_allowed_and_change_nothing():
    site = open_site()
    deal = site.subscribe(LI, at=START)
    with pytest.raises(NotAllowed):
        site.hand_over(deal, at=after(hours=1))
    site.contract(deal, at=after(days=1))
    with pytest.raises(NotAllowed):
        site.contract(deal, at=after(days=2))
    site.hand_over(deal, at=after(days=3))
    for step in (site.cancel, site.contract, site.hand_over):
        with pytest.raises(NotAllowed):
            step(deal, at=after(days=4))
    deal.refresh_from_db()
    assert (deal.state, deal.contracted_at, deal.handed_over_at) == ("handed_over", after(days=1), after(days=3))
    assert DealOutbox.objects.count() == 3


def test_a_cancelled_deal_stays_cancelled():
    site = open_site()
    deal = site.subscribe(LI, at=START)
    site.cancel(deal, at=after(hours=1))
    for step in (site.cancel, site.contract, site.hand_over):
        with pytest.raises(NotAllowed):
            step(deal, at=after(hours=2))


def test_a_step_is_dated_neither_in_the_future_nor_before_the_one_it_follows():
    site = open_site()
    deal = site.subscribe(LI, at=after(days=1))
    for at, code in ((after(days=3), "in_the_future"), (START, "before_subscription")):
        with clock.at(after(days=2)), pytest.raises(Invalid) as refusal:
            contract_deal(actor=site.manager, deal=deal, at=at)
        assert refusal.value.code == code


@pytest.mark.parametrize(("days", "back"), [(10, "visited"), (31, "expired")])
def test_a_cancellation_gives_back_the_state_judged_by_the_clock(days, back):
    site = open_site()
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(hours=1))
    deal = site.subscribe(LI, at=after(days=1))
    site.cancel(deal, at=after(days=days))
    assert state(referral, at=after(days=days)) == back


def test_an_unvisited_winner_comes_back_lapsed_its_claims_ending_at_the_cancellation():
    site = open_site(exclusive_from="filing")
    referral = site.file(site.owner, LI, WANG)
    deal = site.subscribe(LI, at=after(hours=10))
    site.cancel(deal, at=after(days=20))
    assert state(referral, at=after(days=20)) == "lapsed"
    assert {end for _, _, end in held(referral, at=after(days=20))} == {after(days=20)}
    assert site.file(site.rival, LI, at=after(days=20)).reason == ""


def test_an_unvisited_winner_in_time_comes_back_filed_and_lapses_after_all():
    site = open_site(exclusive_from="filing")
    referral = site.file(site.owner, LI)
    deal = site.subscribe(LI, at=after(hours=10))
    site.cancel(deal, at=after(hours=20))
    assert state(referral, at=after(hours=20)) == "filed"
    assert site.file(site.rival, LI, at=after(hours=71)).reason == "protected"
    assert site.file(site.rival, LI, at=after(hours=72)).reason == ""


def test_lost_referrals_stay_lost_after_a_cancellation():
    site = open_site()
    waiting = site.file(site.owner, LI)
    site.cancel(site.subscribe(LI, at=after(hours=1)), at=after(hours=2))
    assert state(waiting, at=after(hours=2)) == "lost"


def test_a_referral_with_two_deals_stays_won_until_both_are_cancelled():
    site = open_site()
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(hours=1))
    first, second = site.subscribe(LI, at=after(days=1)), site.subscribe(LI, at=after(days=2))
    site.cancel(first, at=after(days=3))
    assert state(referral, at=after(days=3)) == "won"
    site.cancel(second, at=after(days=4))
    assert state(referral, at=after(days=4)) == "visited"


def _amend(site, deal, **changes):
    with clock.at(after(days=5)):
        return amend_deal(actor=site.manager, deal=deal, reason="agreed with the client", **changes)


def test_an_amendment_is_kept_with_what_was_and_leaves_the_shares():
    site = open_site()
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(hours=1))
    deal = site.subscribe(LI, at=after(days=1))
    amendment = _amend(
        site, deal, price=Decimal("900000.00"), first_payment_amount=Decimal("900000.00"), buyers=[Buyer("Zhao", ZHAO)]
    )
    deal.refresh_from_db()
    assert deal.price == Decimal(900000)
    assert (Decimal(amendment.before["price"]), amendment.after["price"]) == (Decimal(1000000), "900000.00")
    assert [buyer.phone.masked for buyer in deal.buyers.all()] == ["138****0003"]
    assert shares(deal) == {referral.pk: WHOLE}


def test_a_unit_swap_frees_the_one_and_takes_the_other():
    site = open_site()
    old, new, taken = (_unit(site, number) for number in ("1", "2", "3"))
    deal = site.subscribe(LI, at=START, unit=old)
    site.subscribe(WANG, at=START, unit=taken)
    with pytest.raises(NotAllowed) as refusal:
        _amend(site, deal, unit=taken)
    assert refusal.value.code == "unit_taken"
    _amend(site, deal, unit=new)
    for unit in (old, new):
        unit.refresh_from_db()
    assert (old.state, new.state) == ("available", "subscribed")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "nothing_changed"),
        ({"price": Decimal(0)}, "out_of_range"),
        ({"price": Decimal("10000000000000")}, "out_of_range"),
        ({"price": Decimal("999999.999")}, "too_many_decimals"),
        ({"buyers": []}, "buyers_required"),
    ],
)
def test_an_amendment_that_cannot_be_is_refused(changes, code):
    site = open_site()
    deal = site.subscribe(LI, at=START)
    with pytest.raises(Invalid) as refusal:
        _amend(site, deal, **changes)
    assert refusal.value.code == code
    assert not Amendment.objects.exists()


def test_after_handover_nothing_is_amended():
    site = open_site()
    deal = site.subscribe(LI, at=START)
    site.contract(deal, at=after(days=1))
    site.hand_over(deal, at=after(days=2))
    with pytest.raises(NotAllowed):
        _amend(site, deal, price=Decimal("1100000.00"))
