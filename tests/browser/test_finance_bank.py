"""An agency's account from the portal to the bank file, and the bank's results on the batch; wide and narrow."""

import re
from io import BytesIO

import pytest
from playwright.sync_api import expect

from brokers.models import PayoutAccount
from brokers.services.accounts import keep_identity
from commissions.models import PayoutLine
from commissions.services.bank_files import write_bank_file
from tests.accounts_at_banks import open_accounts
from tests.browser.conftest import FACES
from tests.browser.test_finance import go
from tests.pages.finance import open_till
from tests.pages.world import make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_an_account_is_confirmed_and_the_banks_results_are_taken_over(visitor, transactional_db, screen, language):
    till = open_till(make_world())
    batch = till.approve()

    boss = visitor(screen, language)
    page = boss.sign_in("manager")
    boss.open("/portal/money/account/agency/")
    for name, text in (("bank_name", "Lake Bank"), ("account", "6222 0202 0001 2345 678")):
        page.fill(f"#id_{name}", text)
    go(page, "main form.form button[type=submit]")
    expect(page.locator("main .state.tone-wait").first).to_be_visible()
    boss.look("bank-portal-account")
    boss.open("/portal/money/account/")
    boss.look("bank-portal-own")

    at = visitor(screen, language)
    page = at.sign_in("finance")
    at.open("/finance/accounts/")
    at.look("bank-accounts")
    go(page, "main .data a")
    page.fill("#id_number", "6222020200012345679")
    go(page, "main form.form button[type=submit]")
    expect(page.locator("main .invalid-feedback")).to_be_visible()
    at.look("bank-account-differs")
    page.fill("#id_number", "6222020200012345678")
    go(page, "main form.form button[type=submit]")
    expect(page.locator("main .state.tone-info").first).to_be_visible()
    assert PayoutAccount.objects.get().state == "confirmed"

    at.open(f"/finance/accounts/bank/{batch.company_id}/")
    page.fill("#id_name", "ICBC")
    page.select_option("#id_encoding", "gb18030")
    go(page, "button[name=look]")
    expect(page.locator("pre")).to_contain_text("34560.00")
    at.look("bank-template")

    PayoutAccount.objects.filter(state="confirmed").update(state="stopped")
    open_accounts(batch)
    line, lins = (PayoutLine.objects.get(pk=one.pk) for one in (till.agency_line, till.lins_line))
    text = f"Line,Result,Reference\n{line.pk},成功,R-1\n{lins.pk},处理中,\nelsewhere,成功,R-2\n"
    write_bank_file(actor=till.finance, batch=batch, target=BytesIO())
    at.open(f"/finance/batches/{batch.pk}/pay/")
    page.locator("input[name=failed]").first.check()
    go(page, "main form.form button[type=submit]")
    expect(page.get_by_label(re.compile("What the bank answered|银行对失败明细的答复"))).to_be_visible()
    at.look("bank-failed-by-hand")

    at.open(f"/finance/batches/{batch.pk}/results/")
    page.set_input_files("#id_file", {"name": "results.csv", "mimeType": "text/csv", "buffer": text.encode()})
    at.look("bank-results")
    go(page, "main form.form button[type=submit]")
    expect(page.locator("main")).to_contain_text("34,560.00")
    at.look("bank-result")
    go(page, "main form.form button[type=submit]")
    assert [PayoutLine.objects.get(pk=one.pk).state for one in (line, lins)] == ["paid", "unknown"]
    at.open(f"/finance/batches/{batch.pk}/")
    expect(page).to_have_url(re.compile(str(batch.pk)))
    at.look("bank-batch")
    keep_identity(actor=None, broker=till.world.owner, kind="id_card", number="11010519491231002X")
    at.open("/finance/tax/")
    at.look("bank-tax")
