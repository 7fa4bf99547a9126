"""A real Chromium against a real server: two screens, two languages, and what the console complained of."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from channels_platform.accounts.models import User
from tests.browser_setup import installed_browser
from tests.processes import until

# Playwright's loop runs in the test's own thread, where Django then suspects asynchronous code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

SCREENS = {"phone": {"width": 360, "height": 740}, "desk": {"width": 1440, "height": 900}}
LOCALES = {"en": "en-GB", "zh-hans": "zh-CN"}
PASSWORD = "a-good-long-password"
EVERY_FACE = [(screen, language) for screen in SCREENS for language in LOCALES]
# Each screen and each language once, in two pairings; EVERY_FACE=1 in the environment runs all four everywhere.
_all = os.environ.get("EVERY_FACE") == "1"
FACES = EVERY_FACE if _all else [("phone", "zh-hans"), ("desk", "en")]
CROSSED_FACES = EVERY_FACE if _all else [("phone", "en"), ("desk", "zh-hans")]


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The machine's Chromium, else Playwright's own."""
    options: dict[str, Any] = {"args": ["--font-render-hinting=none", "--disable-gpu"]}
    if installed := installed_browser():
        options["executable_path"] = installed
    if os.geteuid() == 0:
        options["args"].append("--no-sandbox")
    browser = playwright.chromium.launch(**options)
    yield browser
    browser.close()


@dataclass
class Visitor:
    """One person's browser at the live server."""

    page: Page
    base: str
    screen: str
    language: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        self.page.goto(self.base + path)
        return self.page

    def sign_in(self, username: str) -> Page:
        """Come with a session, and see the first page."""
        client = Client()
        client.force_login(User.objects.get(username=username))
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": self.base}])
        return self.open("/")

    def sign_in_by_form(self, username: str, password: str = PASSWORD) -> Page:
        self.open("/accounts/login/")
        self.page.fill("#id_login", username)
        self.page.fill("#id_password", password)
        self.page.click("main button[type=submit].btn-primary")
        self.page.wait_for_load_state()
        return self.page

    def look(self, name: str) -> None:
        """Keep a picture where SCREENSHOTS names a folder, and check what every page must hold."""
        page = self.page
        page.wait_for_load_state()
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{name}: {overflow} px wider than the {self.screen} screen"
        assert self.complaints == [], f"{name}: {self.complaints}"
        if folder := os.environ.get("SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                page.screenshot(path=f"{folder}/{name}-{self.screen}-{self.language}-{scheme}.png", full_page=True)


class Underway:
    """The requests that the live server has begun and not ended: the database is not emptied under them."""

    def __init__(self) -> None:
        self.count, self.lock = 0, threading.Lock()

    def begun(self, **_: Any) -> None:
        with self.lock:
            self.count += 1

    def ended(self, **_: Any) -> None:
        with self.lock:
            self.count -= 1

    def wait(self) -> None:
        """Return when nothing has been under way for a moment: what a closed browser had sent is read late."""
        for _ in range(2):
            until(lambda: self.count == 0, what="the live server's last answer")
            time.sleep(0.02)


@pytest.fixture(scope="session")
def underway(live_server: Any) -> Iterator[Underway]:
    watch = Underway()
    request_started.connect(watch.begun)
    request_finished.connect(watch.ended)
    yield watch
    request_started.disconnect(watch.begun)
    request_finished.disconnect(watch.ended)


@pytest.fixture
def visitor(chromium: Browser, live_server: Any, underway: Underway) -> Iterator[Callable[..., Visitor]]:
    """Make a fresh browser: visitor(screen="phone", language="en", scripts=True)."""
    contexts: list[BrowserContext] = []

    def make(screen: str = "phone", language: str = "en", *, scripts: bool = True) -> Visitor:
        context = chromium.new_context(
            viewport=SCREENS[screen],
            locale=LOCALES[language],
            timezone_id="Asia/Shanghai",
            has_touch=screen == "phone",
            reduced_motion="reduce",
            java_script_enabled=scripts,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        made = Visitor(context.new_page(), live_server.url, screen, language)
        made.page.on("pageerror", lambda error: made.complaints.append(f"error: {error}"))
        made.page.on(
            "console",
            lambda line: made.complaints.append(line.text) if "Content Security Policy" in line.text else None,
        )
        return made

    yield make
    for context in contexts:
        context.close()
    underway.wait()


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """Forget the sign-ins of the tests before, which come from one address, and the overview of a minute ago."""
    client = cache._cache.get_client()
    for remembered in ("allauth:rl:", "overview:"):
        for key in client.scan_iter(match=f"{settings.REDIS_PREFIX}:*{remembered}*", count=1000):
            client.delete(key)


@pytest.fixture
def person(transactional_db: None) -> Callable[..., User]:
    """Make someone who can sign in with PASSWORD."""

    def make(username: str, role: str, **more: Any) -> User:
        return User.objects.create_user(username, password=PASSWORD, role=role, **more)

    return make


expect.set_options(timeout=15_000)
