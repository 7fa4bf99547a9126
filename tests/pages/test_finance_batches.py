"""A batch on its pages: drafted, submitted, approved by another, returned, voided; a refusal changes nothing."""

from datetime import timedelta

import pytest
import zeal

from channels_platform.audit.models import Event
from channels_platform.lib import clock
from commissions.models import PayoutBatch, PayoutLine
from tests.pages.finance import everything, open_till

pytestmark = pytest.mark.django_db


@pytest.fixture
def till(world):
    return open_till(world)


def at(batch, step=""):
    return f"/finance/batches/{batch.pk}/{step + '/' if step else ''}"


def test_preview_says_what_a_draft_would_take(till, as_person):
    answer = as_person(till.finance).get("/finance/batches/new/", {"company": "LAKE"})
    assert [(str(one.payee), one.gross, one.deals) for one in answer.context["taken"]] == [
        ("Bright Homes", 34560, 1),
        ("Lin", 3000, 1),
    ]
    assert answer.context["taken_sum"] == 37560
    assert not PayoutBatch.objects.exists()


def test_draft_takes_exactly_what_was_shown(till, as_person):
    client = as_person(till.finance)
    shown = client.get("/finance/batches/new/", {"company": "LAKE"}).context
    answer = client.post(
        "/finance/batches/new/",
        {"company": "LAKE", "currency": "CNY", "cutoff": shown["cutoff_text"], "once": "a" * 32},
    )
    assert answer["Location"] == at(till.batch)
    assert till.batch.cutoff_at == shown["cutoff_at"]
    assert till.batch.prepared_by == till.finance
    assert sorted(till.batch.lines.values_list("gross", "tax")) == [(3000, 440), (34560, 0)]


def test_second_tap_drafts_nothing_more(till, as_person):
    client = as_person(till.finance)
    sent = {"company": "LAKE", "currency": "CNY", "once": "b" * 32}
    first = client.post("/finance/batches/new/", sent)
    assert client.post("/finance/batches/new/", sent)["Location"] == first["Location"]
    assert PayoutBatch.objects.count() == 1


def test_cutoff_in_the_future_is_refused(till, as_person):
    later = (clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    before = everything()
    client = as_person(till.finance)
    sent = {"company": "LAKE", "currency": "CNY", "cutoff": later}
    assert "in the future" in client.get("/finance/batches/new/", sent).content.decode()
    answer = client.post("/finance/batches/new/", sent)
    assert answer.status_code == 422
    assert "in the future" in answer.content.decode()
    assert everything() == before


def test_nothing_payable_drafts_nothing(till, as_person):
    till.draft()
    before = everything()
    answer = as_person(till.finance).post("/finance/batches/new/", {"company": "LAKE", "currency": "CNY"})
    assert answer.status_code == 409
    assert "Nobody has enough payable" in answer.content.decode()
    assert everything() == before


@pytest.mark.parametrize("wrong", [{"company": "NOBODY"}, {"currency": "USD"}, {"cutoff": "yesterday"}])
def test_wrong_draft_input_is_said_beside_the_field(till, as_person, wrong):
    before = everything()
    sent = {"company": "LAKE", "currency": "CNY", **wrong}
    answer = as_person(till.finance).post("/finance/batches/new/", sent)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == set(wrong)
    assert everything() == before


def test_batch_shows_totals_people_and_what_lacks(till, as_person):
    batch = till.draft()
    text = as_person(till.finance).get(at(batch)).content.decode()
    for words in ("37,560.00", "440.00", "37,120.00", "1 needs an invoice", "Chen F", "Needs an invoice"):
        assert words in text


def test_line_shows_the_deals_behind_it_and_why(till, as_person):
    batch = till.draft()
    address = f"{at(batch)}lines/{till.agency_line.pk}/"
    client = as_person(till.finance)
    text = client.get(address).content.decode()
    for words in (till.deal.number, "of 1,280,000.00", "when the loan is paid out", "34,560.00", "The lender"):
        assert words in text
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert till.deal.number in part
    assert "<html" not in part


def test_lines_are_found_by_payee_and_by_what_they_lack(till, as_person):
    batch = till.draft()
    client = as_person(till.finance)
    for asked, payees in (
        ({"q": "bright"}, ["Bright Homes", "Lin"]),  # Lin is of Bright Homes
        ({"q": "lin"}, ["Lin"]),
        ({"show": "needs_invoice"}, ["Bright Homes"]),
        ({"show": "individual"}, ["Lin"]),
        ({"show": "paid"}, []),
    ):
        assert [str(line.payee) for line in client.get(at(batch), asked).context["lines"]] == payees


def test_finance_attaches_the_agencys_invoice(till, as_person):
    batch = till.draft()
    address = f"{at(batch)}lines/{till.agency_line.pk}/"
    sent = {"number": "INV-9", "amount": "34560.00", "vat_rate": "0.06", "once": "c" * 32}
    assert as_person(till.finance).post(address, sent)["Location"] == at(batch)
    assert till.agency_line.invoices.get(live=True).number == "INV-9"


def test_invoice_of_another_amount_is_refused(till, as_person):
    batch = till.draft()
    before = everything()
    address = f"{at(batch)}lines/{till.agency_line.pk}/"
    sent = {"number": "INV-9", "amount": "34560.01", "vat_rate": "0.06"}
    answer = as_person(till.finance).post(address, sent)
    assert answer.status_code == 422
    assert "must equal" in answer.content.decode()
    assert everything() == before


def test_individuals_line_takes_no_invoice(till, as_person):
    batch = till.draft()
    before = everything()
    address = f"{at(batch)}lines/{till.lins_line.pk}/"
    sent = {"number": "INV-9", "amount": "3000.00", "vat_rate": "0.06"}
    assert as_person(till.finance).post(address, sent).status_code == 409
    assert everything() == before


def test_submitted_then_approved_by_another(till, as_person):
    batch = till.draft()
    till.invoice()
    as_person(till.finance).post(at(batch, "submit"))
    assert till.batch.state == "submitted"
    answer = as_person(till.approver).post(at(batch, "approve"), {"seen": till.seen})
    assert answer["Location"] == at(batch)
    assert (till.batch.state, till.batch.approved_by) == ("approved", till.approver)


def test_nobody_approves_what_they_were_not_shown(till, as_person):
    batch = till.submit()
    before = everything()
    answer = as_person(till.approver).post(at(batch, "approve"))
    assert answer.status_code == 422
    assert "Open this page again and look at it, then decide." in answer.content.decode()
    assert everything() == before


def test_approval_waits_for_the_invoice(till, as_person):
    batch = till.draft()
    as_person(till.finance).post(at(batch, "submit"))
    before = everything()
    client = as_person(till.approver)
    page = client.get(at(batch)).content.decode()
    assert "1 line still needs an invoice of its amount." in page
    assert at(batch, "approve") not in page
    answer = client.post(at(batch, "approve"), {"seen": till.seen})
    assert answer.status_code == 422
    assert "1 line still needs an invoice of its amount." in answer.content.decode()
    assert everything() == before


def test_preparer_cannot_approve_even_as_superuser(till, as_person):
    till.finance.is_superuser = True
    till.finance.save()
    batch = till.submit()
    before = everything()
    client = as_person(till.finance)
    page = client.get(at(batch)).content.decode()
    assert "You prepared or submitted this batch" in page
    assert at(batch, "approve") not in page
    assert client.get(at(batch, "approve"))["Location"] == at(batch)
    answer = client.post(at(batch, "approve"), {"seen": till.seen})
    assert answer.status_code == 403
    assert "You prepared or submitted this batch" in answer.content.decode()
    assert everything() == before


@pytest.mark.parametrize(("stage", "steps"), [("draft", ("approve", "return")), ("approve", ("submit", "approve"))])
def test_step_from_the_wrong_state_is_refused(till, as_person, stage, steps):
    batch = getattr(till, stage)()
    before = everything()
    for step in steps:
        client = as_person(till.finance if step == "submit" else till.approver)
        assert client.get(at(batch, step))["Location"] == at(batch)
        answer = client.post(at(batch, step), {"reason": "why", "seen": till.seen})
        assert answer.status_code == 409
        assert "can&#x27;t be done any more" in answer.content.decode()
    assert everything() == before


@pytest.mark.parametrize("step", ["return", "void"])
def test_reason_is_asked_and_kept(till, as_person, step):
    batch = till.submit()
    before = everything()
    client = as_person(till.approver)
    answer = client.post(at(batch, step), {"reason": "  "})
    assert answer.status_code == 422
    assert "Write a reason." in answer.content.decode()
    assert everything() == before
    client.post(at(batch, step), {"reason": "Lin's account is closed"})
    assert till.batch.state == {"return": "draft", "void": "void"}[step]
    assert "Lin&#x27;s account is closed" in client.get(at(batch)).content.decode()


def test_voided_lines_can_be_drafted_again(till, as_person):
    batch = till.draft()
    as_person(till.finance).post(at(batch, "void"), {"reason": "wrong month"})
    again = till.draft()
    assert PayoutLine.objects.filter(batch=again).count() == 2


def test_batches_are_listed_by_state_with_counts(till, as_person):
    batch = till.draft()
    client = as_person(till.auditor)
    answer = client.get("/finance/batches/")
    assert [(name, count) for name, _label, count in answer.context["tabs"] if count] == [("", 1), ("draft", 1)]
    assert batch.number in answer.content.decode()
    assert batch.number not in client.get("/finance/batches/", {"state": "paid"}).content.decode()
    assert batch.number in client.get("/finance/batches/", {"q": batch.number[-4:]}).content.decode()


@pytest.mark.parametrize("page", ["/finance/", "/finance/batches/", "batch", "line"])
def test_pages_do_not_ask_per_row(till, as_person, page):
    batch = till.draft()
    address = {"batch": at(batch), "line": f"{at(batch)}lines/{till.agency_line.pk}/"}.get(page, page)
    client = as_person(till.finance)
    with zeal.zeal_context():
        assert client.get(address).status_code == 200


def test_a_line_is_left_out_of_a_draft_for_a_reason_that_the_batch_shows(till, as_person):
    batch, client = till.draft(), as_person(till.finance)
    line = till.agency_line
    address = f"{at(batch)}lines/{line.pk}/leave-out/"
    assert address in client.get(f"{at(batch)}lines/{line.pk}/").content.decode()
    assert client.post(address, {"reason": " "}).status_code == 422
    tapped = {"reason": "Its invoice comes in May.", "once": client.get(address).context["form"]["once"].value()}
    for _tap in range(2):
        assert client.post(address, tapped)["Location"] == at(batch)
    assert Event.objects.filter(action="batch.line_left_out").count() == 1
    assert client.post(address, {"reason": "x"}).status_code == 409
    page = client.get(at(batch))
    assert page.context["totals"].lines == 1
    for words in ("Left out of this batch", "Bright Homes", "Its invoice comes in May.", "34,560.00"):
        assert words in page.content.decode()
    assert "because it is held" not in page.content.decode()
    assert "has left the batch already" in client.get(address).content.decode()
    last = client.post(f"{at(batch)}lines/{till.lins_line.pk}/leave-out/", {"reason": "x"})
    assert "void the batch instead" in last.content.decode()
