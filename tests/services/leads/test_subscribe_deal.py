"""Subscription, and who gets the deal (domain 4.4)."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed
from leads.models import Deal, DealOutbox
from leads.services.deals import Buyer, subscribe_deal
from projects.services.units import create_unit
from tests.cast import HALF, LI, START, SUN, WANG, ZHAO, after, fresh, held, open_site, shares, state

pytestmark = pytest.mark.django_db
TICK = timedelta(microseconds=1)


def _visited(site, broker, *phones, at=START, **fields):
    referral = site.file(broker, *phones, at=at, **fields)
    site.visit(referral, at=at + timedelta(hours=1))
    return referral


def test_the_holder_of_the_buyers_phone_wins_and_commission_is_told():
    site = open_site()
    referral = _visited(site, site.owner, LI)
    deal = site.subscribe(LI, at=after(days=1))
    assert shares(deal) == {referral.pk: 1}
    assert state(referral, at=after(days=1)) == "won"
    assert deal.number.startswith("D-20260303-")
    assert [(row.deal_id, row.what) for row in DealOutbox.objects.all()] == [(deal.pk, "subscribed")]
    assert Event.objects.get(action="referral.won").after["deal"] == deal.number


def test_a_phone_is_free_at_the_windows_end():
    site = open_site()
    referral = _visited(site, site.owner, LI)
    edge = after(hours=1, days=30)
    assert shares(site.subscribe(LI, at=edge)) == {}
    assert state(referral, at=edge) == "expired"
    other = open_site()
    winner = _visited(other, other.owner, LI)
    assert shares(other.subscribe(LI, at=edge - TICK)) == {winner.pk: 1}


def test_only_the_buyers_own_phones_count():
    site = open_site()
    referral = _visited(site, site.owner, LI)
    assert shares(site.subscribe(WANG, at=after(days=1))) == {}
    assert state(referral, at=after(days=1)) == "visited"


def test_an_added_phone_counts_from_its_adding():
    site = open_site()
    referral = _visited(site, site.owner, LI)
    site.add(referral, WANG, at=after(hours=5))
    assert shares(site.subscribe(WANG, at=after(days=1))) == {referral.pk: 1}


def test_co_buyers_filed_by_two_brokers_split():
    site = open_site()
    one, two = _visited(site, site.owner, LI), _visited(site, site.rival, WANG)
    assert shares(site.subscribe(LI, WANG, at=after(days=1))) == {one.pk: HALF, two.pk: HALF}


def test_one_client_with_two_phones_of_one_referral_is_one_share():
    site = open_site()
    one, two = _visited(site, site.owner, LI, WANG), _visited(site, site.rival, ZHAO)
    assert shares(site.subscribe(LI, WANG, ZHAO, at=after(days=1))) == {one.pk: HALF, two.pk: HALF}


def test_live_referrals_of_the_buyers_phones_that_get_nothing_are_lost_and_keep_their_claims():
    site = open_site(exclusive_from="filing")
    holder = site.file(site.owner, LI, WANG)
    site.policy(exclusive_from="never")
    other = site.file(site.rival, LI, SUN)
    deal = site.subscribe(LI, at=after(days=1))
    assert shares(deal) == {holder.pk: 1}
    assert state(other, at=after(days=1)) == "lost"


def test_a_natural_deal_loses_the_live_too():
    site = open_site()
    waiting = site.file(site.owner, LI)
    assert shares(site.subscribe(LI, at=after(hours=1))) == {}
    assert state(waiting, at=after(hours=1)) == "lost"


def test_what_is_over_by_the_clock_is_not_lost_but_over():
    site = open_site()
    referral = site.file(site.owner, LI)
    site.subscribe(LI, at=after(hours=72))
    assert state(referral, at=after(hours=72)) == "lapsed"


def test_a_filing_made_after_the_date_of_the_deal_is_not_lost_to_it():
    site = open_site()
    late = site.file(site.owner, LI, at=after(days=2))
    with clock.at(after(days=3)):
        subscribe_deal(
            actor=site.manager,
            project=site.project,
            price=Decimal(100),
            method="lump_sum",
            first_payment_amount=Decimal(100),
            buyers=[Buyer("", LI)],
            at=after(days=1),
        )
    assert state(late, at=after(days=3)) == "filed"


def test_while_won_nothing_lapses():
    site = open_site(exclusive_from="filing")
    referral = site.file(site.owner, LI)
    site.subscribe(LI, at=after(hours=10))
    assert state(referral, at=after(days=20)) == "won"
    assert held(referral, at=after(days=20)) == [("0001", START, after(days=30))]
    assert site.file(site.rival, LI, at=after(days=20)).reason == "protected"


def test_a_lost_referral_whose_claim_stands_wins_a_later_deal():
    site = open_site()
    first = _visited(site, site.owner, LI, WANG)
    deal = site.subscribe(LI, at=after(days=1))
    site.decide(deal, at=after(days=2))
    assert state(first, at=after(days=2)) == "lost"
    second = site.subscribe(WANG, at=after(days=3))
    assert shares(second) == {first.pk: 1}
    site.cancel(second, at=after(days=4))
    assert state(first, at=after(days=4)) == "lost"


def test_under_never_the_latest_visit_wins_unless_a_natural_one_is_later():
    site = open_site(exclusive_from="never", lookback_days=0)
    one, two = site.file(site.owner, LI), site.file(site.rival, LI)
    site.visit(two, at=after(hours=2))
    site.visit(one, at=after(hours=3))
    assert shares(site.subscribe(LI, at=after(days=1))) == {one.pk: 1}
    assert state(two, at=after(days=1)) == "lost"
    site.walk_in(LI, at=after(days=2))
    assert shares(site.subscribe(LI, at=after(days=3))) == {}


def test_under_never_a_lost_referral_still_counts_and_a_withdrawn_one_does_not():
    site = open_site(exclusive_from="never")
    one, two = site.file(site.owner, LI), site.file(site.rival, LI)
    site.visit(one, at=after(hours=2))
    site.visit(two, at=after(hours=3))
    site.withdraw(two, at=after(hours=4))
    assert shares(site.subscribe(LI, at=after(days=1))) == {one.pk: 1}
    assert shares(site.subscribe(LI, at=after(days=2))) == {one.pk: 1}


def test_under_never_credit_ends_at_its_instant():
    site = open_site(exclusive_from="never", credit_days=10)
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(hours=1))
    edge = after(hours=1, days=10)
    assert shares(site.subscribe(LI, at=edge - TICK)) == {referral.pk: 1}
    assert shares(site.subscribe(LI, at=edge)) == {}


def test_a_proxy_purchase_counts_where_the_policy_says_so():
    for allowed in (True, False):
        site = open_site(proxy_purchase=allowed)
        referral = _visited(site, site.owner, LI)
        deal = site.subscribe(WANG, at=after(days=1), visitor=fresh(referral))
        assert shares(deal) == ({referral.pk: 1} if allowed else {})
        assert state(referral, at=after(days=1)) == ("won" if allowed else "visited")


@pytest.mark.parametrize("at", [START, after(hours=1, days=30)])
def test_a_proxy_purchase_needs_the_visitor_to_be_visited_by_the_clock(at):
    site = open_site(proxy_purchase=True)
    referral = site.file(site.owner, LI)
    if at != START:
        site.visit(referral, at=after(hours=1))
    assert shares(site.subscribe(WANG, at=at, visitor=fresh(referral))) == {}


def test_a_unit_has_one_live_deal_and_is_free_again_after_a_cancellation():
    site = open_site()
    unit = create_unit(
        actor=None, project=site.project, building="1", number="101", unit_type="3B", area=90, list_price=Decimal(100)
    )
    first = site.subscribe(LI, at=START, unit=unit)
    unit.refresh_from_db()
    assert unit.state == "subscribed"
    with pytest.raises(NotAllowed) as refusal:
        site.subscribe(WANG, at=START, unit=unit)
    assert refusal.value.code == "unit_taken"
    assert Deal.objects.count() == 1
    site.cancel(first, at=after(hours=1))
    unit.refresh_from_db()
    assert unit.state == "available"
    site.subscribe(WANG, at=after(hours=2), unit=unit)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"price": Decimal(0)}, "price"),
        ({"price": Decimal("10.001")}, "price"),
        ({"method": "barter"}, "method"),
        ({"first_payment_amount": Decimal("1000000.01")}, "first_payment_amount"),
        ({"first_payment_amount": Decimal(-1)}, "first_payment_amount"),
        ({"loan_amount": Decimal(5)}, "loan_amount"),
        ({"method": "mortgage", "loan_amount": Decimal(0)}, "loan_amount"),
        ({"method": "mortgage", "loan_amount": Decimal(1000001)}, "loan_amount"),
    ],
)
def test_terms_that_cannot_be_are_refused(fields, field):
    site = open_site()
    with pytest.raises(Invalid) as refusal:
        site.subscribe(LI, at=START, **fields)
    assert refusal.value.field == field
    assert not Deal.objects.exists()


def test_a_mortgage_without_a_loan_borrows_the_rest_of_the_price():
    site = open_site()
    deal = site.subscribe(LI, at=START, method="mortgage", first_payment_amount=Decimal(300000))
    assert deal.loan_amount == Decimal(700000)


def test_a_deal_needs_a_buyer_with_a_phone():
    site = open_site()
    for phones, code in (((), "buyers_required"), (("nonsense",), "invalid_phone")):
        with pytest.raises(Invalid) as refusal:
            site.subscribe(*phones, at=START)
        assert refusal.value.code == code
    assert not Deal.objects.exists()


def test_thirds_are_exact():
    site = open_site()
    found = [
        _visited(site, broker, phone).pk
        for broker, phone in ((site.owner, LI), (site.rival, WANG), (site.colleague, ZHAO))
    ]
    assert shares(site.subscribe(LI, WANG, ZHAO, at=after(days=1))) == dict.fromkeys(found, Fraction(1, 3))
