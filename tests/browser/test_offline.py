"""Filing where there is no network: the server is stopped for real, killed after the commit, or the phone cut off."""

import http.client
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from leads.models import FilingKey, Referral
from tests.browser.conftest import FACES, LOCALES, SCREENS, Visitor
from tests.pages.world import CLIENT_PHONE, World, make_world
from tests.processes import free_port, start, stop, until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FORM, KEPT = "/portal/clients/new/", "/portal/clients/kept/"
SUBMIT = "form[data-file-form] button[type=submit]"
WORDS = {
    "en": {"waiting": "Waiting on this phone", "filed": "Filed", "sign_in": "Sign in to send", "look": "Needs a look"},
    "zh-hans": {"waiting": "待本机发送", "filed": "报备成功", "sign_in": "登录后发送", "look": "需要处理"},
}


@dataclass
class Site:
    """The product on a port of its own, to be stopped and started again."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: Popen[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def doomed(self) -> Path:
        """While it exists, the next filing is done and its answer never sent."""
        return self.folder / "doomed"

    def up(self) -> None:
        self.process = start(
            "-m", "gunicorn", "tests.browser.cut_off", "--worker-class", "gthread", "--threads", "8",
            "--bind", f"127.0.0.1:{self.port}", "--log-level", "error",
            output=self.folder / "log", CUT_OFF=str(self.doomed),
        )  # fmt: skip
        until(self.answers, what="the server")

    def down(self) -> None:
        if self.process is not None:
            stop(self.process)
        until(lambda: not self.answers(), what="the end of the server")

    def answers(self) -> bool:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            line.request("GET", "/healthz")
            return line.getresponse().status == 200
        except OSError:
            return False
        finally:
            line.close()


@pytest.fixture
def site(transactional_db: None, tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    made.up()
    yield made
    made.down()


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


@pytest.fixture
def phone(chromium: Any, site: Site) -> Iterator[Any]:
    """Make a phone with a store of its own: phone(language)."""
    contexts: list[BrowserContext] = []

    def make(language: str = "en", screen: str = "phone") -> Visitor:
        context = chromium.new_context(
            viewport=SCREENS[screen], locale=LOCALES[language], timezone_id="Asia/Shanghai", reduced_motion="reduce"
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        made = Visitor(context.new_page(), site.base, screen, language)
        made.page.on("pageerror", lambda error: made.complaints.append(f"error: {error}"))
        return made

    yield make
    for context in contexts:
        context.close()


def ready(at: Visitor, username: str = "owner") -> Page:
    """Sign in and wait until the phone has all it needs without a network."""
    page = at.sign_in(username)
    at.open(FORM)
    page.evaluate("navigator.serviceWorker.ready")
    at.open(FORM)  # a page that was loading while the worker woke is not under it
    assert page.evaluate("navigator.serviceWorker.controller !== null")
    until(lambda: page.evaluate("Kept.recall('projects:' + document.body.dataset.person)"), what="the projects kept")
    return page


def fill(page: Page, name: str = "张伟", number: str = CLIENT_PHONE) -> None:
    page.fill("[name=client_name]", name)
    page.fill("#id_phones_0", number)


def file_offline(page: Page, number: str = CLIENT_PHONE) -> None:
    """Cut the phone off, file, and wait for the list of what it keeps."""
    page.context.set_offline(True)
    fill(page, number=number)
    page.click(SUBMIT)
    page.wait_for_url(f"**{KEPT}")


def kept(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("Kept.all()")
    return found


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_filed_with_the_server_down_it_is_sent_once_when_it_is_back(world, site, phone, screen, language):
    at = phone(language, screen)
    page = ready(at)
    site.down()
    fill(page)
    page.dblclick(SUBMIT)
    page.wait_for_url(f"**{KEPT}")
    row = page.locator(".kept-item")
    expect(row).to_have_count(1)
    expect(row).to_contain_text(WORDS[language]["waiting"])
    expect(row).to_contain_text("138****5678")
    assert CLIENT_PHONE not in page.content()
    at.look("kept-waiting-offline")
    page.reload()
    expect(row).to_have_count(1)
    assert not Referral.objects.exists()

    # the app is opened anew while the server is still down
    page.goto(f"{site.base}/portal/")
    expect(page.locator(".kept-item")).to_have_count(1)
    at.look("offline-home")
    site.up()
    page.goto(site.base + KEPT)
    expect(row).to_contain_text(WORDS[language]["filed"])
    at.look("kept-answered")
    assert Referral.objects.count() == FilingKey.objects.count() == 1
    assert [(one["state"], one["fields"]) for one in kept(page)] == [("done", None)]
    page.reload()
    expect(row).to_have_count(1)
    page.wait_for_timeout(500)
    assert Referral.objects.count() == 1


def test_filed_on_the_offline_form_by_a_phone_started_without_network(world, site, phone):
    at = phone("zh-hans")
    page = ready(at)
    site.down()
    page.goto(site.base + FORM)
    expect(page.locator("h1")).to_contain_text("没有网络")
    page.click(SUBMIT)
    assert kept(page) == []
    fill(page)
    at.look("offline-form")
    page.click(SUBMIT)
    page.wait_for_url(f"**{KEPT}")
    expect(page.locator(".kept-item")).to_contain_text("待本机发送")
    assert page.evaluate("document.body.dataset.person") == ""
    site.up()
    page.goto(site.base + "/portal/")
    until(Referral.objects.exists, what="the filing")
    assert Referral.objects.get().broker == world.owner


@pytest.mark.parametrize("later", ["at once", "when the stored answer is forgotten"])
def test_the_answer_lost_after_the_commit_files_once(world, site, phone, later):
    from channels_platform.http.models import StoredAnswer

    at = phone()
    page = ready(at)
    site.doomed.touch()
    fill(page)
    page.click(SUBMIT, no_wait_after=True)
    page.wait_for_url(f"**{KEPT}")
    expect(page.locator(".kept-item")).to_contain_text("Waiting on this phone")
    assert Referral.objects.count() == 1
    if later != "at once":
        StoredAnswer.objects.all().delete()
    site.down()
    site.up()
    page.goto(site.base + KEPT)
    expect(page.locator(".kept-item")).to_contain_text("Bring the client")
    assert Referral.objects.count() == 1
    assert kept(page)[0]["outcome"]["changed"] is False


def test_cut_off_by_the_network_it_is_sent_by_itself_when_it_is_back(world, site, phone):
    at = phone()
    page = ready(at)
    file_offline(page)
    expect(page.locator(".kept-item")).to_contain_text("Waiting on this phone")
    assert not Referral.objects.exists()
    at.page.context.set_offline(False)
    expect(page.locator(".kept-item")).to_contain_text("Filed", timeout=20_000)
    assert Referral.objects.count() == 1


def test_a_session_that_ended_loses_nothing(world, site, phone):
    from django.contrib.sessions.models import Session
    from django.core.cache import cache

    at = phone()
    page = ready(at)
    file_offline(page)
    Session.objects.all().delete()
    cache.clear()
    at.page.context.set_offline(False)
    expect(page.locator(".kept-item")).to_contain_text("Sign in to send", timeout=20_000)
    at.look("kept-sign-in")
    assert not Referral.objects.exists()
    page.goto(site.base + "/portal/")
    expect(page.locator(".kept-chip")).to_contain_text("1 filing waits on this phone")
    at.sign_in("owner")
    until(Referral.objects.exists, what="the filing")
    assert Referral.objects.get().broker == world.owner


def test_another_account_on_the_phone_does_not_send_it_as_its_own(world, site, phone):
    at = phone()
    page = ready(at)
    file_offline(page)
    at.page.context.clear_cookies()
    at.page.context.set_offline(False)
    at.sign_in("outsider")
    at.open(KEPT)
    expect(page.locator("[data-kept-others]")).to_be_visible()
    expect(page.locator(".kept-item")).to_have_count(0)
    assert "138****5678" not in page.content()
    page.wait_for_timeout(1_000)
    assert not Referral.objects.exists()
    at.page.context.clear_cookies()
    at.sign_in("owner")
    until(Referral.objects.exists, what="the filing")
    assert Referral.objects.get().broker == world.owner


def test_what_the_rules_of_the_form_refuse_needs_a_look_and_is_sent_once_changed(world, site, phone):
    at = phone()
    page = ready(at)
    file_offline(page, number="12345")
    at.page.context.set_offline(False)
    row = page.locator(".kept-item")
    expect(row).to_contain_text("Needs a look", timeout=20_000)
    expect(row).to_contain_text("not a phone number that exists")
    assert not Referral.objects.exists()
    at.open(KEPT)
    at.look("kept-needs-a-look")
    row.locator("[data-edit]").click()
    expect(page.locator("#id_phones_0")).to_have_value("12345")
    page.fill("#id_phones_0", CLIENT_PHONE)
    page.click(SUBMIT)
    expect(page.locator(".outcome.tone-good")).to_be_visible()
    assert Referral.objects.count() == 1
    assert kept(page) == []


def test_discarding_asks_first_and_sends_nothing(world, site, phone):
    at = phone()
    page = ready(at)
    file_offline(page)
    page.click("[data-discard]")
    at.look("kept-discard")
    page.click("#kept-discard .btn-quiet")
    expect(page.locator(".kept-item")).to_have_count(1)
    page.click("[data-discard]")
    page.click("#kept-discard .btn-danger")
    expect(page.locator(".kept-item")).to_have_count(0)
    at.page.context.set_offline(False)
    at.open(KEPT)
    page.wait_for_timeout(500)
    assert not Referral.objects.exists()


def test_signing_out_says_what_would_be_lost_and_then_clears_the_phone(world, site, phone):
    at = phone()
    page = ready(at)
    page.evaluate(
        "person => Kept.put({key: '0'.repeat(32), person: document.body.dataset.person, at: Date.now(), state: 'look',"
        " why: 'entries', fields: [], settled: Date.now(), shown: {client: '张**', phone: '138****5678', project: ''}})"
    )
    at.open("/portal/")
    page.click(".menu summary")
    page.click(".menu form[action='/accounts/logout/'] button")
    page.wait_for_url("**/accounts/logout/")
    expect(page.locator("[data-kept-leaving]")).to_contain_text("1 filing waits on this phone")
    at.look("kept-sign-out")
    page.click("main form button")
    page.wait_for_url("**/accounts/login/**")
    until(lambda: page.evaluate("Kept.all().then(found => found.length === 0)"), what="nothing kept")
    until(lambda: page.evaluate("caches.keys().then(names => names.length === 0)"), what="no shell kept")
    assert page.evaluate("Kept.recall('person')") is None


def test_the_worker_sends_it_with_no_page_open(world, site, phone):
    at = phone()
    page = ready(at)
    context = page.context
    file_offline(page)
    session = context.new_cdp_session(page)
    found: list[str] = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda told: found.extend(
        one["registrationId"] for one in told["registrations"] if not one["isDeleted"]
    ))  # fmt: skip
    session.send("ServiceWorker.enable")
    page.wait_for_timeout(500)
    # the page no longer listens, the worker still does
    page.evaluate("() => { Kept.send = () => new Promise(() => {}) }")
    context.set_offline(False)
    session.send(
        "ServiceWorker.dispatchSyncEvent",
        {"origin": site.base, "registrationId": found[0], "tag": "kept", "lastChance": False},
    )
    page.close()
    until(Referral.objects.exists, what="the filing")
    assert Referral.objects.count() == 1


def test_the_worker_keeps_the_shell_and_nobodys_pages(world, site, phone):
    at = phone()
    at.open("/accounts/login/")
    at.page.evaluate("caches.open('shell-of-last-year')")
    page = ready(at)
    until(lambda: page.evaluate("caches.keys().then(names => names.length === 1)"), what="the old shell gone")
    fill(page)
    page.click(SUBMIT)
    expect(page.locator(".outcome")).to_be_visible()
    for path in ("/portal/", "/portal/clients/", KEPT):
        at.open(path)
    stored = page.evaluate(
        "caches.keys().then(names => Promise.all(names.map(name => caches.open(name).then(cache => cache.keys()"
        ".then(asked => asked.map(one => new URL(one.url).pathname)))))).then(lists => lists.flat())"
    )
    assert {path for path in stored if not path.startswith("/static/")} == {"/offline/en/", "/offline/zh-hans/"}
    offline = page.evaluate("fetch('/offline/en/').then(answer => answer.text())")
    assert "csrf" not in offline.lower()
    assert "Lin" not in offline
    assert world.project.name not in offline


def test_what_was_answered_leaves_the_phone_after_a_week(world, site, phone):
    at = phone()
    page = ready(at)
    page.evaluate(
        "() => Promise.all([6, 8].map(days => Kept.put({key: days + '0'.repeat(31),"
        " person: document.body.dataset.person,"
        " at: Date.now(), state: 'done', why: '', fields: null, settled: Date.now() - days * 24 * 3600 * 1000,"
        " outcome: {tone: 'good', text: '', page: '/portal/'}, shown: {client: '', phone: '', project: ''}})))"
    )
    at.open(KEPT)
    expect(page.locator(".kept-item")).to_have_count(1)
    assert [one["key"][0] for one in kept(page)] == ["6"]


def test_the_app_can_be_installed(world, site, phone):
    at = phone("zh-hans")
    page = ready(at)
    manifest = page.evaluate(
        "fetch(document.querySelector('link[rel=manifest]').href, {credentials: 'include'})"
        ".then(answer => answer.json())"
    )
    assert (manifest["name"], manifest["lang"], manifest["display"]) == ("渠道通", "zh-hans", "standalone")
    purposes = {(icon["sizes"], icon["purpose"]) for icon in manifest["icons"]}
    assert purposes == {(size, purpose) for size in ("192x192", "512x512") for purpose in ("any", "maskable")}
    for icon in manifest["icons"]:
        assert page.evaluate("src => fetch(src).then(answer => answer.status)", icon["src"]) == 200
    session = page.context.new_cdp_session(page)
    errors = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [error["errorId"] for error in errors if error["errorId"] != "in-incognito"] == []
