"""Finance: balances with their reasons, a batch from the draft to the bank, what is owed back; wide and narrow."""

import re

import pytest
from playwright.sync_api import expect

from channels_platform.accounts.permissions import Role
from commissions.models import LedgerEntry, PayoutBatch, PayoutLine, WriteOff
from tests.browser.conftest import CROSSED_FACES, FACES
from tests.pages.finance import open_till
from tests.pages.money import give_plan, sell
from tests.pages.world import make_world, staff

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def go(page, selector):
    """Click what leads to another page, and wait for that page."""
    with page.expect_navigation():
        page.click(selector)


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_batch_from_draft_to_paid_by_two_people(visitor, transactional_db, screen, language):
    world = make_world()
    give_plan(world)
    deal = sell(world)
    staff("money", Role.FINANCE, world.project, name="Chen")
    staff("approver", Role.FINANCE_APPROVER, world.project, name="Zhou")

    at = visitor(screen, language)
    page = at.sign_in("money")
    expect(page.locator("main")).to_contain_text("79,800.00")
    at.look("finance-balances")
    go(page, "main .data a >> text=Bright Homes")
    expect(page.locator("main")).to_contain_text("1,280,000.00")
    at.look("finance-balance")
    go(page, f"main a:has-text('{deal.number}')")
    expect(page.locator("main .data")).to_contain_text("-76,800.00")
    at.look("finance-ledger")

    at.open("/finance/batches/")
    at.look("finance-batches-empty")
    go(page, "a[href='/finance/batches/new/'] >> nth=0")
    go(page, "main form[method=get] button[type=submit]")
    expect(page.locator("main")).to_contain_text("37,560.00")
    at.look("finance-batch-new")
    go(page, "main form[method=post] button[type=submit]")
    expect(page.locator("h1")).to_contain_text("P-")
    batch = PayoutBatch.objects.get()
    at.look("finance-batch-draft")
    page.locator("details.why > summary").first.click()
    expect(page.locator(".why-body .data").first).to_contain_text(deal.number)
    at.look("finance-batch-behind")

    line = PayoutLine.objects.get(payee__agency=world.agency)
    at.open(f"/finance/batches/{batch.pk}/lines/{line.pk}/")
    page.fill("#id_number", "INV-2026-77")
    at.look("finance-line")
    go(page, "main form.form button[type=submit]")
    expect(page.locator("main")).to_contain_text("INV-2026-77")
    go(page, f"a[href='/finance/batches/{batch.pk}/submit/']")
    at.look("finance-batch-submit")
    go(page, "main form button[type=submit]")
    expect(page.locator("main .state.tone-wait").first).to_be_visible()

    second = visitor(screen, language)
    page = second.sign_in("approver")
    second.open(f"/finance/batches/{batch.pk}/")
    second.look("finance-batch-submitted")
    go(page, f"a[href='/finance/batches/{batch.pk}/approve/']")
    second.look("finance-batch-approve")
    go(page, "main form button[type=submit]")
    batch.refresh_from_db()
    expect(page.locator(f"a[href='/finance/batches/{batch.pk}/pay/']")).to_be_visible()

    page = at.open(f"/finance/batches/{batch.pk}/pay/")
    page.fill(f"[name=reference-{line.pk}]", "ICBC-20260505-001")
    page.check("input[name=failed] >> nth=1")
    at.look("finance-pay")
    go(page, "main form button[type=submit]")
    expect(page.locator("main")).to_contain_text("ICBC-20260505-001")
    at.look("finance-pay-check")
    go(page, "main form button[type=submit]")
    expect(page).to_have_url(re.compile(f"/batches/{batch.pk}/"))
    at.look("finance-batch-paid")
    line.refresh_from_db()
    assert (line.state, line.bank_reference) == ("paid", "ICBC-20260505-001")
    assert LedgerEntry.objects.get(account="paid").amount == line.net


@pytest.mark.parametrize(("screen", "language"), CROSSED_FACES)
def test_money_comes_in_and_is_owed_back(visitor, transactional_db, screen, language):
    world = make_world()
    till = open_till(world)
    till.pay()

    at = visitor(screen, language)
    page = at.sign_in("finance")
    at.open("/finance/payments/new/")
    at.look("finance-payment-find")
    page.fill("#deal", till.deal.number)
    go(page, "main form button[type=submit]")
    page.fill("#id_amount", "896,000.00")
    page.select_option("#id_source", "loan")
    page.fill("#id_reference", "BANK-1")
    go(page, "main form.form button[type=submit]")
    expect(page.locator("main .invalid-feedback")).to_contain_text(till.deal.number)
    at.look("finance-payment-known")
    page.fill("#id_reference", "BANK-2")
    go(page, "main form.form button[type=submit]")
    expect(page.locator("#messages")).to_contain_text("896,000.00")
    at.look("finance-payments")

    till.cancel()
    at.open("/finance/?show=owed")
    at.look("finance-balances-owed")
    at.open("/finance/owed/")
    at.look("finance-owed")
    go(page, "main a[href$='/write-off/'] >> nth=0")
    page.fill("#id_amount", "34560.00")
    page.fill("#id_reason", "The agency is insolvent.")
    at.look("finance-write-off-ask")
    go(page, "main form.form button[type=submit]")
    go(page, "main a[href$='/repayment/'] >> nth=1")
    page.fill("#id_amount", "4,000")
    page.fill("#id_reference", "BACK-1")
    go(page, "main form.form button[type=submit]")
    expect(page.locator("main .is-invalid")).to_be_focused()
    at.look("finance-repayment-too-much")
    page.fill("#id_amount", "1,000")
    go(page, "main form.form button[type=submit]")
    expect(page.locator("main")).to_contain_text("2,000.00")
    at.look("finance-balance-owed")

    second = visitor(screen, language)
    page = second.sign_in("approver")
    second.open("/finance/owed/")
    go(page, "main a[href^='/finance/write-offs/']")
    second.look("finance-write-off")
    go(page, "main button[value=approve]")
    second.look("finance-owed-decided")
    assert WriteOff.objects.get().state == "approved"


def test_preparer_sees_why_they_cannot_approve(visitor, transactional_db):
    world = make_world()
    till = open_till(world)
    till.finance.is_superuser = True
    till.finance.save()
    batch = till.submit()
    at = visitor("desk", "en")
    page = at.sign_in("finance")
    at.open(f"/finance/batches/{batch.pk}/")
    expect(page.locator("main button[aria-describedby=no-approve]")).to_be_disabled()
    expect(page.locator("#no-approve")).to_contain_text("another person has to approve it")
    page.click("main .menu > summary")
    at.look("finance-own-batch")
    with page.expect_download() as download:
        page.click("main .menu-list button >> nth=0")
    assert download.value.suggested_filename == f"{batch.number}.xlsx"


def test_batches_work_without_scripts(visitor, transactional_db):
    world = make_world()
    till = open_till(world)
    batch = till.draft()
    at = visitor("phone", "en", scripts=False)
    page = at.sign_in("finance")
    at.open(f"/finance/batches/{batch.pk}/")
    page.click("details.why > summary >> nth=0")
    go(page, ".why-body a >> nth=0")
    expect(page.locator("main .data").first).to_contain_text(till.deal.number)
    at.open("/finance/?kind=individual")
    expect(page.locator("main .data")).to_contain_text("Lin")
