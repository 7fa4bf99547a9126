"""Filing a client through the API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.models import Referral
from leads.services.visits import record_natural_visit
from tests.api.cast import filing, make_cast

FIELDS = {
    "id", "number", "state", "reason", "project", "agency", "broker", "client_name", "phones", "expected_arrival",
    "party_size", "consultant", "filed_at", "visit_by", "protected_until", "slip_url",
}  # fmt: skip


def test_an_accepted_filing_says_what_it_holds(cast):
    answer = cast.client(cast.owner).post("/api/v1/referrals/", filing(party_size=2, note="by metro"), format="json")
    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == FIELDS
    assert (body["state"], body["reason"], body["project"], body["broker"]) == ("filed", None, "P1", "owner")
    assert (body["client_name"], body["phones"]) == ("张伟", ["138****0001"])
    assert body["filed_at"].endswith("+08:00") and body["visit_by"].endswith("+08:00")
    assert body["protected_until"].endswith("+08:00")
    assert body["slip_url"] == f"http://testserver/api/v1/referrals/{body['id']}/slip.pdf"


def test_the_answer_is_what_the_detail_says(cast):
    client = cast.client(cast.owner)
    filed = client.post("/api/v1/referrals/", filing(), format="json").json()
    assert client.get(f"/api/v1/referrals/{filed['id']}/").json() == filed


@pytest.mark.parametrize("mode", ["filing", "visit", "never"])
def test_filing_takes_at_most_ten_statements(db, mode):
    cast = make_cast(exclusive_from=mode)
    client = cast.client(cast.owner)
    with CaptureQueriesContext(
        connection,
    ) as statements:
        answer = client.post("/api/v1/referrals/", filing(), format="json", headers={"Idempotency-Key": "one"})
    assert answer.json()["state"] == "filed"
    # what is prepared is prepared once for a connection, whichever test comes first on it
    besides = ("SAVEPOINT", "RELEASE SAVEPOINT", "PREPARE")
    work = [q["sql"] for q in statements if not q["sql"].startswith(besides)]
    assert len(work) <= 10, "\n".join(work)


def test_two_brokers_hear_the_same_of_protected_and_of_known_clients(cast):
    cast.client(cast.owner).post("/api/v1/referrals/", filing("13800000001"), format="json")
    record_natural_visit(actor=None, project=cast.project, phone="13800000002")
    rival = cast.client(cast.rival)
    protected = rival.post("/api/v1/referrals/", filing("13800000001"), format="json")
    known = rival.post("/api/v1/referrals/", filing("13800000002"), format="json")
    assert protected.status_code == known.status_code == 201
    told = [dict(answer.json()) for answer in (protected, known)]
    for body in told:
        assert (body["state"], body["reason"]) == ("rejected", "unavailable")
        assert body["visit_by"] is body["protected_until"] is body["slip_url"] is None
    alike = [{k: v for k, v in body.items() if k not in ("id", "number", "filed_at", "phones")} for body in told]
    assert alike[0] == alike[1]


def test_staff_see_the_real_reason(cast):
    cast.client(cast.owner).post("/api/v1/referrals/", filing(), format="json")
    refused = cast.client(cast.rival).post("/api/v1/referrals/", filing(), format="json").json()
    seen = cast.client("marketing").get(f"/api/v1/referrals/{refused['id']}/").json()
    assert (seen["reason"], seen["client_name"]) == ("protected", "张**")


@pytest.mark.parametrize("phone", ["123", "", "not a phone", "+1 555"])
def test_a_bad_phone_is_judged_not_refused(cast, phone):
    answer = cast.client(cast.owner).post("/api/v1/referrals/", filing(phone), format="json")
    assert (answer.status_code, answer.json()["reason"]) == (201, "invalid_phone")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"phones": []}, "phones"),
        ({"phones": ["13800000001"] * 6}, "phones"),
        ({"phones": "13800000001"}, "phones"),
        ({"phones": [13800000001]}, "phones.0"),
        ({"client_name": ""}, "client_name"),
        ({"client_name": 5}, "client_name"),
        ({"client_name": "x" * 81}, "client_name"),
        ({"client_name": "a\x07b"}, "client_name"),
        ({"party_size": 0}, "party_size"),
        ({"party_size": "2"}, "party_size"),
        ({"party_size": 10**30}, "party_size"),
        ({"party_size": True}, "party_size"),
        ({"expected_arrival": "2026-03-01T09:00:00"}, "expected_arrival"),
        ({"expected_arrival": "9999-12-31T23:59:59-23:59"}, "expected_arrival"),
        ({"preferred_consultant": "x"}, "preferred_consultant"),
    ],
)
def test_a_field_that_breaks_a_rule_is_named(cast, fields, field):
    answer = cast.client(cast.owner).post("/api/v1/referrals/", filing(**fields), format="json")
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not Referral.objects.exists()


def test_an_unknown_project_is_not_found_at_its_field(cast):
    answer = cast.client(cast.owner).post("/api/v1/referrals/", filing(project="P404"), format="json")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (404, "project")


def test_no_agreement_is_a_judged_filing(cast):
    answer = cast.client(cast.owner).post("/api/v1/referrals/", filing(project="P9"), format="json")
    assert (answer.status_code, answer.json()["reason"]) == (201, "no_agreement")


def test_a_batch_judges_each_alone_in_the_order_sent(cast):
    filings = [filing("13800000001"), filing("13800000001"), {"project": "P1"}, filing("13800000002")]
    answer = cast.client(cast.owner).post("/api/v1/referrals/batch/", filings, format="json")
    assert answer.status_code == 207
    first, again, broken, last = answer.json()
    assert (first["state"], again["reason"], last["state"]) == ("filed", "already_referred", "filed")
    assert (broken["status"], broken["code"]) == (422, "invalid")


def test_a_batch_cut_short_goes_on_under_its_key(cast, monkeypatch):
    from leads.api import referrals

    client = cast.client(cast.owner)
    filings = [filing(f"1380000000{n}") for n in range(1, 5)]
    real, done = referrals.file_referral, []

    def dies_at_the_third(**fields):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(fields)
        return real(**fields)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(referrals, "file_referral", dies_at_the_third)
        client.post("/api/v1/referrals/batch/", filings, format="json", headers={"Idempotency-Key": "night"})
    assert Referral.objects.count() == 2
    answer = client.post("/api/v1/referrals/batch/", filings, format="json", headers={"Idempotency-Key": "night"})
    assert [one["state"] for one in answer.json()] == ["filed"] * 4
    again = client.post("/api/v1/referrals/batch/", filings, format="json", headers={"Idempotency-Key": "night"})
    assert again.json() == answer.json() and again.headers["Idempotent-Replayed"] == "true"
    assert Referral.objects.count() == 4


@pytest.mark.parametrize("filings", [[], [{}] * 501])
def test_a_batch_has_one_to_five_hundred(cast, filings):
    assert cast.client(cast.owner).post("/api/v1/referrals/batch/", filings, format="json").status_code == 422


def test_a_batch_is_a_list(cast):
    assert cast.client(cast.owner).post("/api/v1/referrals/batch/", {}, format="json").status_code == 400
