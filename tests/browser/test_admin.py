"""The admin as staff meet it: the overview's charts, a client found by phone, a plan tried before it is drafted."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from brokers.services.agencies import create_agency, create_broker
from brokers.services.agreements import approve_agreement, draft_agreement
from channels_platform.lib import clock
from leads.models import Referral
from leads.services.filing import file_referral
from projects.models import PayingCompany
from projects.services.projects import create_project
from tests.browser.conftest import FACES, Visitor

pytestmark = pytest.mark.browser
PHONE = "13800000001"


@pytest.fixture
def referral(person: Callable[..., Any]) -> Referral:
    manager = person("manager", "marketing_manager", all_projects=True)
    author = person("author", "marketing", all_projects=True)
    company = PayingCompany.objects.create(code="LAKE", name="Lake Co.")
    project = create_project(actor=manager, code="LAKE", name="Golden Lake", company=company, status="open")
    agency = create_agency(actor=manager, code="A1", name="Bright Homes", kind="referral")
    day = (clock.now() - timedelta(days=30)).date()
    paper = draft_agreement(actor=author, agency=agency, project=project, from_on=day)
    approve_agreement(actor=manager, agreement=paper)
    draft_agreement(actor=author, agency=agency, project=project, from_on=day)
    broker = create_broker(actor=manager, agency=agency, username="lin", name="Lin", password="unused-in-tests")
    return file_referral(actor=broker.user, broker=broker, project=project, client_name="张三", phones=[PHONE])


def words_over_others(page: Page, charts: str) -> list[str]:
    """Return which words of a drawing lie over others."""
    found: list[str] = page.eval_on_selector_all(
        charts,
        """boxes => boxes.flatMap(box => {
            const words = [...box.querySelectorAll("svg text")].filter(one => one.textContent.trim())
                .map(one => [one.textContent, one.getBoundingClientRect()]);
            const over = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
                && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
            return words.flatMap(([text, a], at) => words.slice(at + 1)
                .filter(([, b]) => over(a, b)).map(([other]) => `${text} / ${other}`));
        })""",
    )
    return found


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_manager_looks_finds_and_plans(visitor: Any, referral: Referral, screen: str, language: str) -> None:
    manager: Visitor = visitor(screen, language)
    page = manager.sign_in("manager")
    for chart in ("weeks", "agencies", "projects"):
        expect(page.locator(f"[data-chart={chart}] svg")).to_be_visible()
    expect(page.locator(".cp-needs a")).to_have_count(1)
    manager.look("admin-overview")

    manager.open("/admin/leads/referral/")
    page.fill("#searchbar", PHONE)
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/leads/referral/?phone=*")
    expect(page.locator("#result_list")).to_contain_text(referral.number)
    manager.look("admin-referrals")
    page.get_by_role("link", name=referral.number).click()
    expect(page.locator(".cp-timeline li")).to_have_count(1)
    manager.look("admin-referral")

    manager.open(f"/admin/leads/referral/{referral.pk}/do/reveal/")
    page.fill("textarea", "Asked to be called.")
    page.click(".cp-form button[type=submit]")
    expect(page.locator(".cp-shown")).to_have_text("+86" + PHONE)
    manager.look("admin-reveal")

    manager.open("/admin/commissions/planversion/add/")
    page.select_option("#id_project", index=1)
    page.select_option("#id_agency", index=1)
    page.select_option("#id_period", "month")
    for field, value in {"tier_0_pay": "6", "tier_1_from": "20", "tier_1_pay": "6.2"}.items():
        page.fill(f"#id_{field}", value)
    page.fill("#id_preview_price", "128万")
    # the words and charts follow what is typed
    expect(page.locator("#preview")).to_contain_text("128,000.00")
    for curve in ("units", "millions"):
        expect(page.locator(f"#preview [data-curve={curve}] svg")).to_be_visible()
    assert words_over_others(page, "#preview [data-curve]") == []
    manager.look("admin-plan-typed")
    page.click("button[name=_preview]")
    expect(page.locator("#preview")).to_contain_text("79,360.00")
    page.click("button[name=_draft]")
    expect(page.locator("[data-curve=units] svg")).to_be_visible()
    manager.look("admin-plan")


def test_a_refused_act_has_the_focus_where_it_is_wrong(visitor: Any, referral: Referral) -> None:
    manager: Visitor = visitor("phone")
    page = manager.sign_in("manager")
    manager.open(f"/admin/leads/referral/{referral.pk}/do/reveal/")
    page.click(".cp-form button[type=submit]")
    expect(page.locator(".cp-errors").first).to_be_visible()
    expect(page.locator("textarea")).to_be_focused()
    page.keyboard.type("Asked to be called.")
    page.click(".cp-form button[type=submit]")
    expect(page.locator(".cp-shown")).to_be_visible()


def test_a_page_come_back_to_can_be_sent_again(visitor: Any, referral: Referral) -> None:
    page = visitor("desk").sign_in("manager")
    page.goto(page.url.partition("/admin/")[0] + f"/admin/leads/referral/{referral.pk}/do/reveal/")
    # what the browser kept of the page as it was left, and the event with which it shows it again
    page.evaluate("""() => {
        const form = document.querySelector("form[data-once]");
        form.addEventListener("submit", (event) => event.preventDefault());
        form.requestSubmit();
        window.dispatchEvent(new PageTransitionEvent("pageshow", {persisted: true}));
    }""")
    expect(page.locator(".cp-form button[type=submit]")).to_be_enabled()
    expect(page.locator(".cp-waiting")).to_have_count(0)


# What is pressed and lower than 44 px; a box is pressed by its label.
LOW = """() => Array.from(document.querySelectorAll(
    'a.cp-button, a.inline-flex, a.addlink, a.bg-white, #result_list a, '
    + 'button, input:not([type=hidden]), select, summary'
)).filter(one => {
    const pressed = one.matches('[type=radio], [type=checkbox]') ? one.closest('label') || one : one;
    const box = pressed.getBoundingClientRect();
    return box.width && box.height && getComputedStyle(one).visibility !== 'hidden' && box.height < 43.5;
}).map(one => `${one.tagName} ${one.id} ${one.className} ${(one.innerText || one.name || '').slice(0, 20)}`)"""


@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/admin/leads/referral/",
        "/admin/leads/referral/{pk}/change/",
        "/admin/leads/referral/{pk}/do/reveal/",
        "/admin/commissions/planversion/add/",
    ],
)
def test_fingers_hit_what_they_press(visitor: Any, referral: Referral, path: str) -> None:
    manager: Visitor = visitor("phone", "zh-hans")
    page = manager.sign_in("manager")
    manager.open(path.format(pk=referral.pk))
    manager.look(f"admin-fingers-{path.strip('/').replace('/', '-').partition('{')[0]}")
    assert page.evaluate(LOW) == []


def test_overview_stands_without_scripts(visitor: Any, referral: Referral) -> None:
    manager: Visitor = visitor("desk", scripts=False)
    page = manager.sign_in("manager")
    expect(page.get_by_role("heading", name="By agency")).to_be_visible()
    expect(page.get_by_role("row", name="Bright Homes 1 0 0")).to_be_visible()
    page.select_option("#filter-weeks", "4")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**weeks=4*")
    expect(page.locator("#filter-weeks")).to_have_value("4")
