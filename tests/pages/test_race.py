"""One form sent eight times at once: one filing, one address for all."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client

from leads.models import Referral, Visit
from tests.pages.world import CLIENT_PHONE, make_world

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = 8


def at_once(user, address, fields):
    def send(_):
        try:
            client = Client()
            client.force_login(user)
            answer = client.post(address, fields)
            return answer.status_code, answer.get("Location")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(TIMES) as threads:
        return set(threads.map(send, range(TIMES)))


def test_one_form_sent_at_once_files_once(transactional_db):
    world = make_world()
    fields = {"project": world.project.pk, "client_name": "张伟", "phones": [CLIENT_PHONE], "once": "7" * 32}
    answers = at_once(world.owner.user, "/portal/clients/new/", fields)
    referral = Referral.objects.get()
    assert answers == {(302, f"/portal/clients/{referral.pk}/filed/")}


def test_different_forms_for_one_client_file_once_and_refuse_the_rest(transactional_db):
    """The control: without the form's key in common each is judged for itself."""
    world = make_world()
    for n in range(3):
        fields = {"project": world.project.pk, "client_name": "张伟", "phones": [CLIENT_PHONE], "once": f"{n}" * 32}
        at_once(world.owner.user, "/portal/clients/new/", fields)
    assert sorted(Referral.objects.values_list("state", flat=True)) == ["filed", "rejected", "rejected"]


def test_one_arrival_confirmed_at_once_is_one_visit(transactional_db):
    world = make_world()
    referral = world.file()
    answers = at_once(world.reception, f"/desk/referrals/{referral.pk}/confirm/", {"once": "8" * 32})
    assert len(answers) == 1
    assert Visit.objects.get().confirmed
