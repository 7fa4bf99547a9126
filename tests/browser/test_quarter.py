"""A quarter from the first deal to the last paid batch, as finance, approver, agency and auditor live it.

April is paid under the first tier. May crosses a tier, and the bank refuses a line, which is re-issued. In June a deal
is cancelled after it was paid, and a line of June's statement is contested, waits while the rest goes on, is answered.
Every decision is made on the screen, at the time it is made; the figures are those worked out by hand in `quarter.py`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from channels_platform.accounts.models import User
from channels_platform.lib import clock
from commissions.models import Objection, PayoutBatch
from commissions.services.ledger_checks import check_ledger, seal_ledger
from commissions.services.schedule import schedule_payouts
from tests.browser.conftest import CROSSED_FACES, Visitor
from tests.browser.quarter import (
    ALL_PAID,
    ANSWERED,
    APRIL,
    BALANCES,
    BRIGHTS_MONTHS,
    FIRST,
    JUNE,
    MAY,
    REISSUED,
    SECOND,
    SECOND_PAID,
    THIRD,
    Quarter,
    shown,
)
from tests.browser.quarter_books import Books, of_a_line
from tests.browser.site_clock import SiteClock, site_at
from tests.browser.test_story import go

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@dataclass
class Story:
    """The quarter, the site's clock, and everybody in a browser of their own."""

    quarter: Quarter
    site: SiteClock
    visitor: Callable[..., Visitor]
    screen: str
    language: str
    inside: dict[User, Visitor] = field(default_factory=dict)

    def goes_to(self, text: str) -> None:
        self.quarter.goes_to(text)
        self.site.instant = self.quarter.now

    def later(self) -> None:
        self.site.instant = self.quarter.later()

    def enter(self, user: User) -> Visitor:
        """Return the person's browser; what the test itself did took time on the site too."""
        self.site.instant = self.quarter.now
        if user not in self.inside:
            self.inside[user] = self.visitor(self.screen, self.language)
            self.inside[user].sign_in(user.username)
        return self.inside[user]

    @property
    def finance(self) -> Visitor:
        return self.enter(self.quarter.finance)


@pytest.fixture(params=CROSSED_FACES, ids="-".join)
def story(request: Any, visitor: Callable[..., Visitor], transactional_db: None) -> Iterator[Story]:
    screen, language = request.param
    quarter = Quarter()
    with site_at(quarter.now) as site:
        yield Story(quarter, site, visitor, screen, language)


def test_a_quarter_from_the_first_deal_to_the_last_paid_batch(story, tmp_path):
    april_is_sold_closed_and_paid_under_the_first_tier(story)
    may_crosses_a_tier_and_the_bank_refuses_a_line(story)
    june_loses_a_deal_that_was_paid_and_a_line_is_contested(story)
    the_auditor_finds_no_difference(story)
    every_total_is_the_same_on_screen_in_files_and_in_the_ledger(story, tmp_path)


def april_is_sold_closed_and_paid_under_the_first_tier(story: Story) -> None:
    quarter = story.quarter
    quarter.sell("D1", "Lin", "1280000.00")
    quarter.sell("D2", "Wu", "1234567.89")
    quarter.sell("D3", "Qian", "999999.99")
    quarter.run()
    finance_closes_the_month(story, APRIL, "05-02 09:00")
    the_agency_reads_and_confirms_its_statement(story, APRIL)

    story.goes_to("05-05 10:00")
    batch = finance_drafts(story, FIRST)
    quarter.submit(batch)
    the_approver_approves(story, batch, FIRST)
    the_bank_pays(story, batch, FIRST)


def may_crosses_a_tier_and_the_bank_refuses_a_line(story: Story) -> None:
    quarter = story.quarter
    story.goes_to("05-11 09:00")
    quarter.sell("D4", "Lin", "1500000.00")
    quarter.sell("D5", "Qian", "2000000.00")
    quarter.run()
    finance_closes_the_month(story, MAY, "06-02 09:00")
    page = the_agency_reads_and_confirms_its_statement(story, MAY)
    # the two deals of April are rated anew, and their lines say by which deal
    rated = page.locator("main tr", has_text="6.2").filter(has_text=quarter.deals["D4"].number)
    expect(rated.filter(has_text=quarter.deals["D1"].number)).to_contain_text("2,560.00")
    expect(rated.filter(has_text=quarter.deals["D2"].number)).to_contain_text("2,469.14")

    story.goes_to("06-05 09:00")
    with clock.at(quarter.now):
        assert schedule_payouts()["drafted"] == 1
    batch = quarter.batches()[-1]
    quarter.submit(batch)
    the_approver_approves(story, batch, SECOND)
    the_bank_pays(story, batch, SECOND, refused="River")

    page = story.finance.open(f"/finance/batches/{batch.pk}/")
    expect(page.locator("main")).to_contain_text("户名不符")
    expect(page.locator("main .figures")).to_contain_text(shown(SECOND_PAID[2]))
    story.finance.look("quarter-batch-with-a-failed-line")
    go(page, f"a[href='/finance/batches/{batch.pk}/reissue/']")
    go(page, "main form button[type=submit]")
    expect(page.locator("main")).to_contain_text(batch.number)
    expect(page.locator("main .figures")).to_contain_text(shown(REISSUED[0]))
    again = quarter.batches()[-1]
    quarter.submit(again)
    the_approver_approves(story, again, REISSUED)
    quarter.pay(again)


def june_loses_a_deal_that_was_paid_and_a_line_is_contested(story: Story) -> None:
    quarter = story.quarter
    story.goes_to("06-10 09:00")
    quarter.sell("D6", "Wu", "1111111.11")
    quarter.deals["D7"] = quarter.contracted("Lin", price="1000000.01", method="instalment", first="300000.00")
    quarter.receive(quarter.deals["D7"], "300000.00")
    quarter.sell("D8", "Qian", "1600000.00")
    quarter.sell("D9", "Qian", "500000.01")
    quarter.run()
    quarter.cancel(quarter.deals["D1"])
    quarter.run()
    finance_closes_the_month(story, JUNE, "07-02 09:00")
    the_agency_reads_and_confirms_its_statement(story, JUNE)
    the_other_agency_contests_a_line(story)

    story.goes_to("07-05 10:00")
    page = story.finance.open("/finance/batches/new/")
    go(page, "main form[method=get] button[type=submit]")
    expect(page.locator("section[aria-labelledby=contested]")).to_contain_text("River")
    expect(page.locator("section[aria-labelledby=contested]")).to_contain_text("10,000.00")
    expect(page.locator("section[aria-labelledby=taken]")).not_to_contain_text("Lin")
    story.finance.look("quarter-draft-without-the-contested")
    batch = finance_drafts(story, THIRD)
    quarter.submit(batch)
    the_approver_approves(story, batch, THIRD)
    the_bank_pays(story, batch, THIRD)

    finance_answers(story)
    answered = finance_drafts(story, ANSWERED)
    quarter.submit(answered)
    the_approver_approves(story, answered, ANSWERED)
    quarter.pay(answered)


def finance_closes_the_month(story: Story, month: date, when: str) -> None:
    story.goes_to(when)
    page = story.finance.open("/finance/months/")
    go(page, f"a[href='/finance/months/close/{story.quarter.company.code}/']")
    go(page, "main form.form button[type=submit]")
    expect(page.locator("main")).to_contain_text("Bright")
    expect(page.locator("main")).to_contain_text(shown(BRIGHTS_MONTHS[month][-1]))
    story.finance.look(f"quarter-month-{month:%m}")


def the_agency_reads_and_confirms_its_statement(story: Story, month: date) -> Page:
    opening, earned, clawed_back, _released, _kept, paid, _tax, closing = BRIGHTS_MONTHS[month]
    statement = story.quarter.statement("Bright", month)
    agency = story.enter(story.quarter.manager_of["Bright"])
    page = agency.open("/portal/money/")
    go(page, f"a[href='/portal/money/months/{statement.pk}/']")
    for amount in (opening, earned, clawed_back, paid, closing):
        if amount != "0.00":
            expect(page.locator("main .figures").first).to_contain_text(shown(amount))
    go(page, "main form.form button[type=submit]")
    agency.look(f"quarter-statement-{month:%m}")
    statement.refresh_from_db()
    assert statement.state == "confirmed"
    return page


def the_other_agency_contests_a_line(story: Story) -> None:
    statement = story.quarter.statement("River", JUNE)
    agency = story.enter(story.quarter.manager_of["River"])
    page = agency.open(f"/portal/money/months/{statement.pk}/")
    go(page, f"main tr:has-text('{story.quarter.deals['D9'].number}') a[href$='/contest/']")
    page.fill("#id_text", "该单佣金应按 2.5% 计算，见微信记录。")
    go(page, "main form.form button[type=submit]")
    expect(page.locator("main")).to_contain_text("2.5%")
    agency.look("quarter-contested")
    assert Objection.objects.get().line.deal == story.quarter.deals["D9"]


def finance_answers(story: Story) -> None:
    story.later()
    statement = story.quarter.statement("River", JUNE)
    page = story.finance.open(f"/finance/months/statements/{statement.pk}/")
    go(page, f"a[href='/finance/months/statements/{statement.pk}/lines/{Objection.objects.get().line_id}/']")
    page.check("input[value=upheld]")
    page.fill("#id_answer", "按已批准的佣金方案，为 2%。")
    go(page, "main form.form button[type=submit]")
    story.finance.look("quarter-answered")
    statement.refresh_from_db()
    assert statement.state == "answered"


def finance_drafts(story: Story, figures: tuple[str, str, str]) -> PayoutBatch:
    story.later()
    page = story.finance.open("/finance/batches/new/")
    go(page, "main form[method=get] button[type=submit]")
    expect(page.locator("main .figures")).to_contain_text(shown(figures[0]))
    go(page, "main form[method=post] button[type=submit]")
    expect(page.locator("h1")).to_contain_text("P-")
    return story.quarter.batches()[-1]


def the_approver_approves(story: Story, batch: PayoutBatch, figures: tuple[str, str, str]) -> None:
    story.later()
    page = story.enter(story.quarter.approver).open(f"/finance/batches/{batch.pk}/")
    for amount in figures:
        expect(page.locator("main .figures")).to_contain_text(shown(amount))
    go(page, f"a[href='/finance/batches/{batch.pk}/approve/']")
    go(page, "main form button[type=submit]")
    batch.refresh_from_db()
    assert (batch.state, batch.approved_by) == ("approved", story.quarter.approver)


def the_bank_pays(story: Story, batch: PayoutBatch, figures: tuple[str, str, str], *, refused: str = "") -> None:
    """Finance sends the bank its file, and takes over what the bank says became of it."""
    story.later()
    page = story.finance.open(f"/finance/batches/{batch.pk}/")
    page.locator("details.menu:has(form[action$='/export/bank/'])").evaluate("menu => menu.open = true")
    with page.expect_download() as download:
        page.click("form[action$='/export/bank/'] button")
    assert download.value.suggested_filename == f"{batch.number}-bank.csv"
    assert f"{batch.bank_files.get().total:.2f}" == figures[2]

    page = story.finance.open(f"/finance/batches/{batch.pk}/results/")
    said = story.quarter.bank_says(batch, refused=refused)
    page.set_input_files("#id_file", {"name": "results.csv", "mimeType": "text/csv", "buffer": said})
    go(page, "main form.form button[type=submit]")
    story.finance.look(f"quarter-results-{len(story.quarter.batches())}")
    go(page, "main form.form button[type=submit]")
    batch.refresh_from_db()
    assert batch.state == "paid"
    with clock.at(story.quarter.now):
        seal_ledger()


def the_auditor_finds_no_difference(story: Story) -> None:
    story.goes_to("07-06 02:00")
    with clock.at(story.quarter.now):
        assert check_ledger().differences == []
    auditor = story.enter(story.quarter.auditor)
    page = auditor.open("/finance/proof/")
    expect(page.locator("main .notice.tone-good")).to_be_visible()
    auditor.look("quarter-proof")
    page = auditor.open("/finance/")
    for name, (earned, *_rest) in BALANCES.items():
        expect(page.locator("main tr", has_text=name).first).to_contain_text(shown(earned))
    auditor.look("quarter-balances")


def every_total_is_the_same_on_screen_in_files_and_in_the_ledger(story: Story, folder: Path) -> None:
    books = Books(story.quarter, story.enter(story.quarter.auditor), folder)
    expected = (FIRST, SECOND, REISSUED, THIRD, ANSWERED)
    for batch, figures in zip(story.quarter.batches(), expected, strict=True):
        books.of_a_batch(batch, figures, paid=SECOND_PAID if figures == SECOND else figures)
    books.of_all_payouts(ALL_PAID)
    for month, figures in BRIGHTS_MONTHS.items():
        books.of_a_month(story.quarter.statement("Bright", month), figures)
    last = story.quarter.batches()[3]
    agency, wu = story.quarter.manager_of["Bright"], story.quarter.brokers["Wu"].user
    own = story.quarter.line_of(last, "Bright")
    of_a_line(story.enter(agency), own, ("18476.00", "0.00", "18476.00"), why="6.2")
    of_a_line(story.enter(wu), story.quarter.line_of(last, "Wu"), ("3000.00", "440.00", "2560.00"))
    books.of_everybody(BALANCES)
