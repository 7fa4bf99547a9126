"""A bank's file of payments: read, taken over, and the row that fits nothing matched; wide and narrow."""

import pytest
from playwright.sync_api import expect

from leads.models import Payment
from leads.services.payment_sources import keep_source
from tests.browser.conftest import FACES
from tests.browser.test_finance import go
from tests.pages.finance import open_till, wait_for_a_person
from tests.pages.world import make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_a_file_is_read_and_a_row_that_fits_nothing_is_matched(visitor, transactional_db, screen, language):
    till = open_till(make_world())
    wait_for_a_person(till)
    keep_source(actor=till.finance, project=till.world.project, name="ICBC", headings={"reference": "流水"}, words={})
    at = visitor(screen, language)
    page = at.sign_in("finance")
    at.open("/finance/payments/import/")
    text = (
        f"reference,date,amount,deal,payer\nB-8,20300101,1,{till.deal.number},Lin\nB-9,,5,,\nW-1,20260101,896000,,Lin\n"
    )
    page.set_input_files("#id_file", {"name": "march.csv", "mimeType": "text/csv", "buffer": text.encode()})
    at.look("payment-files")
    go(page, "main form.form button[type=submit]")
    expect(page.locator("main .state.tone-bad").first).to_be_visible()
    at.look("payment-file")
    at.open("/finance/payments/sources/new/")
    at.look("payment-source")
    at.open("/finance/payments/waiting/")
    at.look("payments-waiting")
    go(page, "main .rows a")
    at.look("payment-waiting")
    go(page, "button[name=pick]")
    assert Payment.objects.get(reference="W-1").deal == till.deal
