"""Unpaid commission: a chart beside its numbers, and filters that a choice sets at once."""

from datetime import date

import pytest
from playwright.sync_api import expect

from channels_platform.accounts.permissions import Role
from leads.services.expected_dates import expect_dates
from tests.browser.conftest import FACES
from tests.pages.money import give_plan, sell
from tests.pages.world import make_world, staff

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_unpaid_commission_is_drawn_and_narrowed(visitor, transactional_db, screen, language):
    world = make_world()
    give_plan(world, mode="retroactive")
    expect_dates(actor=None, deal=sell(world), loan_expected_on=date(2031, 5, 12))
    staff("money", Role.FINANCE, world.project, name="Chen")
    at = visitor(screen, language)
    at.sign_in("money")
    page = at.open("/finance/liability/")
    expect(page.locator("[data-bars] svg")).to_be_visible()
    expect(page.locator("main")).to_contain_text("38,400.00")
    at.look("finance-liability")
    with page.expect_navigation():
        page.select_option("#agency", world.agency.code)
    assert f"agency={world.agency.code}" in page.url
    expect(page.locator("[data-bars] svg")).to_be_visible()
