"""The one-time code's page: send, read out, compare, confirm."""

import json

import pytest

from channels_platform.jobs.models import OutboxMessage
from channels_platform.jobs.services import deliver_message
from leads.models import ArrivalCode

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(settings, tmp_path):
    settings.SMS_BACKEND, settings.SMS_FILE = "file", str(tmp_path / "sent.jsonl")

    def read():
        for pk in OutboxMessage.objects.filter(done_at__isnull=True).values_list("pk", flat=True):
            deliver_message(pk)
        return [json.loads(line)["values"]["code"] for line in (tmp_path / "sent.jsonl").read_text().splitlines()]

    return read


def test_reception_sends_compares_and_goes_on_to_confirm(world, as_person, sent):
    own, client = world.file(), as_person(world.reception)
    address = f"/desk/referrals/{own.pk}/code/"
    assert address in client.get(f"/desk/referrals/{own.pk}/").content.decode()
    said = ""
    for _tap in range(2):
        said += client.post(address, {"act": "send", "position": "0", "once": "1" * 32}, follow=True).content.decode()
        assert "The code is on its way." in said
    (digits,) = sent()
    assert digits not in client.get(address).content.decode()
    wrong = client.post(address, {"act": "check", "digits": "12"})
    assert (wrong.status_code, ArrivalCode.objects.get().tries) == (422, 0)
    other = f"{(int(digits) + 1) % 10**6:06}"
    refused = client.post(address, {"act": "check", "digits": other})
    assert "That is not the code." in refused.content.decode()
    right = client.post(address, {"act": "check", "digits": f"{digits[:3]} {digits[3:]}"})
    assert right["Location"] == f"/desk/referrals/{own.pk}/confirm/"
    assert "One-time code matched" in client.get(f"/desk/referrals/{own.pk}/").content.decode()


def test_a_second_code_at_once_is_refused_in_words(world, as_person, sent):
    own, client = world.file(), as_person(world.reception)
    address = f"/desk/referrals/{own.pk}/code/"
    client.post(address, {"act": "send", "position": "0"})
    again = client.post(address, {"act": "send", "position": "0"})
    assert again.status_code == 422
    assert "less than a minute ago" in again.content.decode()
    assert client.post(address, {"act": "send", "position": "7"}).status_code == 422
    assert client.post(address, {"act": "nonsense"}).status_code == 200


def test_agency_learns_nothing_of_codes(world, as_person, sent):
    own = world.file()
    as_person(world.reception).post(f"/desk/referrals/{own.pk}/code/", {"act": "send", "position": "0"})
    assert "code" not in as_person(world.owner).get(f"/portal/clients/{own.pk}/").content.decode().lower().split(
        "<main"
    )[1].replace("qr-code", "")
