"""One Idempotency-Key: done once, answered twice."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from channels_platform.http.idempotency import KEEP, forget_answers
from channels_platform.http.models import StoredAnswer
from channels_platform.lib import clock
from leads.models import Referral
from tests.api.cast import filing, make_cast

URL = "/api/v1/referrals/"


def send(client, body, key="k1", url=URL):
    return client.post(url, body, format="json", headers={"Idempotency-Key": key})


def test_the_same_request_again_gets_the_first_answer(cast):
    client = cast.client(cast.owner)
    first = send(client, filing())
    again = send(client, filing())
    assert "Idempotent-Replayed" not in first.headers
    assert (again.status_code, again.content, again.headers["Idempotent-Replayed"]) == (201, first.content, "true")
    assert Referral.objects.count() == 1


def test_another_body_under_the_same_key_is_refused(cast):
    client = cast.client(cast.owner)
    send(client, filing())
    other = send(client, filing("13800000002"))
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert Referral.objects.count() == 1


def test_another_address_under_the_same_key_is_refused(cast):
    client = cast.client(cast.owner)
    pk = send(client, filing()).json()["id"]
    other = send(client, filing(), url=f"{URL}{pk}/withdraw/")
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


def test_keys_belong_to_their_caller(cast):
    send(cast.client(cast.owner), filing())
    rival = send(cast.client(cast.rival), filing("13800000002"))
    assert rival.status_code == 201 and "Idempotent-Replayed" not in rival.headers


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 201, "schlüssel", "tab\tkey"])
def test_a_key_is_visible_ascii(cast, key):
    answer = send(cast.client(cast.owner), filing(), key)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")
    assert not Referral.objects.exists()


def test_the_longest_key_is_taken(cast):
    assert send(cast.client(cast.owner), filing(), "~" * 200).status_code == 201


def test_a_refusal_by_rule_is_answered_the_same_again(cast):
    client = cast.client(cast.owner)
    pk = client.post(URL, filing(), format="json").json()["id"]
    client.post(f"{URL}{pk}/withdraw/")
    first = send(client, {}, url=f"{URL}{pk}/withdraw/")
    again = send(client, {}, url=f"{URL}{pk}/withdraw/")
    assert (first.status_code, first.json()["code"]) == (409, "not_allowed")
    assert (again.status_code, again.json()) == (409, first.json())
    assert again.headers["Content-Type"] == "application/problem+json"
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_field_error_leaves_the_key_free(cast):
    client = cast.client(cast.owner)
    assert send(client, {**filing(), "party_size": 0}).status_code == 422
    assert send(client, filing()).status_code == 201


def test_what_is_kept_names_nobody(cast):
    send(cast.client(cast.owner), filing())
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(a)::text FROM http_storedanswer a")
        [(raw,)] = cursor.fetchall()
    assert "张伟" not in raw and "13800000001" not in raw
    assert "13800000001" not in StoredAnswer.objects.get().body


def test_answers_are_kept_a_day_and_then_forgotten(cast):
    client = cast.client(cast.owner)
    send(client, filing())
    with clock.at(clock.now() + timedelta(hours=24)):
        forget_answers()
        assert StoredAnswer.objects.count() == 1
    with clock.at(clock.now() + KEEP + timedelta(minutes=1)):
        assert forget_answers() == 1


@pytest.mark.django_db(transaction=True)
def test_while_the_first_still_runs_the_second_is_told_so(monkeypatch):
    from leads.api import referrals

    cast = make_cast()
    first_client, second_client = cast.client(cast.owner), cast.client(cast.owner)
    begun, go_on = threading.Event(), threading.Event()
    real = referrals.file_referral

    def slow(**fields):
        begun.set()
        go_on.wait(20)
        return real(**fields)

    monkeypatch.setattr(referrals, "file_referral", slow)
    answers = []

    def first():
        try:
            answers.append(send(first_client, filing()))
        finally:
            connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert begun.wait(20)
    second = send(second_client, filing())
    go_on.set()
    thread.join(20)
    assert (second.status_code, second.json()["code"]) == (409, "in_progress")
    third = send(second_client, filing())
    assert third.content == answers[0].content and third.headers["Idempotent-Replayed"] == "true"
    assert Referral.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_request_that_dies_leaves_its_key_free(monkeypatch):
    from leads.api import referrals

    cast = make_cast()
    client = cast.client(cast.owner)
    with monkeypatch.context() as patch:
        patch.setattr(referrals, "referral_data", lambda *a, **k: 1 / 0)
        answer = send(client, filing())
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert not Referral.objects.exists() and not StoredAnswer.objects.exists()
    assert send(client, filing()).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_sixteen_of_one_request_file_once():
    cast = make_cast()
    clients = [cast.client(cast.owner) for _ in range(16)]
    answers, gate = [], threading.Barrier(16)

    def run(client):
        gate.wait()
        try:
            answers.append(send(client, filing()))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Referral.objects.count() == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert all(answer.json()["code"] == "in_progress" for answer in answers if answer.status_code == 409)
