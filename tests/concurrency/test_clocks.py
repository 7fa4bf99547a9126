"""Servers whose clocks differ by a moment: what one claimed, one that is behind neither overlooks nor takes away."""

from datetime import timedelta

import pytest

from channels_platform.lib import clock
from leads.models import Claim
from leads.services.phones import PhoneRefused, add_phone
from leads.services.visits import confirm_visit
from tests.pages.world import make_world

pytestmark = pytest.mark.django_db

PHONE, SPOUSE = "13800000001", "13800000002"
BEHIND = timedelta(seconds=2)


def test_filing_by_a_server_behind_is_refused():
    world = make_world(exclusive_from="filing")
    now = clock.now()
    with clock.at(now):
        owner = world.file(phone=PHONE)
    with clock.at(now - BEHIND):
        rival = world.file(world.outsider, PHONE)
    assert (rival.state, rival.reason) == ("rejected", "protected")
    assert Claim.objects.get(live=True).referral == owner


def test_visit_at_a_server_behind_takes_no_claim_away():
    world = make_world(exclusive_from="visit")
    now = clock.now()
    with clock.at(now - 3 * BEHIND):
        owner = world.file(phone=PHONE)
        rival = world.file(world.outsider, SPOUSE)
        add_phone(actor=None, referral=rival, phone=PHONE)
    with clock.at(now):
        assert confirm_visit(actor=None, referral=owner).confirmed
    with clock.at(now - BEHIND):
        visit = confirm_visit(actor=None, referral=rival)
    assert (visit.confirmed, visit.reason) == (False, "not_live")
    assert Claim.objects.get(live=True).referral == owner


def test_phone_added_at_a_server_behind_is_refused():
    world = make_world(exclusive_from="filing")
    now = clock.now()
    with clock.at(now - 3 * BEHIND):
        rival = world.file(world.outsider, SPOUSE)
    with clock.at(now):
        world.file(phone=PHONE)
    with clock.at(now - BEHIND), pytest.raises(PhoneRefused) as refused:
        add_phone(actor=None, referral=rival, phone=PHONE)
    assert refused.value.code == "protected"
    assert Claim.objects.filter(live=True).count() == 2
