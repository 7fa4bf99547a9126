"""Giving clients to another consultant."""

import pytest

from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from leads.services.consultants import assign_consultant, hand_over_clients
from tests.cast import LI, WANG, after, fresh, open_site

pytestmark = pytest.mark.django_db


def _received(site):
    first = site.consultant()
    referrals = [site.file(site.owner, phone) for phone in (LI, WANG)]
    for hour, referral in enumerate(referrals, 1):
        site.visit(referral, at=after(hours=hour))
    return first, referrals


def test_a_successor_inherits_the_open_clients_of_one_who_leaves():
    site = open_site()
    first, referrals = _received(site)
    site.withdraw(referrals[1], at=after(hours=3))
    second = site.consultant()
    with clock.at(after(days=1)):
        moved = hand_over_clients(actor=site.manager, leaving=first, successor=second, reason="moved away")
    first.refresh_from_db()
    assert (moved, first.on_duty) == (1, False)
    assert [fresh(referral).consultant for referral in referrals] == [second, first]
    assert Event.objects.get(action="consultant.handed_over").reason == "moved away"


def test_a_successor_is_another_consultant_of_the_same_project():
    site, elsewhere = open_site(), open_site()
    first, _ = _received(site)
    for successor in (first, elsewhere.consultant()):
        with pytest.raises(Invalid):
            hand_over_clients(actor=site.manager, leaving=first, successor=successor, reason="moved away")


def test_reception_gives_a_client_to_another_with_a_reason():
    site = open_site()
    first, referrals = _received(site)
    second = site.consultant()
    assign = {"referral": referrals[0], "consultant": second}
    with pytest.raises(Invalid):
        assign_consultant(actor=site.reception, reason=" ", **assign)
    with pytest.raises(Forbidden):
        assign_consultant(actor=site.owner.user, reason="mine", **assign)
    assert fresh(referrals[0]).consultant == first
    with clock.at(after(days=1)):
        assign_consultant(actor=site.reception, reason="speaks their dialect", **assign)
    assert fresh(referrals[0]).consultant == second


def test_a_client_who_is_over_is_given_to_nobody():
    site = open_site(visit_within_hours=24)
    referral, consultant = site.file(site.owner, LI), site.consultant()
    with clock.at(after(hours=24)), pytest.raises(NotAllowed) as refused:
        assign_consultant(actor=site.reception, referral=referral, consultant=consultant, reason="asked for")
    assert refused.value.code == "not_live"
    assert fresh(referral).consultant is None
