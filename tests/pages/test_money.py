"""Money in the portal: each sees the own, in words and to the cent, and nothing of others."""

from decimal import Decimal

import pytest
from django.test import Client

from brokers.models import AgencyGrade
from brokers.services.agencies import create_broker
from channels_platform.accounts.permissions import Role
from commissions.models import PayoutLine
from commissions.selectors import line_entries
from commissions.services.grading import grade_agency
from commissions.services.payouts import approve_batch, pay_batch, submit_batch
from projects.selectors import latest_today
from tests.pages.finance import open_till
from tests.pages.money import draft_payout, give_plan, sell
from tests.pages.world import staff
from tests.services.commissions.bulk import many_deals
from tests.services.commissions.cast import AT_CONTRACT, Cast
from tests.services.leads.disputed import photo

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(world):
    give_plan(world)
    sell(world)
    return world


def test_manager_reads_what_the_agency_earned_and_what_waits(sold, as_person):
    text = as_person(sold.manager).get("/portal/money/").content.decode()
    # 6 % of 1,280,000 is 76,800; half is released, a tenth of that kept until handover
    assert "76,800.00" in text
    assert "34,560.00" in text
    assert "42,240.00" in text
    assert "when the loan is paid out" in text


def test_broker_reads_the_own_bonus_and_not_the_agencys_commission(sold, as_person):
    text = as_person(sold.owner).get("/portal/money/").content.decode()
    assert "3,000.00" in text
    assert "76,800.00" not in text


@pytest.mark.parametrize("who", ["colleague", "outsider"])
def test_others_read_nothing_of_it(sold, as_person, who):
    text = as_person(getattr(sold, who)).get("/portal/money/").content.decode()
    assert "3,000.00" not in text
    assert "76,800.00" not in text


def test_clients_page_shows_the_own_part(sold, as_person):
    from leads.models import Referral

    page = f"/portal/clients/{Referral.objects.get().pk}/"
    assert "3,000.00" in as_person(sold.owner).get(page).content.decode()


def test_agency_attaches_its_invoice(sold, as_person):
    draft_payout(sold)
    line = PayoutLine.objects.get(payee__agency=sold.agency)
    address = f"/portal/money/statements/{line.pk}/"
    client = as_person(sold.manager)
    assert "34,560.00" in client.get(address).content.decode()
    wrong = client.post(address, {"number": "INV-1", "amount": "34560.01", "vat_rate": "0.06"})
    assert wrong.status_code == 422
    assert "must equal" in wrong.content.decode()
    client.post(address, {"number": "INV-1", "amount": "34560.00", "vat_rate": "0.06"})
    assert line.invoices.get(live=True).number == "INV-1"
    assert "INV-1" in client.get(address).content.decode()


@pytest.mark.parametrize("who", ["owner", "colleague", "outsider"])
def test_agencys_line_is_not_found_by_others(sold, as_person, who):
    draft_payout(sold)
    line = PayoutLine.objects.get(payee__agency=sold.agency)
    address = f"/portal/money/statements/{line.pk}/"
    assert as_person(getattr(sold, who)).get(address).status_code == 404
    assert as_person(getattr(sold, who)).post(address, {"number": "X"}).status_code == 404
    assert not line.invoices.exists()


def test_brokers_own_line_shows_the_tax_and_takes_no_invoice(sold, as_person):
    draft_payout(sold)
    line = PayoutLine.objects.get(payee__broker=sold.owner)
    text = as_person(sold.owner).get(f"/portal/money/statements/{line.pk}/").content.decode()
    # 3,000 - 800 at 20 %
    assert "440.00" in text
    assert "2,560.00" in text
    assert "id_number" not in text


def test_a_line_of_many_deals_is_read_page_by_page_and_its_total_stands_at_the_end():
    made = Cast()
    made.agency("A1", brokers=["B1"])
    made.plan("A1", release=AT_CONTRACT)
    boss = create_broker(actor=None, agency=made.agencies["A1"], username="boss", name="Boss", role=Role.AGENCY_ADMIN)
    many_deals(project=made.project, brokers=[made.brokers["B1"]], deals=120)
    made.later(days=30)
    made.run()
    line = made.drafted().lines.get()
    client, page = Client(), f"/portal/money/statements/{line.pk}/"
    client.force_login(boss.user)
    shown, cursor, totals = [], "", []
    while True:
        answer = client.get(page, {"cursor": cursor})
        shown.append([entry.pk for entry in answer.context["page"].items])
        totals.append("<tfoot>" in answer.content.decode())
        if not (cursor := answer.context["page"].following):
            break
    assert [len(one) for one in shown] == [50, 50, 20] and totals == [False, False, True]
    entries = list(line_entries(line))
    assert [pk for one in shown for pk in one] == [entry.pk for entry in entries]
    assert sum(entry.amount for entry in entries) == line.gross


def test_an_invoice_in_thousandths_is_read_as_its_currency_writes_it():
    made = Cast(currency="BHD")
    made.agency("A1", brokers=["B1"])
    made.plan("A1", release=AT_CONTRACT, tiers=(("0", "0.001"),))
    made.contracted("B1", price="125505.000")
    made.run()
    line = made.drafted().lines.get()
    boss = create_broker(actor=None, agency=made.agencies["A1"], username="boss", name="Boss", role=Role.AGENCY_ADMIN)
    client, page = Client(), f"/portal/money/statements/{line.pk}/"
    client.force_login(boss.user)
    assert client.get(page).context["form"]["amount"].value() == "125.505"
    wrong = client.post(page, {"number": "1", "amount": "125.51", "vat_rate": "0.06"})
    assert wrong.context["form"].errors["amount"]
    assert client.post(page, {"number": "1", "amount": "125.505", "vat_rate": "0.06"}).status_code == 302
    assert line.invoices.get().amount == Decimal("125.505")


def test_an_agencys_people_read_its_own_grade(world, as_person):
    gold = AgencyGrade.objects.create(code="A", name="Gold", rank=1)
    boss = staff("grader", Role.MARKETING_MANAGER, world.project)
    grade_agency(actor=boss, agency=world.agency, grade=gold, from_on=latest_today(), reason="best of the year")
    for who in (world.manager, world.owner):
        assert "grade A · Gold, since" in as_person(who).get("/portal/money/").content.decode()
    assert "Gold" not in as_person(world.outsider).get("/portal/money/").content.decode()


def test_managers_page_lists_lines_that_lack_an_invoice_then_invoices_with_their_credit_notes(world, as_person):
    till = open_till(world)
    client = as_person(world.manager)
    till.draft()
    waiting = client.get("/portal/money/invoices/").content.decode()
    assert "Waiting for an invoice" in waiting
    assert "34,560.00" in waiting
    client.post(
        f"/portal/money/statements/{till.agency_line.pk}/",
        {"number": "INV-1", "amount": "34560.00", "vat_rate": "0.06", "issued_on": "2026-01-05", "attachment": photo()},
    )
    batch = approve_batch(actor=till.approver, batch=submit_batch(actor=till.finance, batch=till.batch))
    pay_batch(
        actor=till.finance, batch=batch, results=[{"line": one, "bank_reference": "B"} for one in batch.lines.all()]
    )
    till.cancel()
    till.repay("34560.00")
    page = client.get("/portal/money/invoices/").content.decode()
    assert "Waiting for an invoice" not in page
    assert "34,560.00 is paid back and not yet credited." in page
    address = f"/portal/money/invoices/{till.agency_line.invoices.get().pk}/credit/"
    over = client.post(address, {"number": "R-1", "amount": "34560.01", "issued_on": "2026-01-06"})
    assert over.status_code == 422
    assert "This is 0.01 over." in over.content.decode()
    client.post(address, {"number": "R-1", "amount": "34560.00", "issued_on": "2026-01-06"})
    assert "R-1" in client.get("/portal/money/invoices/").content.decode()
    line_page = as_person(till.auditor).get(f"/finance/batches/{batch.pk}/lines/{till.agency_line.pk}/")
    assert "R-1" in line_page.content.decode()
