"""What waits, over HTTP: expected days in, whose move it is out."""

import pytest
import zeal
from rest_framework.test import APIClient

from channels_platform.lib import clock
from tests.services.commissions.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(db):
    cast = Cast()
    cast.agency("A1", brokers=["B1"])
    cast.plan("A1")
    deal = cast.contracted("B1", method="mortgage", first="400000.00")
    cast.receive(deal, "400000.00")
    cast.run()
    return cast, deal


def client(user):
    made = APIClient()
    made.force_authenticate(user)
    return made


def test_a_line_says_what_each_part_waits_for_and_whose_move_it_is(sold):
    cast, deal = sold
    with clock.at(cast.later()):
        body = {"loan_expected_on": "2026-05-12", "handover_expected_on": None}
        answer = client(cast.manager).post(f"/api/v1/deals/{deal.pk}/expected/", body, format="json")
        assert (answer.status_code, answer.json()["loan_expected_on"]) == (200, "2026-05-12")
        with zeal.zeal_context():
            (row,) = client(cast.finance).get("/api/v1/commissions/").json()["results"]
    loan = "50\xa0% more is released when the loan is paid out (expected 12 May 2026)."
    assert row["waits_for"] == ["Payable: the next payout takes it (expected 5 March 2026).", loan]
    assert row["waits"] == [
        {
            "step": "cut_off", "milestone": None, "amount": "5000.00", "whose_move": "finance",
            "expected_on": "2026-03-05", "batch": "", "words": row["waits_for"][0],
        },
        {
            "step": "release", "milestone": "loan_released", "amount": "5000.00", "whose_move": "lender",
            "expected_on": "2026-05-12", "batch": "", "words": loan,
        },
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("day", "code"), [("2020-01-01", "bad_day"), ("tomorrow", "invalid"), ("2026-13-01", "invalid")]
)
def test_a_day_that_cannot_be_is_refused_by_its_field(sold, day, code):
    cast, deal = sold
    body = {"handover_expected_on": day}
    answer = client(cast.manager).post(f"/api/v1/deals/{deal.pk}/expected/", body, format="json")
    assert answer.status_code == 422, answer.content
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [("handover_expected_on", code)]
    deal.refresh_from_db()
    assert deal.handover_expected_on is None
