"""Two consultants reach for one client of the pool at once: exactly one has it, and the other is told so.

The control takes the lock away: the same race then has two who believe they have the client.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from channels_platform.audit.models import Event
from channels_platform.lib.errors import NotAllowed
from leads.models import Consultant, Referral
from leads.services import care
from leads.services.care import take_client
from leads.services.visits import confirm_visit
from tests.pages.world import make_world, staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial]
RACERS = 4


def _race(monkeypatch):
    """Let several consultants take one client at once, dwelling between judging and writing; return what each got."""
    world = make_world()
    Consultant.objects.update(on_duty=False)
    referral = world.file()
    confirm_visit(actor=world.reception, referral=referral)
    racers = [staff(f"racer-{n}", "consultant", world.project) for n in range(RACERS)]
    Consultant.objects.bulk_create([Consultant(user=one, project=world.project) for one in racers])
    judge, start = care.pool_of_project, Barrier(RACERS)

    def slowly(project, now):
        pool = judge(project, now)
        found = pool.filter(pk=referral.pk).exists()
        time.sleep(0.3)

        class Judged:
            def filter(self, **_):
                return self

            def exists(self):
                return found

        return Judged()

    monkeypatch.setattr(care, "pool_of_project", slowly)

    def take(person):
        start.wait()
        try:
            take_client(actor=person, referral=referral)
        except NotAllowed as refused:
            return refused.code
        finally:
            connection.close()
        return "taken"

    with ThreadPoolExecutor(RACERS) as pool:
        return sorted(pool.map(take, racers))


def test_of_several_who_take_one_client_exactly_one_does(monkeypatch):
    assert _race(monkeypatch) == ["not_in_pool"] * (RACERS - 1) + ["taken"]
    assert Event.objects.filter(action="client.taken").count() == 1
    assert Referral.objects.get().consultant is not None


def test_control_without_the_lock_several_take_it(monkeypatch):
    unlocked = Referral.objects.select_related("policy", "project")
    monkeypatch.setattr(care, "lock_referrals", lambda ids: unlocked.in_bulk(list(ids)))
    assert _race(monkeypatch).count("taken") > 1
