"""Bank accounts, bank files, the bank's results and tax, as finance meets them; one's own account in the portal."""

from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Sum
from python_calamine import CalamineWorkbook

from brokers.models import PayoutAccount
from brokers.services.accounts import keep_identity
from channels_platform.audit.models import Event
from commissions.models import BankFile, BankResult, BankTemplate, LedgerEntry, ResultMapping
from commissions.services.bank_files import write_bank_file
from commissions.services.exclusions import leave_out_line
from commissions.services.payouts import pay_batch, return_batch
from tests.accounts_at_banks import open_accounts
from tests.pages.finance import everything, open_till

pytestmark = pytest.mark.django_db

NUMBER = "6222020200012345678"
ASKED = {"holder": "Bright Homes", "bank_name": "Lake Bank", "branch_code": "", "account": "6222 0202 0001 2345 678"}


@pytest.fixture
def till(world):
    return open_till(world)


@pytest.fixture
def approved(till):
    till.approve()
    return till


def test_an_agencys_account_goes_from_the_portal_to_finance_and_is_used_a_day_later(till, as_person):
    boss = as_person(till.world.manager)
    assert "No account is in use" in boss.get("/portal/money/account/agency/").content.decode()
    assert boss.post("/portal/money/account/agency/", ASKED).status_code == 302
    account = PayoutAccount.objects.get()
    page = boss.get("/portal/money/account/agency/").content.decode()
    assert "···· 5678" in page and NUMBER not in page and "Waiting for confirmation" in page

    finance = as_person(till.finance)
    listed = finance.get("/finance/accounts/").content.decode()
    assert "Bright Homes" in listed and NUMBER not in listed
    where = f"/finance/accounts/{account.pk}/"
    wrong = finance.post(where, {"number": "6222020200012345679"})
    assert wrong.status_code == 422 and "Compare it with the papers" in wrong.content.decode()
    assert NUMBER not in finance.get(where).content.decode()
    assert finance.post(where, {"number": NUMBER}).status_code == 302
    account.refresh_from_db()
    assert (account.state, account.confirmed_by) == ("confirmed", till.finance)
    assert "Confirmed, not used yet" in finance.get("/finance/accounts/?show=coming").content.decode()

    stop = f"/portal/money/account/{account.pk}/stop/"
    assert boss.post(stop, {"reason": ""}).status_code == 422
    assert boss.post(stop, {"reason": "not ours"}).status_code == 302
    account.refresh_from_db()
    assert (account.state, account.reason) == ("stopped", "not ours")


def test_finance_enters_an_account_and_another_person_decides(till, as_person):
    finance = as_person(till.finance)
    answer = finance.post("/finance/accounts/new/", {**ASKED, "party": "NOBODY"})
    assert answer.status_code == 422 and "No agency or broker is called this." in answer.content.decode()
    assert answer.context["form"]["holder"].value() == "Bright Homes"
    assert finance.post("/finance/accounts/new/", {**ASKED, "party": "owner"}).status_code == 302
    account = PayoutAccount.objects.get(broker=till.world.owner)
    where = f"/finance/accounts/{account.pk}/"
    assert "another person has to decide" in finance.get(where).content.decode()
    assert finance.post(where, {"number": NUMBER}).status_code == 403
    account.refresh_from_db()
    assert account.state == "asked"
    second = as_person(till.second)
    assert second.post(f"{where}close/", {"reason": "another name on it"}).status_code == 302
    own = as_person(till.world.owner).get("/portal/money/account/").content.decode()
    assert "another name on it" in own


def test_a_broker_keeps_the_identity_number_and_nobody_sees_it_whole(till, as_person):
    broker = as_person(till.world.owner)
    wrong = broker.post("/portal/money/account/identity/", {"kind": "id_card", "number": "110105194912310021"})
    assert wrong.status_code == 422 and "no number of such a document" in wrong.content.decode()
    assert broker.post("/portal/money/account/identity/", {"kind": "id_card", "number": "11010519491231002X"})
    page = broker.get("/portal/money/account/").content.decode()
    assert "···· 002X" in page and "11010519491231002X" not in page


def template(**changes):
    rows = [
        ("account", "账号", ""),
        ("holder", "户名", ""),
        ("amount", "金额", ""),
        ("text", "用途", "佣金"),
        ("", "", ""),
    ]
    fields = {f"{name}-{place}": value for place, row in enumerate(rows)
              for name, value in zip(("field", "heading", "text"), row, strict=True)}  # fmt: skip
    return {
        **fields, "name": "ICBC", "headings": "on", "first_line": "", "last_line": "{count}|{total}", "delimiter": "|",
        "encoding": "gb18030", "amounts": "plain", "line_end": "lf", **changes,
    }  # fmt: skip


def test_only_who_keeps_bank_files_is_led_to_a_template(approved, as_person):
    where = f"/finance/accounts/bank/{approved.world.project.company_id}/"
    assert where in as_person(approved.finance).get("/finance/accounts/bank/").content.decode()
    assert where not in as_person(approved.approver).get("/finance/accounts/bank/").content.decode()


def test_a_template_is_looked_at_then_kept_and_the_batchs_file_follows_it(approved, as_person):
    finance, where = as_person(approved.finance), f"/finance/accounts/bank/{approved.world.project.company_id}/"
    looked = finance.post(where, template(look="1"))
    assert looked.status_code == 200 and "账号|户名|金额|用途\n" in looked.context["sample"]
    assert not BankTemplate.objects.exists()
    wrong = finance.post(where, template(**{"field-0": "text"}))
    assert wrong.status_code == 422 and "These columns are needed: Account number." in wrong.content.decode()
    assert finance.post(where, template()).status_code == 302
    open_accounts(approved.batch)
    answer = finance.post(f"/finance/batches/{approved.batch.pk}/export/bank/")
    lines = b"".join(answer.streaming_content).decode("gb18030").split("\n")
    assert lines[0] == "账号|户名|金额|用途" and lines[-2] == "2|37120.00"
    made = BankFile.objects.get()
    assert (made.transfers, made.total) == (2, Decimal(37120))
    assert made.sha256 in finance.get(f"/finance/batches/{approved.batch.pk}/").content.decode()


def test_a_line_ticked_failed_while_a_bank_file_is_out_asks_what_the_bank_answered(approved, as_person):
    finance, where = as_person(approved.finance), f"/finance/batches/{approved.batch.pk}/pay/"
    ticked = {"failed": str(approved.agency_line.pk)}
    assert 'name="answer"' not in finance.post(where, ticked).content.decode(), "no file, no question"
    open_accounts(approved.batch)
    finance.post(f"/finance/batches/{approved.batch.pk}/export/bank/")
    assert "What the bank answered of those that failed" in finance.post(where, ticked).content.decode()
    before = everything()
    refused = finance.post(where, {**ticked, "final": "1", "answer": " \u200b"})
    assert refused.status_code == 422 and "Say what the bank answered" in refused.content.decode()
    assert everything() == before
    done = finance.post(where, {**ticked, "final": "1", "answer": "The name differs", "once": "a" * 32})
    assert done.status_code == 302
    assert approved.agency_line.bank_answer == "The name differs"


@pytest.mark.parametrize("step", ["void", "return"])
def test_letting_go_of_a_batch_that_a_bank_file_was_made_of_asks_whether_it_was_sent(approved, as_person, step):
    finance, where = as_person(approved.finance), f"/finance/batches/{approved.batch.pk}/{step}/"
    assert 'name="unsent"' not in finance.get(where).content.decode(), "no file, no question"
    open_accounts(approved.batch)
    finance.post(f"/finance/batches/{approved.batch.pk}/export/bank/")
    page = finance.get(where).content.decode()
    assert "No bank file of this batch was sent, or the bank refused all of it" in page
    before = everything()
    for said, missing in (
        ({}, "the money may go out twice"),
        ({"unsent": "on"}, "Say how this is known"),
        ({"not_sent": "looked"}, "the money may go out twice"),
    ):
        refused = finance.post(where, {"reason": "again", **said})
        assert refused.status_code == 422 and missing in refused.content.decode()
    assert everything() == before
    assert (
        finance.post(where, {"reason": "again", "unsent": "on", "not_sent": "Looked at the portal"}).status_code == 302
    )
    shown = finance.get(f"/finance/batches/{approved.batch.pk}/").content.decode()
    assert "Not sent:" in shown and "Looked at the portal" in shown


def upload(till, text, **more):
    return {"file": SimpleUploadedFile("results.csv", text.encode()), **more}


def take_over(client, address):
    """Press the button of the page as it is now."""
    return client.post(address, {"seen": client.get(address).context["seen"] or "-"})


def test_results_are_shown_row_by_row_and_taken_over_once(approved, as_person):
    finance, where = as_person(approved.finance), f"/finance/batches/{approved.batch.pk}/results/"
    before = everything()
    text = f"Line,Result,Reference\n{approved.agency_line.pk},paid,R1\n{approved.lins_line.pk},处理中,\nx,paid,R\n"
    assert finance.post(where, {}).status_code == 422
    unread = finance.post(where, upload(approved, "a,b\n1,2\n"))
    assert unread.status_code == 422 and "No column of results was found" in unread.content.decode()
    sent = finance.post(where, upload(approved, text, word_paid="gebucht"))
    result = BankResult.objects.get()
    assert sent["Location"] == f"{where}{result.pk}/"
    assert ResultMapping.objects.get().words == {"paid": ["gebucht"]}
    page = finance.get(sent["Location"]).content.decode()
    assert "2 lines change" in page and "about no line of this batch" in page
    unchanged = everything()
    assert {key: unchanged[key] for key in before if key != "events"} == {
        key: value for key, value in before.items() if key != "events"
    }
    assert take_over(finance, sent["Location"]).status_code == 302
    assert (approved.agency_line.state, approved.lins_line.state) == ("paid", "unknown")
    taken = everything()
    assert finance.post(where, upload(approved, text, word_paid="gebucht"))["Location"] == sent["Location"]
    assert take_over(finance, sent["Location"]).status_code == 302
    assert everything() == taken
    assert "Taken over" in finance.get(sent["Location"]).content.decode()


def test_a_word_explained_after_the_file_was_taken_over_opens_what_was_left_out_of_it(approved, as_person):
    finance, where = as_person(approved.finance), f"/finance/batches/{approved.batch.pk}/results/"
    text = f"Line,Result,Reference\n{approved.agency_line.pk},paid,R1\n{approved.lins_line.pk},gebucht,R2\n"
    first = finance.post(where, upload(approved, text))["Location"]
    assert "say what it means where files are sent" in finance.get(first).content.decode()
    take_over(finance, first)
    assert "what was left out is read anew once" in finance.get(first).content.decode()
    assert finance.post(where, upload(approved, text))["Location"] == first
    again = finance.post(where, upload(approved, text, word_paid="gebucht"))["Location"]
    page = finance.get(again).content.decode()
    assert "only what was left out of it is read here" in page and "1 line changes" in page and "R1" not in page
    take_over(finance, again)
    assert (approved.agency_line.state, approved.lins_line.state) == ("paid", "paid")


def test_who_takes_over_a_file_that_was_read_anew_meanwhile_is_shown_it_first(approved, as_person):
    finance, where = as_person(approved.finance), f"/finance/batches/{approved.batch.pk}/results/"
    text = f"Line,Result,Reference\n{approved.agency_line.pk},paid,R1\n{approved.lins_line.pk},gebucht,R2\n"
    page = finance.post(where, upload(approved, text))["Location"]
    seen = finance.get(page).context["seen"]
    assert finance.post(where, upload(approved, text, word_paid="gebucht"))["Location"] == page
    for old, status, said in (
        ({"seen": seen}, 409, "Look at the rows again, then take them over."),
        ({}, 422, "Open this page again and look at it, then decide."),
    ):
        answer = finance.post(page, old)
        assert answer.status_code == status
        assert said in answer.content.decode() and "2 lines change" in answer.content.decode()
        assert (approved.agency_line.state, approved.lins_line.state) == ("open", "open")
    assert finance.post(page, {"seen": answer.context["seen"]}).status_code == 302
    assert (approved.agency_line.state, approved.lins_line.state) == ("paid", "paid")


def test_a_batch_whose_lines_all_failed_still_warns_of_what_the_bank_paid_after_all(approved, as_person):
    finance, where = as_person(approved.finance), f"/finance/batches/{approved.batch.pk}/results/"
    lines = approved.agency_line, approved.lins_line
    pay_batch(actor=approved.finance, batch=approved.batch, results=[{"line": one, "failed": True} for one in lines])
    assert approved.batch.state == "void"
    assert where in finance.get(f"/finance/batches/{approved.batch.pk}/").content.decode()
    assert "Read it" in finance.get(where).content.decode()
    sent = finance.post(where, upload(approved, f"Line,Result,Reference\n{lines[0].pk},paid,R1\n"))
    page = finance.get(sent["Location"]).content.decode()
    assert "may be paid elsewhere: ask the bank" in page and "Take over" not in page


def test_a_draft_whose_file_was_called_back_warns_of_what_the_bank_paid_all_the_same(approved, as_person):
    finance, here = as_person(approved.finance), f"/finance/batches/{approved.batch.pk}/"
    open_accounts(approved.batch)
    write_bank_file(actor=approved.finance, batch=approved.batch, target=BytesIO())
    return_batch(actor=approved.finance, batch=approved.batch, reason="again", not_sent="the portal shows none")
    left, kept = approved.agency_line, approved.lins_line
    leave_out_line(actor=approved.finance, line=left, reason="next month")
    assert f"{here}results/" in finance.get(here).content.decode()
    sent = finance.post(
        f"{here}results/", upload(approved, f"Line,Result,Reference\n{left.pk},paid,R1\n{kept.pk},paid,R2\n")
    )
    page = finance.get(sent["Location"]).content.decode()
    assert "may be paid elsewhere: ask the bank" in page and "have it approved again" in page
    assert "Take over" not in page
    assert f"{here}lines/{kept.pk}/" in page and f"{here}lines/{left.pk}/" not in page


def test_a_row_of_another_amount_says_which_and_a_file_that_changes_nothing_is_not_taken_over(approved, as_person):
    finance, where = as_person(approved.finance), f"/finance/batches/{approved.batch.pk}/results/"
    text = f"Line,Amount,Result,Reference\n{approved.agency_line.pk},34560.01,paid,R1\n"
    sent = finance.post(where, upload(approved, text))
    page = finance.get(sent["Location"]).content.decode()
    assert "The file says 34,560.01." in page and "Nothing in this file changes a line." in page
    assert "Take over" not in page


def test_the_banks_answer_about_a_line_is_recorded_by_hand(approved, as_person):
    finance = as_person(approved.finance)

    def answered(line, **fields):
        return finance.post(f"/finance/batches/{approved.batch.pk}/lines/{line.pk}/answer/", fields).status_code

    line = approved.lins_line
    assert answered(line, outcome="paid", reference="X") == 422, "an open line is marked paid with the batch"
    assert answered(line, outcome="unknown", reason="no answer since Monday") == 302
    assert answered(line, outcome="failed", reason="") == 422
    assert answered(line, outcome="paid", reference="R1") == 302
    assert approved.lins_line.state == "paid"
    assert answered(line, outcome="returned", reason="account closed") == 302
    assert approved.lins_line.state == "returned"
    assert answered(line, outcome="returned", reason="again") == 409
    page = finance.get(f"/finance/balances/{line.payee_id}/{approved.world.project.pk}/?tab=ledger").content.decode()
    assert "returned by the bank, batch" in page


def test_tax_figures_are_the_ledgers_and_whole_numbers_are_for_who_may_export_them(till, as_person):
    till.pay()
    keep_identity(actor=None, broker=till.world.owner, kind="id_card", number="11010519491231002X")
    finance = as_person(till.finance)
    page = finance.get("/finance/tax/")
    row = page.context["page"].items[0]
    assert (row.income, row.figures.taxable, row.figures.rate, row.withheld) == (3000, 2200, Decimal("0.2"), 440)
    assert row.withheld == LedgerEntry.objects.filter(account="tax").aggregate(Sum("amount"))["amount__sum"]
    assert "···· 002X" in page.content.decode() and "11010519491231002X" not in page.content.decode()

    def number(client, **fields):
        book = CalamineWorkbook.from_filelike(BytesIO(b"".join([client.post("/finance/tax.xlsx", fields).content])))
        rows = book.get_sheet_by_index(0).to_python()
        assert [rows[-1][rows[0].index(name)] for name in ("Income", "Tax withheld")] == [3000, 440]
        return rows[1][rows[0].index("Number")]

    assert number(finance) == "···· 002X"
    assert number(finance, full="1") == "11010519491231002X"
    assert number(as_person(till.auditor)) == "···· 002X"
    assert as_person(till.auditor).post("/finance/tax.xlsx", {"full": "1"}).status_code == 403
    events = Event.objects.filter(action="tax.exported").order_by("id")
    assert [event.after["identity_numbers"] for event in events] == [False, True, False]
