"""Clients who came are followed up the same day, overdue ones reach the manager, forgotten ones the pool."""

from datetime import date, timedelta

import pytest

from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.notices.models import Notice
from leads.care import overdue_clients, own_clients, pool_of_project
from leads.models import ClientCare, FollowUp
from leads.services.care import escalate_overdue, follow_up, take_client
from leads.services.consultants import assign_consultant, plan_handover, share_out_clients
from leads.services.deals import cancel_deal
from tests.cast import LI, SUN, WANG, ZHAO, after, fresh, open_site

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)  # the local day of START; it begins at 16:00 UTC the day before


@pytest.fixture
def site():
    return open_site(protection_days=60)


def _came(site, phone=LI, **when):
    referral = site.file(site.owner, phone)
    site.visit(referral, at=after(**(when or {"hours": 1})))
    return fresh(referral)


def _due(referral):
    return ClientCare.objects.get(referral=referral).due_on


def _pool_after(site, days):
    site.project.pool_after_days = days
    site.project.save()


def test_who_came_today_is_due_today_and_overdue_from_the_local_midnight(site):
    host = site.consultant()
    referral = _came(site)
    assert _due(referral) == DAY
    midnight = after(hours=15)
    assert list(own_clients(host.user, site.project, midnight)) == [referral]
    assert list(overdue_clients(site.project, midnight - timedelta(seconds=1))) == []
    assert list(overdue_clients(site.project, midnight)) == [referral]


def test_a_follow_up_keeps_grade_and_note_and_plans_the_next_contact(site):
    host = site.consultant()
    referral = _came(site)
    with clock.at(after(hours=5)):
        kept = follow_up(
            actor=host.user, referral=referral, grade="A", note="Wants the corner flat", next_on=DAY + timedelta(days=3)
        )
    assert FollowUp.objects.get(pk=kept.pk).note == "Wants the corner flat"
    care = ClientCare.objects.get(referral=referral)
    assert (care.grade, care.due_on, care.attended_at) == ("A", DAY + timedelta(days=3), after(hours=5))
    assert list(overdue_clients(site.project, after(days=2))) == []
    assert list(overdue_clients(site.project, after(days=4))) == [referral]
    event = Event.objects.get(action="client.followed_up")
    assert (event.actor, event.after) == (host.user, {"grade": "A", "next_on": "2026-03-05"})


def test_a_note_holds_no_full_phone(site):
    host = site.consultant()
    referral = _came(site)
    with clock.at(after(hours=2)):
        kept = follow_up(actor=host.user, referral=referral, grade="B", note="wife: 18000061234")
    assert kept.note == "wife: 180****1234"


def test_a_note_is_encrypted_at_rest(site):
    from django.db import connection

    host = site.consultant()
    referral = _came(site)
    with clock.at(after(hours=2)):
        follow_up(actor=host.user, referral=referral, grade="B", note="corner flat")
    with connection.cursor() as cursor:
        cursor.execute("SELECT note FROM leads_followup")
        assert b"corner" not in bytes(cursor.fetchone()[0])


def test_only_the_own_consultant_or_a_manager_follows_up(site):
    host = site.consultant()
    referral = _came(site)
    colleague = site.consultant()
    with clock.at(after(hours=2)):
        for actor in (colleague.user, site.reception, site.owner.user, None):
            with pytest.raises(Forbidden):
                follow_up(actor=actor, referral=referral, grade="A")
        with pytest.raises(Invalid) as past:
            follow_up(actor=host.user, referral=referral, grade="A", next_on=DAY - timedelta(days=1))
        with pytest.raises(Invalid) as grade:
            follow_up(actor=host.user, referral=referral, grade="E")
        assert (past.value.field, grade.value.field) == ("next_on", "grade")
        assert not FollowUp.objects.exists()
        follow_up(actor=site.manager, referral=referral, grade="A")
        site.withdraw(referral, at=after(hours=3))
        with pytest.raises(NotAllowed):
            follow_up(actor=host.user, referral=referral, grade="A")


def test_a_client_nobody_followed_up_is_in_the_pool_from_that_instant(site):
    host = site.consultant()
    _pool_after(site, 7)
    referral = _came(site)
    last = after(hours=1, days=7)
    assert list(pool_of_project(site.project, last - timedelta(seconds=1))) == []
    assert list(pool_of_project(site.project, last)) == [referral]
    assert list(own_clients(host.user, site.project, last)) == list(overdue_clients(site.project, last)) == []
    with clock.at(last), pytest.raises(NotAllowed):
        follow_up(actor=host.user, referral=referral, grade="A")


def test_without_the_setting_only_who_has_no_consultant_is_in_the_pool(site):
    alone = _came(site, LI)
    host = site.consultant()
    _came(site, WANG, hours=2)
    assert list(pool_of_project(site.project, after(days=50))) == [alone]
    host.user.is_active = False
    host.user.save()
    assert pool_of_project(site.project, after(days=50)).count() == 2


def test_a_consultant_takes_a_client_out_of_the_pool_once(site):
    _pool_after(site, 7)
    former = site.consultant()
    referral = _came(site)
    taker, second, stranger = site.consultant(), site.consultant(), open_site().consultant()
    with clock.at(after(days=6)), pytest.raises(NotAllowed):
        take_client(actor=taker.user, referral=referral)
    with clock.at(after(days=8)):
        for actor in (stranger.user, site.manager, site.reception):
            with pytest.raises(Forbidden):
                take_client(actor=actor, referral=referral)
        take_client(actor=taker.user, referral=referral)
        with pytest.raises(NotAllowed) as refused:
            take_client(actor=second.user, referral=referral)
    assert refused.value.code == "not_in_pool"
    assert fresh(referral).consultant == taker
    assert [notice.recipient for notice in Notice.objects.filter(kind="client.given_away")] == [former.user]
    event = Event.objects.get(action="client.taken")
    assert (event.before, event.after) == ({"consultant": str(former)}, {"consultant": str(taker)})


def test_who_takes_a_client_never_changes_who_referred_it(site):
    referral = _came(site)
    with clock.at(after(hours=2)):
        take_client(actor=site.consultant().user, referral=referral)
    kept = fresh(referral)
    assert (kept.broker, kept.state, kept.window_ends_at) == (site.owner, "visited", referral.window_ends_at)


def test_an_overdue_client_is_told_to_the_managers_once(site):
    site.consultant()
    referral = _came(site)
    with clock.at(after(hours=14)):
        assert escalate_overdue() == {"told": 0}
    with clock.at(after(hours=16)):
        assert escalate_overdue() == {"told": 1}
        assert escalate_overdue() == {"told": 0}
    said = Notice.objects.filter(kind="client.overdue")
    assert {notice.recipient for notice in said} == {site.manager, site.second_manager}
    assert {notice.target_label for notice in said} == {referral.number}
    with clock.at(after(hours=17)):
        follow_up(actor=site.manager, referral=referral, grade="C", next_on=DAY + timedelta(days=1))
    with clock.at(after(days=2)):
        assert escalate_overdue() == {"told": 1}
    assert said.all().count() == 4


def test_both_consultants_are_told_of_a_change(site):
    host = site.consultant()
    referral = _came(site)
    other = site.consultant()
    with clock.at(after(days=1)):
        with pytest.raises(Invalid) as same:
            assign_consultant(actor=site.manager, referral=referral, consultant=host, reason="stays")
        assert same.value.code == "nothing_changed"
        assign_consultant(actor=site.manager, referral=referral, consultant=other, reason="speaks Cantonese")
    notice = Notice.objects.get(kind="client.given_away")
    assert (notice.recipient, notice.facts["consultant"]) == (host.user, str(other))
    assert _due(referral) == DAY + timedelta(days=1)


def test_clients_of_one_who_leaves_are_shared_out_as_the_preview_says(site):
    leaving = site.consultant()
    for hour, phone in enumerate((LI, WANG, ZHAO), 1):
        _came(site, phone, hours=hour)
    one, other = site.consultant(), site.consultant()
    preview = {receiver: len(ids) for receiver, ids in plan_handover(leaving=leaving, receivers=[one, other])}
    with clock.at(after(hours=9)):
        moved = share_out_clients(actor=site.manager, leaving=leaving, receivers=[one, other], reason="leaves")
    assert (moved, preview) == (3, {one: 2, other: 1})
    assert {receiver: receiver.referrals.count() for receiver in preview} == preview
    told = {
        notice.recipient: notice.facts["clients"] for notice in Notice.objects.filter(kind__startswith="consultant.")
    }
    assert told == {one.user: 2, other.user: 1, leaving.user: 3}


def test_handing_over_needs_receivers_of_the_site_and_a_manager(site):
    leaving, elsewhere = site.consultant(), open_site().consultant()
    give = {"leaving": leaving, "reason": "leaves"}
    for receivers in ([], [leaving], [elsewhere]):
        with pytest.raises(Invalid):
            share_out_clients(actor=site.manager, receivers=receivers, **give)
    with pytest.raises(Forbidden):
        share_out_clients(actor=site.reception, receivers=[site.consultant()], **give)
    leaving.refresh_from_db()
    assert leaving.on_duty


def test_notes_are_erased_with_the_client(site, settings):
    from leads.services.erasure import erase_personal_data

    host = site.consultant()
    referral = _came(site, SUN)
    with clock.at(after(hours=2)):
        follow_up(actor=host.user, referral=referral, grade="B", note="corner flat")
    with clock.at(after(days=settings.PERSONAL_DATA_DAYS + 100)):
        erase_personal_data()
    assert FollowUp.objects.get().note == ""


def test_a_client_handed_over_is_the_successors_to_call_today_and_not_in_the_pool(site):
    _pool_after(site, 3)
    leaving = site.consultant()
    referral = _came(site)
    successor = site.consultant()
    with clock.at(after(days=4)):
        share_out_clients(actor=site.manager, leaving=leaving, receivers=[successor], reason="leaves")
        assert list(pool_of_project(site.project, clock.now())) == []
        assert list(own_clients(successor.user, site.project, clock.now())) == [referral]
    assert ClientCare.objects.get().due_on == clock.local_date(after(days=4), site.project.zone)


def test_a_client_whose_deal_was_cancelled_is_not_in_the_pool_at_once(site):
    _pool_after(site, 3)
    site.consultant()
    referral = _came(site, LI)
    deal = site.subscribe(LI, at=after(days=1))
    with clock.at(after(days=9)):
        cancel_deal(actor=site.manager, deal=deal, reason="changed their mind")
        assert fresh(referral).state == "visited"
        assert list(pool_of_project(site.project, clock.now())) == []
    assert list(pool_of_project(site.project, after(days=12))) == [referral]
