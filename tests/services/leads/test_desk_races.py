"""Many taps at once at the desk: tries, messages and words stay counted. Each race has its control without the lock."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import IntegrityError, connections

from channels_platform.audit.models import Event
from channels_platform.jobs.models import OutboxMessage
from channels_platform.lib.errors import NotAllowed
from leads.models import ArrivalCode, Referral, ToldArrival
from leads.services import arrivals, codes
from leads.services.arrivals import tell_arrival
from leads.services.codes import CodeAnswer, ask_arrival_code, check_arrival_code, send_arrival_code
from tests.pages.world import make_world

pytestmark = [pytest.mark.django_db(transaction=True)]
AT_ONCE = 10


@pytest.fixture(autouse=True)
def _file(settings, tmp_path):
    settings.SMS_BACKEND, settings.SMS_FILE = "file", str(tmp_path / "sms.jsonl")


def at_once(work):
    """Run `work` in ten connections at one moment; count what came of it."""
    start = Barrier(AT_ONCE)

    def one(_n):
        try:
            start.wait(timeout=20)
            return work()
        except (NotAllowed, IntegrityError) as refused:
            return getattr(refused, "code", type(refused).__name__)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(one, range(AT_ONCE)))


def dwelling(function, seconds=0.3):
    def slow(*args, **kwargs):
        result = function(*args, **kwargs)
        time.sleep(seconds)
        return result

    return slow


def hesitating(function, seconds=0.3):
    def slow(*args, **kwargs):
        time.sleep(seconds)
        return function(*args, **kwargs)

    return slow


def a_code():
    world = make_world()
    referral = world.file()
    code = ask_arrival_code(actor=world.reception, referral=referral)
    send_arrival_code(code_id=code.pk)
    return world, referral


def wrong(world, referral):
    # seven digits: no code of ours
    return lambda: check_arrival_code(actor=world.reception, referral=referral, digits="0000000")


def test_ten_guesses_at_once_are_five_tries():
    world, referral = a_code()
    assert at_once(wrong(world, referral)) == {CodeAnswer.WRONG: 5, CodeAnswer.OVER: 5}
    assert ArrivalCode.objects.get().tries == 5


def test_control_without_the_lock_more_guesses_pass(monkeypatch):
    world, referral = a_code()
    monkeypatch.setattr(type(ArrivalCode.objects), "select_for_update", lambda manager, **_how: manager.all())
    monkeypatch.setattr(codes, "constant_time_compare", dwelling(codes.constant_time_compare))
    assert at_once(wrong(world, referral))[CodeAnswer.WRONG] > 5


def asked(world, referral):
    return lambda: "sent" if ask_arrival_code(actor=world.reception, referral=referral) else ""


def test_ten_taps_at_once_send_one_message():
    world = make_world()
    assert at_once(asked(world, world.file())) == {"sent": 1, "code_too_soon": 9}
    assert ArrivalCode.objects.count() == OutboxMessage.objects.filter(task__endswith="arrival_code").count() == 1


def test_control_without_the_lock_several_messages_are_sent(monkeypatch):
    world = make_world()
    referral = world.file()
    monkeypatch.setattr(codes, "lock_code_phone", lambda _phone: None)
    monkeypatch.setattr(ArrivalCode, "save", hesitating(ArrivalCode.save))
    assert at_once(asked(world, referral))["sent"] > 1


def told(world, referral):
    return lambda: "told" if tell_arrival(actor=world.owner.user, referral=referral) else ""


def test_ten_words_of_one_arrival_are_one():
    world = make_world()
    assert at_once(told(world, world.file())) == {"told": 10}
    assert ToldArrival.objects.count() == Event.objects.filter(action="referral.arrival_told").count() == 1


def test_control_without_the_lock_the_index_has_the_last_word(monkeypatch):
    world = make_world()
    referral = world.file()
    free = Referral.objects.select_related("policy", "project")
    monkeypatch.setattr(arrivals, "lock_referrals", lambda ids: free.in_bulk(ids))
    monkeypatch.setattr(ToldArrival, "save", hesitating(ToldArrival.save))
    assert at_once(told(world, referral))["IntegrityError"] > 0
    assert ToldArrival.objects.count() == 1
