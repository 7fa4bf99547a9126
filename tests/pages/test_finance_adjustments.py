"""Adjustments by hand and advances on the finance pages and in the portal: asked by one, decided by another."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from commissions.models import Adjustment, Advance, AdvanceLimit, LedgerEntry, Payee
from commissions.services.adjustments import ask_adjustment, decide_adjustment
from tests.pages.finance import Till, everything, give_limit, open_till
from tests.services.leads.disputed import photo

pytestmark = pytest.mark.django_db


@pytest.fixture
def till(world, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return open_till(world)


def balance_of(till: Till, rest: str = "") -> str:
    return f"/finance/balances/{Payee.objects.get(agency=till.world.agency).pk}/{till.world.project.pk}/{rest}"


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def ask(till, as_person, **changes):
    sent = {"way": "give", "amount": "1,250.00", "reason": "Launch support", **changes}
    return as_person(till.finance).post(balance_of(till, "adjustment/"), sent)


def test_an_adjustment_is_asked_for_with_its_paper_and_decided_by_another(till, as_person):
    where = ask(till, as_person, attachment=photo())["Location"]
    asked = Adjustment.objects.get()
    assert (where, asked.amount) == (f"/finance/adjustments/{asked.pk}/", Decimal("1250"))
    client = as_person(till.approver)
    assert "Launch support" in text(client.get(where))
    assert client.get(f"{where}file/")["Content-Type"] == asked.attachment.content_type
    assert client.post(where, {"decision": "approve"})["Location"] == where
    ledger = text(client.get(balance_of(till, "?tab=ledger")))
    assert "adjustment: Launch support (asked for by Chen F, approved by Zhou)" in ledger
    assert asked.number in text(client.get("/finance/adjustments/?state=approved"))
    assert asked.number not in text(client.get("/finance/adjustments/?state=asked"))


def test_what_is_taken_is_posted_below_zero(till, as_person):
    ask(till, as_person, way="take")
    assert Adjustment.objects.get().amount == Decimal("-1250")


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "0"},
        {"amount": "-1"},
        {"amount": "1.001"},
        {"amount": "10000000000000"},
        {"amount": "x"},
        {"reason": " "},
        {"way": "lend"},
    ],
)
def test_a_wrong_adjustment_changes_nothing_and_keeps_what_was_typed(till, as_person, wrong):
    before = everything()
    answer = ask(till, as_person, **wrong)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == list(wrong)
    assert everything() == before


def test_who_asked_cannot_decide_and_a_decline_needs_an_answer(till, as_person):
    till.finance.is_superuser = True
    till.finance.save()
    address = ask(till, as_person)["Location"]
    before = everything()
    client = as_person(till.finance)
    assert "another person has to decide" in text(client.get(address))
    assert client.post(address, {"decision": "approve"}).status_code == 403
    silent = as_person(till.approver).post(address, {"decision": "decline"})
    assert (silent.status_code, list(silent.context["form"].errors)) == (422, ["answer"])
    assert everything() == before
    as_person(till.approver).post(address, {"decision": "decline", "answer": "paid in May"})
    assert "paid in May" in text(client.get(address))
    assert not LedgerEntry.objects.filter(kind__startswith="adjustment").exists()


def test_a_file_that_is_no_paper_is_refused_at_its_field(till, as_person):
    answer = ask(till, as_person, attachment=SimpleUploadedFile("a.pdf", b"MZ\x00\x01"))
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["attachment"])
    assert "Send a photo" in text(answer)


def test_a_limit_is_set_by_two_and_an_advance_within_it(till, as_person):
    project = till.world.project
    sent = {"agency": "BRIGHT", "place": f"p:{project.pk}", "amount": "20000", "fee": "1.5", "reason": "Opening"}
    assert as_person(till.finance).post("/finance/advances/limits/new/", sent)["Location"] == "/finance/advances/"
    limit = AdvanceLimit.objects.get()
    assert (limit.amount, limit.fee_rate, limit.state) == (Decimal("20000"), Decimal("0.015"), "asked")
    approver = as_person(till.approver)
    approver.post(f"/finance/advances/limits/{limit.pk}/", {"decision": "approve"})

    form = as_person(till.finance).get("/finance/advances/new/")
    assert "Bright Homes · Golden Lake (up to 20,000.00 CNY)" in text(form)
    place = f"{till.world.agency.pk}:{project.pk}"
    over = as_person(till.finance).post(
        "/finance/advances/new/", {"place": place, "amount": "20000.01", "reason": "Wages"}
    )
    assert over.status_code == 422
    assert "at most 20,000.00 can be advanced now" in text(over)
    asked = as_person(till.finance).post(
        "/finance/advances/new/", {"place": place, "amount": "10000.00", "reason": "Wages"}
    )
    advance = Advance.objects.get()
    assert (asked["Location"], advance.fee) == (f"/finance/advances/{advance.pk}/", Decimal("150"))
    assert "Left of the limit" in text(approver.get(asked["Location"]))
    approver.post(asked["Location"], {"decision": "approve"})
    page = approver.get("/finance/advances/")
    assert [(one.outstanding, one.project) for one in page.context["outstanding"]] == [(Decimal("10000"), project)]
    assert "is advanced" in text(approver.get(balance_of(till)))
    said = text(approver.get(balance_of(till, "?tab=ledger")))
    assert f"fee of advance {advance.number}: 1.5 % of 10,000" in said


def test_a_line_says_what_each_amount_is_that_no_deal_earned(till, as_person):
    payee = Payee.objects.get(agency=till.world.agency)
    asked = ask_adjustment(
        actor=till.finance, payee=payee, project=till.world.project, amount=Decimal(1250), reason="Launch support"
    )
    decide_adjustment(actor=till.approver, adjustment=asked, approve=True)
    batch = till.draft()
    page = text(as_person(till.auditor).get(f"/finance/batches/{batch.pk}/lines/{till.agency_line.pk}/"))
    own = text(as_person(till.world.manager).get(f"/portal/money/statements/{till.agency_line.pk}/"))
    for one in (page, own):
        assert "adjustment: Launch support (asked for by Chen F, approved by Zhou)" in one
        assert "1,250.00" in one


def test_wrong_limits_change_nothing(till, as_person):
    right = {"agency": "BRIGHT", "place": f"p:{till.world.project.pk}", "amount": "1", "fee": "1", "reason": "x"}
    before = everything()
    for wrong in ({"agency": "NONE"}, {"place": "p:1"}, {"amount": "-1"}, {"fee": "100"}, {"fee": "x"}, {"reason": ""}):
        answer = as_person(till.finance).post("/finance/advances/limits/new/", {**right, **wrong})
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, list(wrong)), wrong
    assert everything() == before


def test_the_agencys_manager_asks_in_the_portal_and_reads_the_answer(till, as_person):
    boss = as_person(till.world.manager)
    assert "Ask finance for a limit" in text(boss.get("/portal/money/advances/"))
    give_limit(till, "5000.00")
    assert "Up to 5,000.00 CNY more can be asked for, less a fee of 1 %." in text(boss.get("/portal/money/"))
    place = f"{till.world.agency.pk}:{till.world.project.pk}"
    over = boss.post("/portal/money/advances/", {"place": place, "amount": "5000.01", "reason": "Wages"})
    assert over.status_code == 422
    boss.post("/portal/money/advances/", {"place": place, "amount": "4000", "reason": "Wages"})
    advance = Advance.objects.get()
    assert advance.asked_by == till.world.manager.user
    client = as_person(till.approver)
    client.post(f"/finance/advances/{advance.pk}/", {"decision": "decline", "answer": "Next month"})
    assert "Next month" in text(boss.get("/portal/money/advances/"))
    assert as_person(till.world.owner).get("/portal/money/advances/").status_code == 403
    assert "Next month" not in text(as_person(till.world.owner).get("/portal/money/"))


def test_another_agencys_place_cannot_be_chosen(till, as_person):
    give_limit(till, "5000.00")
    rival = till.world.outsider
    rival.user.role = "agency_admin"
    rival.user.save()
    place = f"{till.world.agency.pk}:{till.world.project.pk}"
    answer = as_person(rival).post("/portal/money/advances/", {"place": place, "amount": "1", "reason": "x"})
    assert answer.status_code == 422
    assert not Advance.objects.exists()


def test_empty_lists_say_what_will_be_here(till, as_person):
    for address, words in (
        ("/finance/adjustments/", "Adjust by hand"),
        ("/finance/advances/", "Set the first; another person approves it."),
        ("/finance/advances/new/", "No limit is in force"),
    ):
        assert words in text(as_person(till.finance).get(address))


def test_a_list_of_adjustments_asks_for_no_row_by_itself(till, as_person, django_assert_max_num_queries):
    payee = Payee.objects.get(agency=till.world.agency)
    for _number in range(5):
        ask_adjustment(actor=till.finance, payee=payee, project=till.world.project, amount=Decimal(1), reason="x")
    client = as_person(till.approver)
    client.get("/finance/adjustments/")
    with django_assert_max_num_queries(12):
        client.get("/finance/adjustments/")
