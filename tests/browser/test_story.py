"""The main job, end to end in a browser: a client is filed, received, sold to and paid for; the commission is paid out.

Everybody works through their own pages, the broker on a phone and the staff on a desk (and once more all on phones).
Only the commission run is called by hand, as the clock would call it.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Sum
from playwright.sync_api import Page, expect
from python_calamine import CalamineWorkbook

from channels_platform.accounts.permissions import Role
from commissions.models import LedgerEntry, PayoutBatch
from commissions.tasks import run_changed_projects
from leads.models import Deal, Referral
from projects.services.units import create_unit
from tests.browser.conftest import FACES, Visitor
from tests.pages.money import give_plan
from tests.pages.world import CLIENT_PHONE, PASSWORD, World, make_world, staff

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

INVOICE, BANK = "044001900111-20260507", "ICBC-20260507-001"
# six per cent of the price, half released by the first payment, a tenth of that kept until handover; a bonus of 3,000
EARNED, PAYABLE, BONUS, BONUS_TAX = Decimal("76800"), Decimal("34560"), Decimal("3000"), Decimal("440")


@dataclass
class Story:
    """Who takes part, each in a browser of their own, and what has become of the client so far."""

    world: World
    visitor: Callable[..., Visitor]
    language: str
    screen: str

    def enter(self, username: str, screen: str = "") -> Visitor:
        at = self.visitor(screen or self.screen, self.language)
        at.sign_in_by_form(username, PASSWORD)
        return at

    @property
    def referral(self) -> Referral:
        return Referral.objects.get()

    @property
    def deal(self) -> Deal:
        return Deal.objects.get()

    @property
    def batch(self) -> PayoutBatch:
        return PayoutBatch.objects.get()


@pytest.fixture(params=FACES, ids="-".join)
def story(request: Any, visitor: Callable[..., Visitor], transactional_db: None) -> Story:
    screen, language = request.param
    world = make_world(exclusive_from="visit")
    give_plan(world)
    home = {"phase": "1", "building": "2", "number": "1203", "unit_type": "3B", "area": "98.50"}
    create_unit(actor=None, project=world.project, list_price="1280000.00", **home)
    staff("money", Role.FINANCE, world.project, name="Chen")
    staff("approver", Role.FINANCE_APPROVER, world.project, name="Zhou")
    return Story(world, visitor, language, screen)


def go(page: Page, selector: str) -> None:
    """Click what leads to another page, and wait for that page."""
    with page.expect_navigation():
        page.locator(selector).first.click()


def test_from_a_filed_client_to_a_paid_commission(story, tmp_path):
    the_broker_files_a_client(story)
    reception_confirms_the_visit(story)
    the_consultant_subscribes_the_deal(story)
    marketing_records_the_contract(story)
    finance = story.enter("money")
    finance_records_the_first_payment(story, finance)
    run_changed_projects()
    the_broker_sees_what_was_earned(story)
    finance_drafts_and_submits(story, finance)
    the_approver_approves(story)
    finance_pays(story, finance)
    finance_exports(story, finance, tmp_path)


def the_broker_files_a_client(story: Story) -> None:
    at = story.enter("owner", "phone")
    page = at.page
    go(page, "main a[href='/portal/clients/new/']")
    at.look("story-01-file")
    page.fill("[name=client_name]", "张伟")
    page.fill("#id_phones_0", CLIENT_PHONE)
    go(page, "form[data-file-form] button[type=submit]")
    expect(page.locator(".outcome.tone-good")).to_be_visible()
    at.look("story-02-filed")
    assert (story.referral.state, story.referral.broker) == ("filed", story.world.owner)


def reception_confirms_the_visit(story: Story) -> None:
    at = story.enter("reception")
    page = at.open("/desk/find/")
    page.fill("#q", CLIENT_PHONE[-4:])
    with page.expect_navigation():
        page.keyboard.press("Enter")
    at.look("story-03-found")
    go(page, "main a[href$='/confirm/']")
    go(page, "main button[type=submit]")
    expect(page.locator(".outcome.tone-good")).to_be_visible()
    at.look("story-04-confirmed")
    assert story.referral.state == "visited"
    assert story.referral.claims.get().live


def the_consultant_subscribes_the_deal(story: Story) -> None:
    at = story.enter("consultant")
    page = at.open(f"/desk/referrals/{story.referral.pk}/")
    go(page, "main a[href*='/desk/deals/new/']")
    page.select_option("[name=unit]", label="2-1203")
    page.fill("[name=price]", "1280000")
    page.select_option("[name=method]", "mortgage")
    page.fill("[name=first_payment_amount]", "384000")
    page.fill("[name=names] >> nth=0", "张伟")
    page.fill("[name=phones] >> nth=0", CLIENT_PHONE)
    at.look("story-05-subscribe")
    go(page, "main button[type=submit].btn-primary")
    expect(page.locator("main")).to_contain_text(story.referral.number)
    at.look("story-06-deal")
    assert story.deal.shares.get().referral == story.referral
    assert story.referral.state == "won"


def marketing_records_the_contract(story: Story) -> None:
    at = story.enter("marketing")
    page = at.open(f"/admin/leads/deal/{story.deal.pk}/do/contract/")
    at.look("story-07-contract")
    go(page, ".cp-form button[type=submit]")
    expect(page.locator("body")).to_contain_text(story.deal.number)
    at.look("story-08-contracted")
    assert story.deal.state == "contracted"


def finance_records_the_first_payment(story: Story, at: Visitor) -> None:
    page = at.open("/finance/payments/new/")
    page.fill("#deal", story.deal.number)
    go(page, "main form button[type=submit]")
    page.fill("#id_amount", "384,000.00")
    page.fill("#id_reference", "BANK-1")
    at.look("story-09-payment")
    go(page, "main form.form button[type=submit]")
    expect(page.locator("#messages")).to_contain_text("384,000.00")
    assert story.deal.payments.get().amount == Decimal(384000)


def the_broker_sees_what_was_earned(story: Story) -> None:
    at = story.enter("owner", "phone")
    page = at.open("/portal/money/")
    expect(page.locator("main")).to_contain_text("3,000.00")
    page.locator("details.why summary").first.click()
    at.look("story-10-earned")


def finance_drafts_and_submits(story: Story, at: Visitor) -> None:
    page = at.open("/finance/")
    expect(page.locator("main")).to_contain_text(f"{EARNED + BONUS:,.2f}")
    at.look("story-11-balances")
    at.open("/finance/batches/new/")
    go(page, "main form[method=get] button[type=submit]")
    expect(page.locator("main")).to_contain_text(f"{PAYABLE + BONUS:,.2f}")
    go(page, "main form[method=post] button[type=submit]")
    expect(page.locator("h1")).to_contain_text("P-")
    at.look("story-12-draft")
    line = story.batch.lines.get(payee__agency=story.world.agency)
    at.open(f"/finance/batches/{story.batch.pk}/lines/{line.pk}/")
    page.fill("#id_number", INVOICE)
    go(page, "main form.form button[type=submit]")
    expect(page.locator("main")).to_contain_text(INVOICE)
    at.open(f"/finance/batches/{story.batch.pk}/")
    go(page, f"a[href='/finance/batches/{story.batch.pk}/submit/']")
    at.look("story-13-submit")
    go(page, "main form button[type=submit]")
    assert story.batch.state == "submitted"
    expect(page.locator(f"a[href='/finance/batches/{story.batch.pk}/approve/']")).to_have_count(0)


def the_approver_approves(story: Story) -> None:
    at = story.enter("approver")
    page = at.open(f"/finance/batches/{story.batch.pk}/")
    go(page, f"a[href='/finance/batches/{story.batch.pk}/approve/']")
    at.look("story-14-approve")
    go(page, "main form button[type=submit]")
    assert (story.batch.state, story.batch.approved_by.username) == ("approved", "approver")


def finance_pays(story: Story, at: Visitor) -> None:
    page = at.open(f"/finance/batches/{story.batch.pk}/pay/")
    for line in story.batch.lines.all():
        page.fill(f"[name=reference-{line.pk}]", BANK)
    at.look("story-15-pay")
    go(page, "main form button[type=submit]")
    expect(page.locator("main")).to_contain_text(BANK)
    go(page, "main form button[type=submit]")
    at.look("story-16-paid")
    assert story.batch.state == "paid"


def finance_exports(story: Story, at: Visitor, folder: Path) -> None:
    """The workbook and the list of deals hold to the cent what the ledger holds."""
    page = at.open(f"/finance/batches/{story.batch.pk}/")
    moved = LedgerEntry.objects.filter(transaction__line__batch=story.batch).order_by().values_list("account")
    ledger = dict(moved.annotate(Sum("amount")))
    assert ledger == {"payable": -PAYABLE - BONUS, "tax": BONUS_TAX, "paid": PAYABLE + BONUS - BONUS_TAX}
    amounts = [-ledger["payable"], ledger["tax"], ledger["paid"]]

    book = CalamineWorkbook.from_filelike(BytesIO(exported(page, "xlsx", folder)))
    summary, lines, deals, _approvals = (book.get_sheet_by_name(name).to_python() for name in book.sheet_names)
    assert set(amounts) <= {money(cell) for _label, cell in summary}
    # the last row of each table is its total
    for sheet, columns in ((lines, slice(3, 6)), (deals, slice(16, 19))):
        assert [money(cell) for cell in sheet[-1][columns]] == amounts
        assert [sum(money(row[place]) for row in sheet[1:-1]) for place in range(*columns.indices(99))] == amounts

    rows = list(csv.reader(StringIO(exported(page, "csv", folder).decode("utf-8-sig"))))
    assert sum(Decimal(row[16]) for row in rows[1:]) == amounts[0]


def exported(page: Page, form: str, folder: Path) -> bytes:
    page.locator("details.menu:has(form[action*='/export/'])").evaluate("menu => menu.open = true")
    with page.expect_download() as download:
        page.click(f"form[action$='/export/{form}/'] button")
    kept = folder / f"batch.{form}"
    download.value.save_as(kept)
    return kept.read_bytes()


def money(cell: object) -> Decimal | None:
    """Read a number cell exactly, as the two decimals it was written with."""
    return Decimal(repr(cell)).quantize(Decimal("0.01")) if isinstance(cell, int | float) else None
