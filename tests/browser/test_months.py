"""A month closes; its agency reads the statement, contests a line, is answered, and confirms."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from channels_platform.lib import clock
from commissions.models import Objection, Statement
from tests.browser.conftest import FACES
from tests.browser.test_finance import go
from tests.pages.finance import open_till
from tests.pages.world import make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_from_the_closed_month_to_the_confirmed_statement(visitor, transactional_db, screen, language):
    with clock.at(clock.now().replace(day=1) - timedelta(days=10)):
        world = make_world()
        open_till(world).pay()

    finance = visitor(screen, language)
    finance.sign_in("finance")
    page = finance.open("/finance/months/")
    finance.look("months-due")
    go(page, f"a[href='/finance/months/close/{world.project.company.code}/']")
    finance.look("month-close")
    go(page, "main form.form button[type=submit]")
    expect(page.locator("main")).to_contain_text("Bright Homes")
    finance.look("month")
    statement = Statement.objects.get(payee__agency=world.agency)

    agency = visitor(screen, language)
    agency.sign_in("manager")
    page = agency.open("/portal/money/")
    agency.look("money-with-months")
    go(page, f"a[href='/portal/money/months/{statement.pk}/']")
    expect(page.locator("main .data")).to_contain_text("76,800.00")
    agency.look("portal-month")
    go(page, "main a[href$='/contest/'] >> nth=0")
    page.fill("#id_text", "该客户的份额应为全额，见微信记录。")
    agency.look("portal-month-contest")
    go(page, "main form.form button[type=submit]")
    agency.look("portal-month-contested")
    expect(page.locator("main form.form")).to_have_count(0)

    page = finance.open(f"/finance/months/statements/{statement.pk}/")
    finance.look("statement-contested")
    line = Objection.objects.get().line_id
    go(page, f"a[href='/finance/months/statements/{statement.pk}/lines/{line}/']")
    page.check("input[value=upheld]")
    page.fill("#id_answer", "按到访确认单，份额无误。")
    finance.look("objection")
    go(page, "main form.form button[type=submit]")

    page = agency.open(f"/portal/money/months/{statement.pk}/")
    agency.look("portal-month-answered")
    go(page, "main form.form button[type=submit]")
    statement.refresh_from_db()
    assert statement.state == "confirmed"
