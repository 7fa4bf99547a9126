"""What is owed back: repaid, or written off by two people."""

from decimal import Decimal

import pytest

from commissions.models import LedgerEntry, Payee, Repayment, WriteOff
from commissions.services.debts import owed_back
from tests.pages.finance import everything, open_till

pytestmark = pytest.mark.django_db


@pytest.fixture
def till(world):
    made = open_till(world)
    made.pay()
    made.cancel()
    return made


def payee(till):
    return Payee.objects.get(agency=till.world.agency)


def at(till, way):
    return f"/finance/balances/{payee(till).pk}/{till.world.project.pk}/{way}/"


def owed(till):
    return owed_back(payee_id=payee(till).pk, project_id=till.world.project.pk)


def test_list_says_who_owes_and_how_much(till, as_person):
    answer = as_person(till.auditor).get("/finance/owed/")
    assert [(str(one.payee), one.amount) for one in answer.context["page"].items] == [
        ("Bright Homes", 34560),
        ("Lin", 3000),
    ]
    assert answer.context["sums"] == [("CNY", 37560)]


def test_repayment_lessens_what_is_owed(till, as_person):
    client = as_person(till.finance)
    sent = {"amount": "10,000.00", "reference": "BACK-1", "once": "a" * 32}
    first = client.post(at(till, "repayment"), sent)
    assert client.post(at(till, "repayment"), sent)["Location"] == first["Location"]
    assert Repayment.objects.get().amount == Decimal("10000")
    assert owed(till) == Decimal("24560")


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"amount": "34560.01"}, 422),
        ({"amount": "0"}, 422),
        ({"amount": "-1"}, 422),
        ({"amount": "1.001"}, 422),
        ({"amount": ""}, 422),
        ({"reference": ""}, 422),
    ],
)
def test_wrong_repayment_changes_nothing(till, as_person, wrong, status):
    before = everything()
    answer = as_person(till.finance).post(at(till, "repayment"), {"amount": "1.00", "reference": "BACK-1", **wrong})
    assert answer.status_code == status
    assert list(answer.context["form"].errors) == list(wrong)
    assert everything() == before


def test_known_repayment_is_refused(till, as_person):
    client = as_person(till.finance)
    client.post(at(till, "repayment"), {"amount": "1.00", "reference": "BACK-1"})
    before = everything()
    answer = client.post(at(till, "repayment"), {"amount": "1.00", "reference": "BACK-1"})
    assert answer.status_code == 409
    assert "known already" in answer.content.decode()
    assert everything() == before


def ask(till, as_person, **changes):
    sent = {"amount": "34560.00", "reason": "The agency is insolvent", **changes}
    return as_person(till.finance).post(at(till, "write-off"), sent)


def test_write_off_needs_another_person(till, as_person):
    assert ask(till, as_person)["Location"] == "/finance/owed/"
    asked = WriteOff.objects.get()
    address = f"/finance/write-offs/{asked.pk}/"
    assert owed(till) == Decimal("34560")
    page = as_person(till.approver).get(address).content.decode()
    assert "The agency is insolvent" in page
    as_person(till.approver).post(address, {"decision": "approve"})
    asked.refresh_from_db()
    assert (asked.state, asked.decided_by) == ("approved", till.approver)
    assert owed(till) == 0


def test_declined_write_off_changes_no_figure(till, as_person):
    ask(till, as_person)
    entries = LedgerEntry.objects.count()
    as_person(till.approver).post(
        f"/finance/write-offs/{WriteOff.objects.get().pk}/", {"decision": "decline", "answer": "They pay in May."}
    )
    assert WriteOff.objects.get().state == "declined"
    assert LedgerEntry.objects.count() == entries


def test_who_asked_cannot_decide_even_as_superuser(till, as_person):
    till.finance.is_superuser = True
    till.finance.save()
    ask(till, as_person)
    before = everything()
    address = f"/finance/write-offs/{WriteOff.objects.get().pk}/"
    client = as_person(till.finance)
    assert "another person has to decide" in client.get(address).content.decode()
    assert client.post(address, {"decision": "approve"}).status_code == 403
    assert everything() == before


@pytest.mark.parametrize("who", ["second", "auditor"])
def test_others_cannot_decide(till, as_person, who):
    ask(till, as_person)
    before = everything()
    address = f"/finance/write-offs/{WriteOff.objects.get().pk}/"
    client = as_person(getattr(till, who))
    assert 'name="decision"' not in client.get(address).content.decode()
    assert client.post(address, {"decision": "approve"}).status_code == 403
    assert everything() == before


def test_decided_write_off_stays_decided(till, as_person):
    ask(till, as_person)
    address = f"/finance/write-offs/{WriteOff.objects.get().pk}/"
    client = as_person(till.approver)
    client.post(address, {"decision": "decline", "answer": "They pay in May."})
    before = everything()
    assert client.post(address, {"decision": "approve"}).status_code == 409
    assert everything() == before


@pytest.mark.parametrize("wrong", [{"amount": "34560.01"}, {"amount": "x"}, {"reason": " "}])
def test_wrong_write_off_changes_nothing(till, as_person, wrong):
    before = everything()
    answer = ask(till, as_person, **wrong)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == list(wrong)
    assert everything() == before


def test_nothing_owed_has_no_form(world, as_person):
    till = open_till(world)
    for way in ("repayment", "write-off"):
        assert as_person(till.finance).get(at(till, way)).status_code == 302
