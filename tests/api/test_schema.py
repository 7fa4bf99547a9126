"""The API's description of itself: valid, complete, and true of what it answers."""

import json
import random
import re

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, Phase
from schemathesis.specs.openapi.checks import response_schema_conformance

from channels_platform.accounts.models import User
from channels_platform.accounts.services.tokens import issue_token
from channels_platform.api_urls import v1
from channels_platform.wsgi import application
from leads.services.deals import Buyer, subscribe_deal
from leads.services.disputes import raise_dispute
from leads.services.filing import file_referral

NAMES = {
    "project": ["P1", "P9"],
    "agency": ["A1"],
    "company": ["LAKE"],
    "phones": [["13800000003"], ["13800000004", "13800000005"], []],
    "phone": ["13800000006", "138****0007"],
    "client_name": ["张伟", "x"],
    "timezone": ["Asia/Shanghai", "Nowhere/None"],
    "currency": ["CNY", "JPY", "XXX"],
}


@pytest.fixture(scope="module")
def document():
    answer = Client().get("/api/v1/schema/")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
    return answer.json()


@pytest.fixture(autouse=True)
def _database(db):
    """The throttle and the sessions of every request may look there."""


def test_it_is_a_valid_openapi_3_1_document(document):
    assert document["openapi"].startswith("3.1")
    validate_schema(document)


def test_every_address_is_described(document):
    told = {re.sub(r"{\w+}", "*", path).removeprefix("/api/v1/") for path in document["paths"]}
    there = {re.sub(r"<[^>]+>", "*", str(pattern.pattern)) for pattern in v1}
    assert there - told == {"schema/", "docs/"}


def test_every_operation_says_what_can_go_wrong(document):
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            problem = operation["responses"]["404"]["content"]
            assert list(problem) == ["application/problem+json"], (method, path)
            if method == "post" and "token" not in path:
                names = [parameter["name"] for parameter in operation["parameters"]]
                assert "Idempotency-Key" in names, path


def test_yaml_for_who_asks():
    answer = Client().get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi"})
    assert answer.content.startswith(b"openapi: 3.1")


def test_the_docs_need_no_network_and_no_inline_script():
    answer = Client().get("/api/v1/docs/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert not re.search(r"""(src|href)=["']https?://""", page)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page) and "<style" not in page and "style=" not in page
    script = re.search(r'src="([^"]*script[^"]*)"></script>\s*</body>', page)[1]
    assert b"SwaggerUIBundle" in Client().get(script.replace("&amp;", "&")).content


@pytest.fixture
def things(cast):
    """Return what path parameters may name, by the word before them in the path."""
    referral = file_referral(
        actor=None, broker=cast.owner, project=cast.project, client_name="x", phones=["13800000001"]
    )
    rejected = file_referral(
        actor=None, broker=cast.owner, project=cast.project, client_name="x", phones=["13800000001"]
    )
    deal = subscribe_deal(
        actor=None, project=cast.project, price=1_000_000, method="lump_sum", first_payment_amount=0,
        buyers=[Buyer("x", "13800000002")],
    )  # fmt: skip
    dispute = raise_dispute(actor=cast.owner.user, agency=cast.agency, claim_text="ours", referral=rejected)
    return {
        "referrals": [referral.pk, rejected.pk],
        "deals": [deal.pk],
        "disputes": [dispute.pk],
        "projects": ["P1", "P9"],
        "agencies": ["A1", "A2"],
        "agreements": [cast.agency.agreements.get().pk],
    }


@pytest.fixture
def _one_connection():
    """Let requests made past Django's test client stay on the test's connection, in its transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("_one_connection")
def test_nothing_that_can_be_sent_breaks_it(cast, things, document):
    """Generated requests, valid and not, to every operation; none gets a 5xx, each answer is as described."""
    User.objects.filter(pk=cast.owner.user_id).update(is_superuser=True, role="agency_admin")
    described = schemathesis.openapi.from_dict(document)
    chance = random.Random(7)

    faults = []
    for result in described.get_all_operations():
        operation = result.ok()
        try:
            _send_many(operation, things, chance, cast.owner.user)
        except Exception as fault:  # noqa: BLE001 - gathered, so that one run shows all
            faults.append(f"{operation.method} {operation.path}: {type(fault).__name__} {str(fault)[:800]}")
    assert not faults, "\n\n".join(faults)


def _send_many(operation, things, chance, user):
    # one each, for one of the operations ends the key it comes with
    key = issue_token(user=user, actor=None)[1]
    known = things.get(operation.path.removeprefix("/api/v1/").split("/")[0])

    @hypothesis.settings(
        max_examples=5,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy())
    def send(case):
        _aim(case.body, chance)
        if known and case.path_parameters and chance.random() < 0.8:
            case.path_parameters = dict.fromkeys(case.path_parameters, str(chance.choice(known)))
        answer = case.call(app=application, headers={"Authorization": f"Token {key}"})
        check(operation, case, answer)

    send()


def _aim(body, chance):
    """Let some bodies name what is there, so that they come further than to a 404."""
    if isinstance(body, list):
        for one in body:
            _aim(one, chance)
    elif isinstance(body, dict):
        for name, values in NAMES.items():
            if name in body and chance.random() < 0.8:
                body[name] = chance.choice(values)


def check(operation, case, answer):
    where = f"{operation.method.upper()} {case.path} {case.query} {json.dumps(case.body, default=repr)[:300]}"
    assert answer.status_code < 500 or answer.status_code == 503, f"{where}: {answer.text[:500]}"
    kind = answer.headers.get("content-type", [""])[0].split(";")[0]
    if answer.status_code >= 400:
        assert kind == "application/problem+json", f"{where}: {answer.status_code} {kind}"
    if answer.status_code not in (405, 406):
        assert str(answer.status_code) in operation.definition.raw["responses"], f"{where}: {answer.status_code}"
    if kind == "application/json":
        case.validate_response(answer, checks=[response_schema_conformance])
