"""Invitation links: they set the first password, once, for a week."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from channels_platform.accounts.models import User
from channels_platform.accounts.services.invitations import (
    VALID_FOR,
    InvitationOver,
    accept_invitation,
    get_invited,
    invitation_url,
    issue_invitation,
)
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import NotAllowed
from tests.accounts.conftest import PASSWORD


@pytest.fixture
def newcomer(db):
    return User.objects.create_user("newcomer", role="broker", name="New Comer")


@pytest.fixture
def link(newcomer, person):
    token = issue_invitation(user=newcomer, actor=person("boss", "agency_admin"))
    return f"/accounts/invitation/{token}/"


def test_invited_person_sets_a_password_and_signs_in(client, link, newcomer):
    assert b"newcomer" in client.get(link).content
    answer = client.post(link, {"password": PASSWORD, "repeated": PASSWORD})
    assert answer.headers["Location"] == "/accounts/login/"
    newcomer.refresh_from_db()
    assert newcomer.check_password(PASSWORD)
    assert client.post("/accounts/login/", {"login": "newcomer", "password": PASSWORD}).status_code == 302
    actions = Event.objects.order_by("at").values_list("action", flat=True)
    assert list(actions) == ["person.invited", "person.joined", "signin.done"]


def test_link_works_once(client, link, newcomer):
    client.post(link, {"password": PASSWORD, "repeated": PASSWORD})
    answer = client.post(link, {"password": "quite-another-password", "repeated": "quite-another-password"})
    assert answer.status_code == 410
    newcomer.refresh_from_db()
    assert newcomer.check_password(PASSWORD)


def test_looking_does_not_use_it_up(client, link):
    assert [client.get(link).status_code, client.get(link).status_code] == [200, 200]


def test_link_ends_after_a_week(client, link):
    now = clock.now()
    with clock.at(now + VALID_FOR - timedelta(minutes=1)):
        assert client.get(link).status_code == 200
    with clock.at(now + VALID_FOR + timedelta(seconds=1)):
        assert client.get(link).status_code == 410


def test_altered_link_is_no_invitation(client, link):
    assert client.get(link[:-2] + "x/").status_code == 410


def test_link_of_a_closed_account_is_over(client, link, newcomer):
    User.objects.filter(pk=newcomer.pk).update(is_active=False)
    assert client.get(link).status_code == 410


def test_weak_or_differing_passwords_are_refused(client, link, newcomer):
    short = client.post(link, {"password": "short", "repeated": "short"})
    differing = client.post(link, {"password": PASSWORD, "repeated": PASSWORD + "x"})
    assert b"at least 10 characters" in short.content
    assert b"not the same" in differing.content
    newcomer.refresh_from_db()
    assert not newcomer.has_usable_password()


def test_who_has_a_password_is_not_invited(person):
    with pytest.raises(NotAllowed):
        issue_invitation(user=person("lin"), actor=None)
    assert not Event.objects.exists()


def test_whole_link_stands_on_the_public_address(settings, newcomer):
    settings.SITE_URL = "https://channels.example"
    url = invitation_url(issue_invitation(user=newcomer, actor=None))
    assert url.startswith("https://channels.example/accounts/invitation/")


@pytest.mark.django_db(transaction=True)
def test_two_at_once_set_one_password():
    newcomer = User.objects.create_user("newcomer", role="broker")
    token = issue_invitation(user=newcomer, actor=None)

    def accept(password):
        try:
            accept_invitation(token=token, password=password)
        except InvitationOver:
            return False
        finally:
            connection.close()
        return True

    passwords = [f"{PASSWORD}-{n}" for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        won = [password for password, done in zip(passwords, pool.map(accept, passwords), strict=True) if done]
    newcomer.refresh_from_db()
    assert len(won) == 1
    assert newcomer.check_password(won[0])
    with pytest.raises(InvitationOver):
        get_invited(token)
