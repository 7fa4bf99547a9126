"""Signing in and out: where each role lands, what is refused, what the audit trail keeps."""

import pytest
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.urls import NoReverseMatch, reverse

from channels_platform.audit.models import Event
from tests.accounts.conftest import PASSWORD

LOGIN = "/accounts/login/"
LANDING = {
    "broker": "portal:home",
    "agency_admin": "portal:home",
    "reception": "desk:today",
    "consultant": "desk:today",
    "finance": "finance:balances",
    "finance_approver": "finance:balances",
    "marketing": "admin:index",
    "marketing_manager": "admin:index",
    "auditor": "admin:index",
}


def sign_in(client, username="lin", password=PASSWORD, **more):
    return client.post(LOGIN, {"login": username, "password": password, **more})


def address(name):
    try:
        return reverse(name)
    except NoReverseMatch:
        return "/"


@pytest.mark.parametrize(("role", "place"), LANDING.items())
def test_each_role_lands_on_its_page(client, person, role, place):
    person(role=role)
    answer = sign_in(client)
    assert (answer.status_code, answer.headers["Location"]) == (302, address(place))


def test_asked_for_page_comes_after_sign_in(client, person):
    person()
    assert sign_in(client, next="/accounts/password/change/").headers["Location"] == "/accounts/password/change/"


def test_a_foreign_address_is_no_next_page(client, person):
    person()
    assert sign_in(client, next="https://elsewhere.example/").headers["Location"] == address("portal:home")


def test_root_leads_a_stranger_to_sign_in(client, db):
    assert client.get("/").headers["Location"] == LOGIN


def test_root_tells_a_person_without_a_role(client, person):
    client.force_login(person(role=""))
    answer = client.get("/")
    assert answer.status_code == 403
    assert b"No workplace yet" in answer.content


def test_sign_in_and_out_are_recorded(client, person):
    lin = person()
    sign_in(client)
    client.post("/accounts/logout/")
    events = Event.objects.order_by("at").values_list("action", "actor_id", "target_id")
    assert list(events) == [("signin.done", lin.pk, str(lin.pk)), ("signin.ended", lin.pk, str(lin.pk))]


def test_a_get_does_not_sign_out(client, person):
    client.force_login(person())
    client.get("/accounts/logout/")
    assert "_auth_user_id" in client.session


def test_failed_sign_in_names_a_known_account(client, person):
    lin = person()
    answer = sign_in(client, password="wrong")
    assert answer.status_code == 200
    event = Event.objects.get()
    assert (event.action, event.actor_id, event.target_id) == ("signin.failed", None, str(lin.pk))


def test_what_a_stranger_typed_is_not_kept(client, db):
    sign_in(client, username="my-secret-password", password="x")
    event = Event.objects.get()
    assert (event.action, event.target_id, event.after) == ("signin.failed", "", {"known_account": False})
    assert "my-secret-password" not in str(event.__dict__)


def test_unknown_name_and_wrong_password_read_the_same(client, person):
    person()
    wrong = sign_in(client, password="wrong").content.decode()
    unknown = sign_in(client, username="nil", password="wrong").content.decode()
    phrase = "The username and/or password you specified are not correct."
    assert phrase in wrong
    assert phrase in unknown


def test_inactive_person_stays_out(client, person):
    person(is_active=False)
    sign_in(client)
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(("language", "says"), [("en", b"5 minutes"), ("zh-hans", b"5")])
def test_five_failures_lock_out_and_say_how_long(client, person, language, says):
    person()
    client.cookies["django_language"] = language
    for _ in range(5):
        sign_in(client, password="wrong")
    answer = sign_in(client)
    assert "_auth_user_id" not in client.session
    assert says in answer.content
    assert list(Event.objects.order_by("at").values_list("action", flat=True)) == ["signin.failed"] * 5 + [
        "signin.locked"
    ]


def test_lock_out_of_one_leaves_others_alone(client, person):
    person()
    person("rival")
    for _ in range(6):
        sign_in(client, password="wrong")
    assert sign_in(client, username="rival").status_code == 302


def test_four_failures_do_not_lock_out(client, person):
    person()
    for _ in range(4):
        sign_in(client, password="wrong")
    assert sign_in(client).status_code == 302


@pytest.fixture
def second_factor(person):
    """Lin, who has an authenticator, and its secret."""
    secret = generate_totp_secret()
    TOTP.activate(person(), secret)
    return secret


def test_password_alone_is_not_enough_with_a_second_factor(client, second_factor):
    assert sign_in(client).headers["Location"].startswith("/accounts/2fa/authenticate/")
    assert "_auth_user_id" not in client.session
    assert not Event.objects.filter(action="signin.done").exists()


def test_wrong_second_factor_is_a_failed_sign_in(client, second_factor):
    sign_in(client)
    right = format_hotp_value(hotp_value(second_factor, list(yield_hotp_counters_from_time())[1]))
    wrong = "000000" if right != "000000" else "000001"
    client.post("/accounts/2fa/authenticate/", {"code": wrong})
    assert "_auth_user_id" not in client.session
    assert Event.objects.get(action="signin.failed").after == {"known_account": True, "second_factor": True}


def test_right_second_factor_signs_in(client, second_factor):
    sign_in(client)
    code = format_hotp_value(hotp_value(second_factor, list(yield_hotp_counters_from_time())[1]))
    client.post("/accounts/2fa/authenticate/", {"code": code})
    assert "_auth_user_id" in client.session
    assert Event.objects.filter(action="signin.done").count() == 1


def test_nobody_signs_up(client, db):
    answer = client.post(
        "/accounts/signup/", {"username": "new", "password1": PASSWORD, "password2": PASSWORD}, follow=True
    )
    assert b"No public sign-up" in answer.content
    assert "_auth_user_id" not in client.session


def test_admin_is_entered_through_the_same_door(client, db):
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0].startswith(LOGIN)


def test_password_change_is_recorded_and_keeps_the_person_in(client, person):
    lin = person()
    client.force_login(lin)
    new = "quite-another-password"
    client.post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new}
    )  # fmt: skip
    lin.refresh_from_db()
    assert lin.check_password(new)
    assert "_auth_user_id" in client.session
    assert Event.objects.filter(action="password.changed", actor_id=lin.pk).count() == 1


def test_password_reset_mails_a_link_that_works_once(client, person, mailoutbox):
    lin = person(email="lin@example.com")
    client.post("/accounts/password/reset/", {"email": "lin@example.com"})
    link = next(word for word in mailoutbox[0].body.split() if "/accounts/password/reset/key/" in word)
    form = client.get(link, follow=True)
    new = "quite-another-password"
    client.post(form.request["PATH_INFO"], {"password1": new, "password2": new})
    lin.refresh_from_db()
    assert lin.check_password(new)
    assert b"no longer works" in client.get(link, follow=True).content


def test_reset_for_an_unknown_address_answers_alike_and_mails_nobody(client, db, mailoutbox):
    answer = client.post("/accounts/password/reset/", {"email": "nobody@example.com"})
    assert answer.headers["Location"] == "/accounts/password/reset/done/"
    assert mailoutbox == []
