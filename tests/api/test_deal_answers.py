"""What a program reads when a deal or a payment is refused: the field by the name it sent."""

import pytest

from leads.models import Consultant, Deal

FUTURE = "2190-01-01T00:00:00+08:00"
DEAL = {"project": "P1", "price": "1000000.00", "method": "lump_sum", "first_payment_amount": "0.00"}
BUYER = {"name": "Li", "phone": "13800000001"}


def _post(cast, who, path, body, status):
    answer = cast.client(who).post(f"/api/v1/{path}", body, format="json")
    assert answer.status_code == status, answer.content
    return answer.json()


def _deal(cast):
    return _post(cast, "marketing", "deals/", {**DEAL, "buyers": [BUYER]}, 201)


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"subscribed_at": FUTURE}, "subscribed_at", "in_the_future"),
        ({"buyers": [BUYER, {"name": "Wang", "phone": "12"}]}, "buyers.1.phone", "invalid_phone"),
    ],
)
def test_a_refused_subscription_names_the_field_sent(cast, change, field, code):
    problem = _post(cast, "marketing", "deals/", {**DEAL, "buyers": [BUYER], **change}, 422)
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [(field, code)]


def test_a_refused_amendment_names_the_buyer_at_fault(cast):
    deal = _deal(cast)
    body = {"reason": "name change", "buyers": [{"name": "Wang", "phone": "12"}]}
    problem = _post(cast, "marketing", f"deals/{deal['id']}/amend/", body, 422)
    assert [error["field"] for error in problem["errors"]] == ["buyers.0.phone"]


def test_a_payment_of_the_future_names_the_field_sent(cast):
    deal = _deal(cast)
    body = {"amount": "1.00", "reference": "B1", "received_at": FUTURE}
    problem = _post(cast, "finance", f"deals/{deal['id']}/payments/", body, 422)
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [("received_at", "in_the_future")]


def test_a_deal_is_cancelled_by_its_moment_alone(cast):
    deal = _deal(cast)
    gone = _post(cast, "marketing", f"deals/{deal['id']}/cancel/", {}, 200)
    assert (gone["state"], gone["cancel_reason"]) == ("cancelled", "")


def test_a_consultant_who_is_not_placed_on_the_site_sells_nothing_there(cast):
    Consultant.objects.all().delete()
    for key in ({}, {"Idempotency-Key": "one"}):
        answer = cast.client("consultant").post(
            "/api/v1/deals/", {**DEAL, "buyers": [BUYER]}, format="json", headers=key
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "not_a_consultant")
    assert not Deal.objects.exists()
