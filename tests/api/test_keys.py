"""Keys of programs: handed out for a password, ended by time or by hand."""

from datetime import timedelta

import pytest

from channels_platform.accounts.models import ApiToken, User
from channels_platform.audit.models import Event
from channels_platform.lib import clock

URL = "/api/v1/auth/token/"
WHO = {"username": "owner", "password": "a-long-password"}


def get_key(client, **fields):
    return client.post(URL, {**WHO, **fields}, content_type="application/json")


def listing(client, key, scheme="Token"):
    return client.get("/api/v1/referrals/", headers={"Authorization": f"{scheme} {key}"})


def test_a_password_gets_a_key_that_works(cast, client):
    answer = get_key(client)
    assert answer.status_code == 201 and set(answer.json()) == {"token", "expires_at"}
    assert listing(client, answer.json()["token"]).status_code == 200
    done = list(Event.objects.filter(actor=cast.owner.user).order_by("id").values_list("action", flat=True))
    assert done == ["signin.done", "token.issued"]


def test_the_key_itself_is_not_kept(cast, client):
    key = get_key(client).json()["token"]
    assert bytes(ApiToken.objects.get().digest) == ApiToken.digest_of(key) and key.encode() not in ApiToken.digest_of(
        key
    )


@pytest.mark.parametrize("fields", [{"password": "wrong"}, {"username": "nobody"}])
def test_a_wrong_password_gets_none(cast, client, fields):
    answer = get_key(client, **fields)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_credentials")
    assert not ApiToken.objects.exists()
    assert Event.objects.filter(action="signin.failed").count() == 1


def test_repeated_failures_lock_out_the_api_and_the_web_alike(cast, client):
    for _ in range(5):
        assert get_key(client, password="wrong").status_code == 401
    locked = get_key(client)
    assert (locked.status_code, locked.json()["code"]) == (429, "locked_out")
    assert int(locked.headers["Retry-After"]) > 0
    web = client.post("/accounts/login/", {"login": "owner", "password": "a-long-password"})
    assert web.status_code == 200 and "_auth_user_id" not in client.session


def test_a_key_ends_by_itself(cast, client, settings):
    key = get_key(client).json()["token"]
    with clock.at(clock.now() + timedelta(days=settings.API_TOKEN_DAYS, seconds=1)):
        answer = listing(client, key)
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"] == "Token"


def test_a_key_can_be_ended(cast, client):
    key = get_key(client).json()["token"]
    assert client.delete(URL, headers={"Authorization": f"Token {key}"}).status_code == 204
    assert listing(client, key).status_code == 401
    assert Event.objects.filter(action="token.revoked").count() == 1


def test_a_key_of_one_who_left_opens_nothing(cast, client):
    key = get_key(client).json()["token"]
    User.objects.filter(pk=cast.owner.user_id).update(is_active=False)
    assert listing(client, key).status_code == 401
    assert get_key(client).status_code == 401


@pytest.mark.parametrize("key", ["", "x", "\xff\xfe", "a b c", "Token Token", "'; DROP TABLE x; --"])
def test_a_key_that_is_none(cast, client, key):
    assert listing(client, key).status_code == 401


def test_the_session_works_too_with_its_csrf_token(cast):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.owner.user)
    assert browser.get("/api/v1/referrals/").status_code == 200
    forged = browser.post("/api/v1/referrals/", "{}", content_type="application/json")
    assert forged.status_code == 403 and forged.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("body", [{}, {"username": "owner"}, {"username": 1, "password": "x"}])
def test_both_are_needed(cast, client, body):
    assert client.post(URL, body, content_type="application/json").status_code == 422


def test_a_second_factor_is_not_walked_around(cast, client):
    from allauth.mfa.totp.internal import auth as totp

    secret = totp.generate_totp_secret()
    totp.TOTP.activate(cast.owner.user, secret)
    without = get_key(client)
    assert (without.status_code, without.json()["code"]) == (403, "second_factor_required")
    assert get_key(client, code="000000").status_code == 401
    now = totp.format_hotp_value(totp.hotp_value(secret, list(totp.yield_hotp_counters_from_time())[1]))
    assert get_key(client, code=now).status_code == 201
