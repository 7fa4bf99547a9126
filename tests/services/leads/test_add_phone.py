"""Adding a phone to a live referral (domain 4.2, last paragraph)."""

from datetime import timedelta

import pytest

from channels_platform.lib.errors import Invalid, NotAllowed
from leads.models import Claim, ReferralPhone
from leads.services.phones import PhoneRefused
from tests.cast import LI, START, WANG, ZHAO, after, broker_of, fresh, held, open_site, state

pytestmark = pytest.mark.django_db


def _refused(site, referral, phone, at):
    before = (ReferralPhone.objects.count(), Claim.objects.count())
    with pytest.raises(PhoneRefused) as refusal:
        site.add(referral, phone, at=at)
    assert (ReferralPhone.objects.count(), Claim.objects.count()) == before
    return refusal.value.code


def test_an_added_phone_is_claimed_from_now_to_the_end_of_the_same_window():
    site = open_site(exclusive_from="filing")
    referral = site.file(site.owner, LI)
    site.add(referral, WANG, at=after(days=1))
    end = after(days=30)
    assert held(referral, at=after(days=1)) == [("0001", START, end), ("0002", after(days=1), end)]


def test_an_added_phone_lapses_with_its_referral():
    site = open_site(exclusive_from="filing", visit_within_hours=72)
    referral = site.file(site.owner, LI)
    site.add(referral, WANG, at=after(hours=1))
    assert site.file(site.rival, WANG, at=after(hours=72)).reason == ""
    assert held(referral, at=after(hours=72))[1] == ("0002", after(hours=1), after(hours=72))


def test_a_referral_that_claims_nothing_yet_claims_no_added_phone_until_the_visit():
    site = open_site(lead_time_minutes=0)
    referral = site.file(site.owner, LI)
    site.add(referral, WANG, at=after(hours=1))
    assert held(referral, at=after(hours=1)) == []
    site.visit(referral, at=after(hours=2))
    assert [last4 for last4, *_ in held(referral, at=after(hours=2))] == ["0001", "0002"]


def test_adding_after_the_visit_claims_and_makes_nobody_lost():
    site = open_site(lead_time_minutes=0)
    referral, rival = site.file(site.owner, LI), site.file(site.rival, WANG)
    site.visit(referral, at=after(hours=2))
    site.add(referral, WANG, at=after(hours=3))
    assert state(rival, at=after(hours=3)) == "filed"
    assert site.visit(rival, at=after(hours=4)).reason == "protected"


def test_extension_moves_the_end_of_the_added_claim_too():
    site = open_site(lead_time_minutes=0, revisit_extends=True)
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(hours=1))
    site.add(referral, WANG, at=after(days=1))
    site.visit(referral, at=after(days=2))
    assert {end for _, _, end in held(referral, at=after(days=2))} == {after(days=32)}


def test_the_referrals_own_phone_again_is_already_referred():
    site = open_site()
    referral = site.file(site.owner, LI)
    assert _refused(site, referral, "+86 138 0000 0001", after(hours=1)) == "already_referred"


def test_an_added_phone_is_judged_by_checks_4_to_9():
    site = open_site(exclusive_from="filing", lookback_days=90)
    referral = site.file(site.owner, LI)
    broker_of(site.rival.agency, "insider", phone="13800000011")
    site.walk_in("13800000012", at=START)
    site.file(site.owner, "13800000013")
    site.file(site.rival, "13800000014")
    reasons = [_refused(site, referral, f"138000000{n}", after(hours=1)) for n in ("xx", 11, 12, 13, 14)]
    assert reasons == ["invalid_phone", "own_phone", "known_to_site", "already_referred", "protected"]


def test_a_reached_limit_refuses_an_added_phone_and_adding_does_not_use_it_up():
    site = open_site(daily_filing_limit=2)
    referral = site.file(site.owner, LI)
    site.add(referral, WANG, at=after(hours=1))
    assert site.file(site.owner, ZHAO, at=after(hours=2)).reason == ""
    assert _refused(site, referral, "13800000009", after(hours=3)) == "limit_reached"
    # The next local day begins 15 hours after the start.
    site.add(referral, "13800000009", at=after(hours=15))


@pytest.mark.parametrize("gone", ["lapsed", "withdrawn", "rejected"])
def test_only_a_live_referral_takes_a_phone(gone):
    site = open_site(exclusive_from="filing")
    referral = site.file(site.owner, LI)
    if gone == "withdrawn":
        site.withdraw(referral, at=after(hours=1))
    elif gone == "rejected":
        referral = site.file(site.rival, LI)
    at = after(hours=72) if gone == "lapsed" else after(hours=2)
    assert state(referral, at=at) == gone
    with pytest.raises(NotAllowed):
        site.add(referral, WANG, at=at)
    assert referral.phones.count() == 1


def test_a_masked_filing_takes_masks_before_its_visit_and_numbers_after():
    site = open_site(phone_mode="masked", lead_time_minutes=0)
    referral = site.file(site.owner, "138****0001")
    assert _refused(site, referral, WANG, after(hours=1)) == "invalid_phone"
    site.add(referral, "138****0002", at=after(hours=1))
    assert site.visit(referral, at=after(hours=2), phones=(LI,)).reason == "phone_mismatch"
    assert site.visit(referral, at=after(hours=2), phones=(LI, WANG)).reason == ""
    assert _refused(site, referral, "138****0003", after(hours=3)) == "invalid_phone"
    site.add(referral, ZHAO, at=after(hours=3))
    end = after(hours=2) + timedelta(days=30)
    assert held(referral, at=after(hours=3)) == [
        ("0001", after(hours=2), end),
        ("0002", after(hours=2), end),
        ("0003", after(hours=3), end),
    ]


def test_no_client_has_more_than_ten_phones():
    site = open_site()
    referral = site.file(site.owner, LI)
    for n in range(9):
        site.add(referral, f"1390000010{n}", at=after(minutes=n))
    with pytest.raises(Invalid) as refused:
        site.add(referral, "13900000200", at=after(hours=1))
    assert refused.value.code == "too_many_phones"
    assert fresh(referral).phones.count() == 10
