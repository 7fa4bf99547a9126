"""Whatever a client sends, it gets an RFC 9457 problem and never a 500."""

import json

import pytest

from tests.api.cast import filing

URL = "/api/v1/referrals/"
KEYS = {"type", "title", "status", "detail", "code"}


def assert_problem(answer, status, code=None):
    assert answer.status_code == status, answer.content[:500]
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert KEYS <= set(body) <= KEYS | {"errors"}
    assert body["status"] == status
    if code:
        assert body["code"] == code


@pytest.mark.parametrize(
    "path",
    ["/api/", "/api/v1/", "/api/v2/referrals/", "/api/v1/referrals", "/api/v1/nothing/", "/api/v1/referrals/%00/",
     "/api/v1/referrals/not-a-uuid/", "/api/v1/projects/%F0%9F%8F%A0/", "/api/v1/projects/a%00b/", "/api/%FF/"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_unknown_address(cast, path, method):
    assert_problem(getattr(cast.client(cast.owner), method)(path), 404, "not_found")


def test_not_signed_in(client, db):
    answer = client.get(URL)
    assert_problem(answer, 401, "not_signed_in")
    assert answer.headers["WWW-Authenticate"] == "Token"


def test_a_role_that_lacks_it(cast):
    assert_problem(cast.client("reception").post(URL, filing(), format="json"), 403, "forbidden")


def test_a_method_it_does_not_take(cast):
    answer = cast.client(cast.owner).delete(URL)
    assert_problem(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) >= {"GET", "POST"}


def test_not_json_wanted(cast):
    assert_problem(cast.client(cast.owner).get(URL, headers={"Accept": "text/html"}), 406)


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html, */*;q=0.1", "application/problem+json", ""])
def test_json_is_what_most_accept(cast, accept):
    assert cast.client(cast.owner).get(URL, headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "nonsense"])
def test_not_json_sent(cast, kind):
    assert_problem(cast.client(cast.owner).post(URL, "project=P1", content_type=kind), 415)


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[]", b"null", b"5", b'"x"', b"\xff\xfe", b'{"a": NaN}', b'{"a": Infinity}', b'{"a": "\x00"}',
        b'{"project": "\\u0000"}', b'{"project": "\\ud800"}', b"[" * 100_000, b'{"party_size": ' + b"9" * 10_000 + b"}",
        b'{"project": "P1", "pro\\u006aect": "P2"}',
    ],
)  # fmt: skip
def test_what_is_no_json_object(cast, body):
    assert_problem(cast.client(cast.owner).generic("POST", URL, body, content_type="application/json"), 400)


def test_an_empty_body_lacks_its_fields(cast):
    assert_problem(cast.client(cast.owner).generic("POST", URL, b"", content_type="application/json"), 422)


def test_too_large(cast, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = json.dumps(filing(note="x" * 2000))
    assert_problem(cast.client(cast.owner).generic("POST", URL, body, content_type="application/json"), 413)


def test_too_often(cast, settings):
    settings.API_REQUESTS_PER_MINUTE = 2
    client = cast.client(cast.owner)
    answers = [client.get(URL) for _ in range(3)]
    assert [answer.status_code for answer in answers[:2]] == [200, 200]
    assert_problem(answers[2], 429, "throttled")
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 61
    assert cast.client(cast.rival).get(URL).status_code == 200


def test_a_refused_host(cast, settings):
    settings.ALLOWED_HOSTS = ["example.org"]
    assert_problem(cast.client(cast.owner).get(URL, headers={"Host": "evil.example"}), 400)


def test_a_fault_of_ours_says_nothing(cast, monkeypatch):
    from leads.api import referrals

    monkeypatch.setattr(referrals, "readable", lambda user: 1 / 0)
    answer = cast.client(cast.owner).get(URL)
    assert_problem(answer, 500, "internal")
    assert "ZeroDivision" not in answer.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "page_size=0", "page_size=-1", "page_size=x", "page_size=", "page_size=1e3", "page_size=99999999999999999999",
        "page_size=%D9%A1", "page_size=1%00", "ordering=note", "ordering=-pk", "ordering=%00", "cursor=x", "cursor=%00",
        "cursor=W10", "cursor=WyJmIiwiLWZpbGVkX2F0IiwieCIsInkiXQ", "cursor=%F0%9F%8F%A0", "cursor=====",
        "state=nothing", "state=%00", "project=%00", "filed_from=yesterday", "filed_from=2026-13-01T00:00:00Z",
        "filed_from=9999-12-31T23:59:59-23:00", "filed_to=%00", "number=%00", "broker=" + "x" * 1000,
    ],
)  # fmt: skip
def test_a_query_that_cannot_be(cast, query):
    assert_problem(cast.client(cast.owner).get(f"{URL}?{query}"), 400)


def test_a_cursor_of_another_order(cast):
    client = cast.client(cast.owner)
    for n in range(3):
        client.post(URL, filing(f"1380000000{n}"), format="json")
    link = client.get(f"{URL}?page_size=1").json()["next"]
    assert_problem(client.get(link + "&ordering=filed_at"), 400, "bad_cursor")


def test_no_answer_repeats_a_phone(cast):
    answer = cast.client(cast.owner).post(URL, {**filing(), "preferred_consultant": "13800138000"}, format="json")
    assert answer.status_code == 422 and "13800138000" not in answer.content.decode()


def test_a_page_of_the_site_still_gets_a_page(client, db):
    answer = client.get("/nothing-here/")
    assert answer.status_code == 404 and answer.headers["Content-Type"].startswith("text/html")
