"""What becomes of clients is told from the audit trail: to whom it concerns, once, and not what one did oneself."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections

from brokers.services.agencies import set_broker_active
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.notices.models import Notice, Position
from leads.history import history
from leads.services.consultants import assign_consultant
from leads.services.filing import file_referral
from leads.services.telling import tell_of_events
from leads.services.withdrawal import withdraw_referral
from tests.cast import HALF, LI, WANG, after, broker_of, fresh, open_site, person, state

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    site = open_site(lead_time_minutes=0, visit_within_hours=None)
    tell_of_events()
    return site


def told(at=None):
    with clock.at(at or after(hours=3)):
        tell_of_events()
    return sorted((notice.kind, notice.recipient_id) for notice in Notice.objects.all())


def test_what_happened_before_the_first_run_is_not_told():
    site = open_site(lead_time_minutes=0)
    site.visit(site.file(site.owner, LI), at=after(hours=1))
    assert told() == []
    site.visit(site.file(site.rival, WANG), at=after(hours=2))
    assert told() == [("referral.visited", site.rival.user_id)]


def test_one_is_not_told_what_one_did_oneself(site):
    site.file(site.owner, LI)
    assert told() == []


def test_a_filing_entered_by_another_is_told_with_its_outcome(site):
    clerk = person("agency_admin")
    for minutes in (0, 1):
        with clock.at(after(minutes=minutes)):
            file_referral(actor=clerk, broker=site.owner, project=site.project, client_name="Li", phones=[LI])
    assert told() == [("referral.filed", site.owner.user_id), ("referral.rejected", site.owner.user_id)]


def test_who_visits_first_and_who_loses_by_it_are_told_once(site):
    mine, theirs = site.file(site.owner, LI), site.file(site.rival, LI)
    site.visit(mine, at=after(hours=1))
    expected = [("referral.lost", site.rival.user_id), ("referral.visited", site.owner.user_id)]
    assert told() == sorted(expected)
    assert told(after(hours=4)) == sorted(expected)
    lost = Notice.objects.get(kind="referral.lost")
    assert lost.line == f"Golden Lake: {theirs.number} was lost to another"
    assert lost.path == f"/portal/clients/{theirs.pk}/"


def test_an_event_committed_late_is_told_all_the_same(site):
    """Its id was drawn before those that were read meanwhile."""
    site.visit(site.file(site.owner, LI), at=after(hours=1))
    newest = Event.objects.order_by("-pk")[0].pk
    Position.objects.update(event_id=newest + 3)
    assert told(after(hours=1, minutes=5)) == [("referral.visited", site.owner.user_id)]


def test_the_consultant_is_told_of_a_client_given_to_them(site):
    consultant = site.consultant()
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(hours=1))
    assert ("referral.assigned", consultant.user_id) in told()
    Notice.objects.all().delete()
    other = site.consultant(on_duty=False)
    with clock.at(after(hours=2)):
        assign_consultant(actor=site.manager, referral=referral, consultant=other, reason="asked for")
    assert ("referral.assigned", other.user_id) in told()


def test_brokers_of_a_deal_follow_it(site):
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(hours=1))
    deal = site.subscribe(LI, at=after(hours=2))
    site.contract(deal, at=after(hours=3))
    kinds = {kind for kind, person_id in told(after(hours=4)) if person_id == site.owner.user_id}
    assert {"referral.won", "deal.contracted"} <= kinds


def test_a_run_without_news_asks_little(site, django_assert_max_num_queries):
    for n in range(10):
        site.file(site.owner, f"1380000003{n}")
    told()
    with django_assert_max_num_queries(12):
        tell_of_events()


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_tell_once():
    site = open_site(lead_time_minutes=0, visit_within_hours=None)
    tell_of_events()
    for n in range(10):
        site.visit(site.file(site.owner, f"1380000002{n}"), at=after(hours=1) + timedelta(minutes=n))
    start = Barrier(2)

    def run():
        try:
            start.wait(10)
            with clock.at(after(hours=2)):
                tell_of_events()
        finally:
            connections.close_all()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert Notice.objects.filter(kind="referral.visited").count() == 10


def test_what_was_told_lately_holds_up_nothing_new(site):
    """Late events are looked at again; they must not use up the room of the new ones."""
    for n in range(3):
        site.visit(site.file(site.owner, f"1380000004{n}"), at=after(hours=1, minutes=n))
    told(after(hours=1, minutes=5))
    site.visit(site.file(site.rival, WANG), at=after(hours=1, minutes=6))
    with clock.at(after(hours=1, minutes=7)):
        for _ in range(2):  # filed, then visited
            tell_of_events(limit=1)
    assert Notice.objects.filter(kind="referral.visited", recipient=site.rival.user).count() == 1


def test_a_cancelled_deal_tells_of_itself_and_of_no_visit_or_filing_that_did_not_happen(site):
    """Its referrals come back to `visited` or `filed`: nobody came for it, and nobody filed anew."""
    consultant = site.consultant()
    came, filed = site.file(site.owner, LI), site.file(site.rival, WANG)
    site.visit(came, at=after(hours=1))
    deal = site.subscribe(LI, at=after(hours=2))
    site.decide(deal, (came, HALF), (filed, HALF), at=after(hours=3))
    told(after(hours=4))
    Notice.objects.all().delete()
    site.cancel(deal, at=after(hours=5))
    assert (state(came, at=after(hours=5)), state(filed, at=after(hours=5))) == ("visited", "filed")
    assert told(after(hours=6)) == sorted(("deal.cancelled", broker.user_id) for broker in (site.owner, site.rival))
    assert not Notice.objects.filter(recipient=consultant.user).exists()
    for referral in (came, filed):
        assert history(fresh(referral), for_agency=True)[0]["what"] == "Open again"


def test_of_a_client_whose_broker_has_left_the_agencys_manager_is_told(site):
    """Until a colleague takes over, somebody has to hear of it."""
    head = broker_of(site.owner.agency, "head", role="agency_admin")
    theirs = site.file(site.owner, LI)
    set_broker_active(actor=head.user, broker=site.owner, active=False)
    site.visit(theirs, at=after(hours=1))
    deal = site.subscribe(LI, at=after(hours=2))
    site.contract(deal, at=after(hours=3))
    assert told(after(hours=4)) == [
        (kind, head.user_id) for kind in ("deal.contracted", "referral.visited", "referral.won")
    ]


def test_a_broker_is_told_of_a_client_that_the_manager_withdrew(site):
    head = broker_of(site.owner.agency, "head", role="agency_admin")
    for phone, actor in ((LI, head.user), (WANG, site.owner.user)):
        referral = site.file(site.owner, phone)
        with clock.at(after(hours=1)):
            withdraw_referral(actor=actor, referral=referral)
    assert told() == [("referral.withdrawn", site.owner.user_id)]


def test_who_keeps_another_part_of_a_deal_than_before_is_told(site):
    mine, theirs = site.file(site.owner, LI), site.file(site.rival, WANG)
    site.visit(mine, at=after(hours=1))
    deal = site.subscribe(LI, at=after(hours=2))
    told(after(hours=3))
    Notice.objects.all().delete()
    site.decide(deal, (mine, HALF), (theirs, HALF), at=after(hours=4))
    expected = [("deal.decided", site.owner.user_id), ("referral.won", site.rival.user_id)]
    assert told(after(hours=5)) == expected
    site.decide(deal, (mine, HALF), (theirs, HALF), at=after(hours=6))
    assert told(after(hours=7)) == expected
