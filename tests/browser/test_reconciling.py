"""An agency hands in invoice and credit note, and sends its own ledger; both sides sign the result."""

import pytest
from playwright.sync_api import expect

from commissions.models import Reconciliation
from tests.browser.conftest import FACES
from tests.browser.test_finance import go
from tests.pages.finance import open_till
from tests.pages.world import make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_from_the_own_ledger_to_both_signatures(visitor, transactional_db, screen, language):
    world = make_world()
    till = open_till(world)
    till.pay()
    till.cancel()
    till.repay("34560.00")
    rows = f'Deal,Unit,Client,Amount\n{till.deal.number},3-1201,张伟,"76,800.00"\nNO-1,3-1202,王芳,"12,000.00"\n'
    rows += '合计,,,"88,800.00"\n'

    agency = visitor(screen, language)
    agency.sign_in("manager")
    page = agency.open("/portal/money/invoices/")
    agency.look("portal-invoices")
    go(page, "main a[href$='/credit/']")
    agency.look("portal-credit-note")
    page = agency.open("/portal/money/reconciliations/")
    agency.look("portal-reconciliations-none")
    go(page, "main a[href$='/new/'] >> nth=0")
    page.set_input_files("#id_file", {"name": "own.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    page.fill("#id_from_on", "2020-01-01")
    page.fill("#id_to_on", "2020-12-31")
    agency.look("portal-reconciliation-new")
    go(page, "main form.form button[type=submit]")
    expect(page.locator("main .data")).to_contain_text("76,800.00")
    agency.look("portal-reconciliation")
    go(page, "main form.form button.btn-primary")

    finance = visitor(screen, language)
    finance.sign_in("finance")
    page = finance.open("/finance/reconciliations/")
    finance.look("finance-reconciliations")
    go(page, "main a[href^='/finance/reconciliations/'] >> nth=0")
    finance.look("finance-reconciliation")
    go(page, "main form.form button.btn-primary")
    finance.look("finance-reconciliation-signed")
    assert Reconciliation.objects.get().state == "signed"
