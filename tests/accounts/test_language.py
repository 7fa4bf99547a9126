"""The reader's language: account first, then cookie, then browser."""

import pytest

from channels_platform.notices.mails import _language
from channels_platform.notices.models import Notice
from tests.accounts.conftest import PASSWORD

LOGIN = "/accounts/login/"


def lang(answer):
    return answer.content.decode().split('<html lang="', 1)[1].split('"', 1)[0]


def test_browser_decides_for_a_stranger(client, db):
    assert lang(client.get(LOGIN, headers={"accept-language": "zh-CN,zh;q=0.9"})) == "zh-hans"
    assert lang(client.get(LOGIN, headers={"accept-language": "en"})) == "en"


def test_stranger_switches_by_cookie(client, db):
    answer = client.post("/accounts/language/", {"language": "zh-hans", "next": LOGIN})
    assert answer.headers["Location"] == LOGIN
    assert lang(client.get(LOGIN, headers={"accept-language": "en"})) == "zh-hans"


def test_person_keeps_the_language_on_every_device(client, person):
    lin = person()
    client.force_login(lin)
    client.post("/accounts/language/", {"language": "zh-hans", "next": "/accounts/password/change/"})
    lin.refresh_from_db()
    assert lin.language == "zh-hans"
    client.cookies.clear()
    client.force_login(lin)
    assert lang(client.get("/accounts/password/change/", headers={"accept-language": "en"})) == "zh-hans"


def test_signing_in_binds_no_page_but_tells_mail_what_to_speak(client, person):
    lin = person()
    chinese, english = {"accept-language": "zh-CN,zh;q=0.9"}, {"accept-language": "en"}
    client.post(LOGIN, {"login": lin.username, "password": PASSWORD}, headers=chinese)
    assert lang(client.get("/accounts/password/change/", headers=english)) == "en"
    lin.refresh_from_db()
    assert (lin.language, lin.spoken) == ("", "zh-hans")
    told = Notice(recipient=lin)
    assert _language(told) == "zh-hans"
    lin.language = "en"
    assert _language(told) == "en"


@pytest.mark.parametrize("language", ["xx", "", "de", "../etc"])
def test_unknown_language_changes_nothing(client, person, language):
    lin = person(language="en")
    client.force_login(lin)
    client.post("/accounts/language/", {"language": language, "next": "/"})
    lin.refresh_from_db()
    assert lin.language == "en"


def test_switch_is_a_post_and_stays_on_this_site(client, db):
    assert client.get("/accounts/language/").status_code == 405
    answer = client.post("/accounts/language/", {"language": "en", "next": "https://elsewhere.example/"})
    assert answer.headers["Location"] == "/"
