"""Payments and refunds recorded by hand."""

import csv
from datetime import timedelta
from decimal import Decimal

import pytest

from channels_platform.lib import clock
from leads.models import Payment
from tests.pages.finance import everything, open_till
from tests.pages.world import make_project, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def till(world):
    return open_till(world)


def record(client, till, **changes):
    sent = {"way": "received", "amount": "896,000.00", "source": "loan", "reference": "BANK-2", **changes}
    return client.post(f"/finance/payments/new/?deal={till.deal.number}", sent)


def test_deal_is_found_by_its_number_with_what_was_collected(till, as_person):
    client = as_person(till.finance)
    text = client.get(f"/finance/payments/new/?deal={till.deal.number.lower()}").content.decode()
    for words in ("1,280,000.00", "384,000.00", "896,000.00", "BANK-1"):
        assert words in text
    missed = client.get("/finance/payments/new/?deal=D-0")
    assert missed.status_code == 404
    assert "No deal of your projects" in missed.content.decode()


def test_payment_is_recorded_once(till, as_person):
    client = as_person(till.finance)
    first = record(client, till, once="a" * 32)
    assert first["Location"] == "/finance/payments/"
    assert record(client, till, once="a" * 32)["Location"] == first["Location"]
    payment = Payment.objects.get(reference="BANK-2")
    assert (payment.amount, payment.source, payment.recorded_by) == (Decimal("896000"), "loan", till.finance)
    assert "896,000.00 CNY is recorded" in client.get("/finance/payments/").content.decode()


def test_refund_is_negative(till, as_person):
    record(as_person(till.finance), till, way="refunded", source="own", amount="1000.50")
    assert Payment.objects.get(reference="BANK-2").amount == Decimal("-1000.50")


def test_known_reference_is_explained(till, as_person):
    before = everything()
    answer = record(as_person(till.finance), till, reference=" BANK-1 ")
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Nothing was recorded twice." in text
    assert till.deal.number in text
    assert "384,000.00" in text
    assert everything() == before


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount": ""}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": "1,5"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "1.005"}, "amount"),
        ({"amount": "1" + "0" * 20}, "amount"),
        ({"reference": " "}, "reference"),
        ({"reference": "x" * 81}, "reference"),
        ({"source": "gold"}, "source"),
        ({"way": "lost"}, "way"),
        ({"received_at": "yesterday"}, "received_at"),
        ({"received_at": "2020-01-01T10:00"}, "received_at"),
    ],
)
def test_wrong_input_is_said_beside_the_field(till, as_person, wrong, field):
    before = everything()
    answer = record(as_person(till.finance), till, **wrong)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert everything() == before


def test_payment_of_tomorrow_is_refused(till, as_person):
    before = everything()
    later = clock.now() + timedelta(days=2)
    answer = record(as_person(till.finance), till, received_at=later.strftime("%Y-%m-%dT%H:%M"))
    assert answer.status_code == 422
    assert "in the future" in answer.content.decode()
    assert everything() == before


def test_time_is_the_projects(till, as_person):
    local = clock.now().astimezone(till.world.project.zone) + timedelta(minutes=-1)
    Payment.objects.get()  # the one the sale began with
    type(till.deal).objects.filter(pk=till.deal.pk).update(subscribed_at=local - timedelta(days=3), contracted_at=local)
    record(as_person(till.finance), till, received_at=local.strftime("%Y-%m-%dT%H:%M"))
    assert Payment.objects.get(reference="BANK-2").received_at == local.replace(second=0, microsecond=0)


def test_latest_payments_by_deal_source_and_reference(till, as_person):
    client = as_person(till.auditor)
    for asked, count in (
        ({}, 1),
        ({"q": till.deal.number}, 1),
        ({"q": "bank-1"}, 1),
        ({"q": "nothing"}, 0),
        ({"source": "loan"}, 0),
        ({"project": "GL"}, 1),
        ({"project": "OTHER"}, 0),
    ):
        assert len(client.get("/finance/payments/", asked).context["page"].items) == count


def test_other_projects_deals_are_not_found(till, as_person):
    hill = make_project(till.world.project.company, code="HILL", name="Green Hill")
    client = as_person(staff("elsewhere", "finance", hill))
    before = everything()
    assert record(client, till).status_code == 404
    assert everything() == before
    assert not client.get("/finance/payments/").context["page"].items


def test_list_is_exported_as_shown(till, as_person):
    client = as_person(till.auditor)
    text = b"".join(client.post("/finance/payments.csv?q=BANK-1").streaming_content).decode()
    (row,) = list(csv.reader(text.splitlines()))[1:]
    assert (row[0], row[4:7]) == (till.deal.number, ["BANK-1", "CNY", "384000.00"])
    assert len(b"".join(client.post("/finance/payments.csv?q=none").streaming_content).decode().splitlines()) == 1
