"""The tidying of what is over (domain 7); no rule waits for it."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, connections, transaction

from channels_platform.audit.models import Event
from channels_platform.lib import clock
from leads.models import Claim, Referral
from leads.services.sweep import sweep_expiries
from tests.cast import LI, WANG, after, held, open_site, state

NONE = {"lapsed": 0, "expired": 0}


def _sweep(at, **batch):
    with clock.at(at):
        return sweep_expiries(**batch)


@pytest.mark.django_db
def test_it_writes_down_lapse_and_expiry_with_their_events_once():
    site = open_site(exclusive_from="filing", protection_days=10, visit_within_hours=24)
    lapsing, expiring = site.file(site.owner, LI), site.file(site.owner, WANG)
    site.visit(expiring, at=after(hours=2))
    assert _sweep(after(hours=24) - timedelta(microseconds=1)) == NONE
    assert _sweep(after(hours=24)) == {"lapsed": 1, "expired": 0}
    assert _sweep(after(days=10)) == {"lapsed": 0, "expired": 1}
    assert _sweep(after(days=11)) == NONE
    assert [Referral.objects.get(pk=one.pk).state for one in (lapsing, expiring)] == ["lapsed", "expired"]
    assert [claim.released_at for claim in Claim.objects.order_by("lapses_at")] == [after(hours=24), None]
    assert not Claim.objects.filter(live=True).exists()
    swept = Event.objects.filter(action__in=["referral.lapsed", "referral.expired"])
    assert [(event.before, event.after) for event in swept.order_by("id")] == [
        ({"state": "filed"}, {"state": "lapsed"}),
        ({"state": "visited"}, {"state": "expired"}),
    ]


@pytest.mark.django_db
def test_it_works_in_batches():
    site = open_site(visit_within_hours=24)
    for n in range(7):
        site.file(site.owner, f"1380000002{n}")
    assert _sweep(after(days=2), batch=3) == {"lapsed": 7, "expired": 0}


@pytest.mark.django_db
def test_the_earlier_of_two_ends_happened():
    site = open_site(exclusive_from="filing", protection_days=1, visit_within_hours=48)
    expired = site.file(site.owner, LI)
    site.policy(visit_within_hours=24)
    both = site.file(site.owner, WANG)
    assert _sweep(after(days=9)) == {"lapsed": 1, "expired": 1}
    assert [Referral.objects.get(pk=one.pk).state for one in (expired, both)] == ["expired", "lapsed"]


@pytest.mark.django_db
def test_a_sweep_never_changes_what_a_reader_sees():
    site = open_site(exclusive_from="filing", protection_days=10, visit_within_hours=24)
    referrals = [site.file(site.owner, LI), site.file(site.rival, WANG)]
    site.visit(referrals[1], at=after(hours=2))
    at = after(days=30)
    before = [(state(one, at=at), held(one, at=at)) for one in referrals]
    _sweep(at)
    assert [(state(one, at=at), held(one, at=at)) for one in referrals] == before


@pytest.mark.django_db
def test_winners_are_left_alone():
    site = open_site(exclusive_from="filing", visit_within_hours=24)
    referral = site.file(site.owner, LI)
    site.subscribe(LI, at=after(hours=1))
    assert _sweep(after(days=60)) == NONE
    assert state(referral, at=after(days=60)) == "won"


@pytest.mark.django_db
def test_a_week_without_any_job_stops_nobody():
    site = open_site(exclusive_from="filing", visit_within_hours=24)
    site.file(site.owner, LI)
    for day in range(1, 8):
        broker = site.rival if day % 2 else site.owner
        assert site.file(broker, LI, at=after(days=day)).reason == ""
    assert Claim.objects.filter(live=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_rows_that_another_holds_are_left_for_later():
    site = open_site(visit_within_hours=24)
    held_row, free = site.file(site.owner, LI), site.file(site.owner, WANG)
    found = []

    def sweep_elsewhere():
        try:
            found.append(_sweep(after(days=2)))
        finally:
            connection.close()

    with transaction.atomic():
        Referral.objects.select_for_update().get(pk=held_row.pk)
        thread = Thread(target=sweep_elsewhere)
        thread.start()
        thread.join(20)
    assert found == [{"lapsed": 1, "expired": 0}]
    assert Referral.objects.get(pk=free.pk).state == "lapsed"
    assert _sweep(after(days=2)) == {"lapsed": 1, "expired": 0}


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_share_the_work():
    site = open_site(visit_within_hours=24)
    for n in range(40):
        site.file(site.owner, f"138000003{n:02d}")
    start, found = Barrier(2), []

    def sweep():
        try:
            start.wait(10)
            found.append(_sweep(after(days=2), batch=3)["lapsed"])
        finally:
            connections.close_all()

    threads = [Thread(target=sweep) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    found.append(_sweep(after(days=2))["lapsed"])
    assert sum(found) == 40
    assert Event.objects.filter(action="referral.lapsed").count() == 40
