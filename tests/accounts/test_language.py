"""The reader's language: account first, then cookie, then browser."""

import pytest

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
