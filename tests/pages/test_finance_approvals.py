"""Approval chains, holds by hand and re-issued lines, on the pages and over the API."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import zeal

from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from commissions.models import ApprovalRule, BatchApproval, PayeeHold, PayoutBatch
from commissions.services.invoices import attach_invoice
from commissions.services.payee_holds import set_hold
from commissions.services.payouts import pay_batch
from projects.models import Holiday, PayingCompany
from tests.accounts_at_banks import open_account
from tests.pages.finance import everything, open_till
from tests.pages.world import staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def till(world):
    return open_till(world)


@pytest.fixture
def second(till) -> Any:
    return staff("approver-2", Role.FINANCE_APPROVER, till.world.project, name="Qian")


def two_needed(till) -> None:
    ApprovalRule.objects.create(company=till.world.project.company, from_amount=Decimal(30000), approvals=2)


def read(client, address, **asked) -> str:
    answer = client.get(address, asked)
    assert answer.status_code == 200
    return answer.content.decode()


def test_two_people_approve_and_each_sees_who_did(till, second, as_person):
    two_needed(till)
    batch = till.submit()
    address = f"/finance/batches/{batch.pk}/"
    client = as_person(till.approver)
    assert "0 of 2" in read(client, address)
    seen = client.get(f"{address}approve/").context["form"].initial["seen"]
    answer = client.post(f"{address}approve/", {"once": "a" * 32, "seen": seen}, follow=True)
    assert "it needs one more" in answer.content.decode()
    page = read(client, address)
    assert ("1 of 2" in page, "You approved this batch; another person has to as well." in page) == (True, True)
    assert "1 of 2 approvals" in read(client, "/finance/batches/")
    assert client.post(f"{address}approve/", {"once": "b" * 32, "seen": seen}).status_code == 409

    other = as_person(second)
    answer = other.post(f"{address}approve/", {"once": "c" * 32, "seen": seen}, follow=True)
    assert "is approved." in answer.content.decode()
    assert till.batch.state == "approved"
    with zeal.zeal_context():
        answer = other.get(address)
    assert [one.approver for one in answer.context["approvals"]] == [till.approver, second]


def test_who_approves_what_changed_since_the_page_was_opened_is_told_to_look_again(till, as_person):
    batch = till.submit()
    client, address = as_person(till.approver), f"/finance/batches/{batch.pk}/approve/"
    seen = client.get(address).context["form"].initial["seen"]
    attach_invoice(
        actor=till.finance, line=till.agency_line, number="INV-2", amount=Decimal("34560.00"), vat_rate="0.06"
    )
    before = everything()
    answer = client.post(address, {"once": "a" * 32, "seen": seen})
    assert answer.status_code == 409
    assert "The batch changed since you opened this page." in answer.content.decode()
    assert everything() == before


def test_the_batch_shows_what_is_no_longer_what_was_approved(till, as_person):
    batch = till.approve()
    open_account(till.world.agency, "6222020200112233")
    page = read(as_person(till.finance), f"/finance/batches/{batch.pk}/")
    assert "1 line is no longer what was approved." in page
    assert ("Lake Bank ****2233" in page, "6222020200112233" in page) == (True, False)


def test_finance_holds_a_payee_and_another_lifts_it(till, as_person):
    balance = f"/finance/balances/{till.world.agency.payee.pk}/{till.world.project.pk}/"
    client = as_person(till.finance)
    assert f"{balance}hold/" in read(client, balance)
    wrong = client.post(f"{balance}hold/", {"reason": " ", "until_on": "2020-01-01"})
    assert (wrong.status_code, "Write a reason." in wrong.content.decode()) == (422, True)
    past = client.post(f"{balance}hold/", {"reason": "x", "until_on": "2020-01-01", "once": "a" * 32})
    assert (past.status_code, PayeeHold.objects.count()) == (422, 0)
    sent = {"reason": "licence is being renewed", "until_on": "2099-12-31", "once": "b" * 32}
    page = client.post(f"{balance}hold/", sent, follow=True).content.decode()
    assert "You set this hold; another person has to lift it." in page
    held = PayeeHold.objects.get()
    said = "by hand, from"
    draft = read(client, "/finance/batches/new/", company="LAKE")
    for text in (read(client, balance), draft, read(as_person(till.world.manager), "/portal/money/")):
        assert (said in text, "licence is being renewed" in text) == (True, True)
    assert "licence is being renewed" in read(client, "/finance/holds/")
    assert "No holds here" in read(client, "/finance/holds/", state="over")

    other = as_person(till.approver)
    before = everything()
    assert client.post(f"/finance/holds/{held.pk}/", {"reason": "x"}).status_code == 403
    assert other.post(f"/finance/holds/{held.pk}/", {"reason": ""}).status_code == 422
    assert everything() == before
    other.post(f"/finance/holds/{held.pk}/", {"reason": "renewed", "once": "c" * 32})
    assert "renewed" in read(other, "/finance/holds/", state="over")
    assert said not in read(client, balance)


def test_the_list_says_when_the_next_draft_is_made_and_up_to_when(till, as_person):
    PayingCompany.objects.update(working_days_only=True, cutoff_day=31)
    Holiday.objects.create(day=date(2026, 12, 7), name="x")
    with clock.at(datetime(2026, 11, 27, tzinfo=UTC)):
        [(company, due)] = as_person(till.auditor).get("/finance/batches/").context["coming"]
    assert company == till.world.project.company
    assert due.pays_at.isoformat() == "2026-12-08T09:00:00+08:00", "5 December is a Saturday, Monday a holiday"
    assert due.cutoff_at.isoformat() == "2026-11-30T23:59:59.999999+08:00"


def test_holds_of_another_project_are_not_there(till, as_person):
    from tests.pages.world import make_project

    hill = make_project(till.world.project.company, code="HILL", name="Green Hill")
    held = set_hold(actor=till.finance, payee=till.world.agency.payee, project=till.world.project, reason="secret")
    client = as_person(staff("elsewhere", Role.FINANCE, hill))
    assert "secret" not in read(client, "/finance/holds/")
    assert client.get(f"/finance/holds/{held.pk}/").status_code == 404


def test_failed_lines_are_reissued_from_the_batchs_page(till, as_person):
    batch = till.approve()
    results = [
        {"line": line, "bank_reference": "ICBC-1", "failed": line == till.agency_line} for line in batch.lines.all()
    ]
    client, address = as_person(till.finance), f"/finance/batches/{batch.pk}/"
    assert "Re-issue failed lines" not in read(client, address)
    pay_batch(actor=till.finance, batch=batch, results=results)
    assert "Re-issue failed lines" in read(client, address)
    answer = client.post(f"{address}reissue/", {"once": "a" * 32})
    again = PayoutBatch.objects.exclude(pk=batch.pk).get()
    assert answer["Location"] == f"/finance/batches/{again.pk}/"
    assert batch.number in read(client, answer["Location"])
    page = read(client, address)
    assert (again.number in page, "Re-issue failed lines" in page) == (True, False)


def test_the_api_answers_with_the_approvals(till, second, as_person):
    two_needed(till)
    batch = till.submit()
    address = f"/api/v1/payout-batches/{batch.pk}/"
    first = as_person(till.approver).post(f"{address}approve/").json()
    assert (first["state"], first["approvals_needed"], len(first["approvals"])) == ("submitted", 2, 1)
    assert as_person(till.approver).post(f"{address}approve/").json()["code"] == "approved_already"
    assert as_person(second).post(f"{address}approve/").json()["state"] == "approved"
    assert BatchApproval.objects.count() == 2
    assert as_person(till.finance).post(f"{address}reissue/").json()["code"] == "nothing_failed"
