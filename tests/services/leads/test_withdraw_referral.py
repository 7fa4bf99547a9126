"""Withdrawing a referral."""

import pytest

from channels_platform.lib.errors import NotAllowed
from tests.cast import LI, START, after, held, open_site, state

pytestmark = pytest.mark.django_db


def test_a_withdrawal_releases_the_claims_at_its_instant():
    site = open_site(exclusive_from="filing")
    referral = site.file(site.owner, LI)
    site.withdraw(referral, at=after(hours=5))
    assert state(referral, at=after(hours=5)) == "withdrawn"
    assert held(referral, at=after(hours=5)) == [("0001", START, after(hours=5))]
    assert site.file(site.rival, LI, at=after(hours=5)).reason == ""


def test_the_same_broker_may_file_again_after_withdrawing():
    site = open_site(exclusive_from="filing")
    site.withdraw(site.file(site.owner, LI), at=after(hours=5))
    assert site.file(site.owner, LI, at=after(hours=5)).reason == ""


@pytest.mark.parametrize("at", [after(hours=72), after(days=40)])
def test_what_is_over_by_the_clock_cannot_be_withdrawn(at):
    site = open_site(exclusive_from="filing")
    referral = site.file(site.owner, LI)
    with pytest.raises(NotAllowed):
        site.withdraw(referral, at=at)
    assert state(referral, at=at) == "lapsed"


def test_it_is_withdrawn_once():
    site = open_site()
    referral = site.file(site.owner, LI)
    site.withdraw(referral, at=after(hours=1))
    with pytest.raises(NotAllowed):
        site.withdraw(referral, at=after(hours=2))
