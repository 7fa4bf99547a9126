"""What a portal page costs a phone: bytes on the first visit and the next, whether anything jumps, when it is usable.

As in production: static files collected, named by their content and compressed, gunicorn, and what a proxy would do of
https in `benchmarks.secure_wsgi`. Bytes are counted between server and browser, heads and the app's worker included.

The desk's board of a day with 500 arrivals is asked for beside, as a browser asks: what comes is compressed.

`python -m benchmarks.pages` prints the keys of two sessions and a client's id: settings hold one database.
"""

import gzip
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.databases import ROOT, environment
from benchmarks.load import Meter, metered, server
from benchmarks.measures import Results, Target

KB = 1024
PERSON, DESK = "bench-0-0", "bench-desk"
BOARD = ("/desk/?project=BENCH", "/desk/board/?project=BENCH")
PAGES = (
    "/portal/", "/portal/clients/", "/portal/clients/new/", "/portal/clients/kept/", "/portal/clients/sheets/new/",
    "/portal/ranking/", "/portal/money/", "/portal/money/statements/", "/portal/clients/{client}/",
    "/portal/clients/{client}/slip/",
)  # fmt: skip
LANGUAGES = {"en": "en-GB", "zh-hans": "zh-CN"}
# 400 ms there and back, 400 kbit/s.
SLOW = {"offline": False, "latency": 400, "downloadThroughput": 400_000 / 8, "uploadThroughput": 400_000 / 8}
_WATCH = """
    window.shifted = 0;
    new PerformanceObserver(list => {
        for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifted += one.value;
    }).observe({type: 'layout-shift', buffered: true});
"""
# Painted, and every script has run.
_USABLE = """() => Math.max(
    performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd,
    ...performance.getEntriesByName('first-contentful-paint').map(paint => paint.startTime))"""

_WORKER_READY = (
    "navigator.serviceWorker.getRegistration().then(one => one && navigator.serviceWorker.ready.then(() => 1))"
)


@dataclass
class _Worst:
    """The page that is worst at something, so far."""

    value: float = 0
    page: str = ""

    def see(self, value: float, page: str) -> None:
        if value >= self.value:
            self.value, self.page = value, page


def measure(results: Results, url: str) -> None:
    """Open every page on a phone, in both languages, and once more as over slow 3G."""
    from playwright.sync_api import sync_playwright

    worst = {name: _Worst() for name in ("first", "after", "shifted", "usable", "usable_after")}
    with _as_in_production(url) as (port, meter, (session, desk, client)), sync_playwright() as playwright:
        boards = [_sent(port, path, desk) for path in BOARD]
        browser = playwright.chromium.launch(**_options())
        for language in LANGUAGES:
            for page in PAGES:
                visits = _visits(browser, port, meter, session, page.format(client=client), language)
                for name, value in visits.items():
                    worst[name].see(value, f"{page} {language}")
        browser.close()
    for name, one in worst.items():
        print(f"     {name:<12} {one.value:>10.2f}  {one.page}")
    results.add("desk: KB of the board with 500 arrivals, as sent", max(boards) / KB, Target(at_most=60))
    results.add("portal: KB of the heaviest page on the first visit", worst["first"].value / KB, Target(at_most=120))
    results.add("portal: KB of the heaviest page after", worst["after"].value / KB, Target(at_most=30))
    results.add("portal: the most that a page shifts while it loads", worst["shifted"].value, Target(at_most=0.01))
    results.add("portal: s over slow 3G until a first visit is usable", worst["usable"].value, Target(at_most=10))
    results.add("portal: s over slow 3G until the next is", worst["usable_after"].value, Target(at_most=5))


def _sent(port: int, path: str, session: str) -> int:
    """Return how many bytes of a page come."""
    headers = {"Cookie": f"sessionid={session}", "Accept-Encoding": "gzip"}
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)) as answer:
        sent = answer.read()
    whole = gzip.decompress(sent)
    print(
        f"     {path}: {len(sent) / KB:.1f} KB sent of {len(whole) / KB:.0f} KB, {whole.count('欧阳'.encode())} arrivals"
    )
    return len(sent)


def _visits(browser: Any, port: int, meter: Meter, session: str, path: str, language: str) -> dict[str, float]:
    address = f"http://127.0.0.1:{port}{path}"
    found: dict[str, float] = {}
    with _phone(browser, port, session, language) as page:
        shifted = []
        for name in ("first", "after"):
            meter.reset()
            answer = page.goto(address, wait_until="networkidle")
            if answer.status != 200 or not page.url.endswith(path):
                raise RuntimeError(f"{answer.status}: {page.url}")
            page.evaluate(_WORKER_READY)
            page.wait_for_load_state("networkidle")
            found[name] = meter.bytes
            shifted.append(page.evaluate("window.shifted"))
            page.goto("about:blank")
        found["shifted"] = max(shifted)
    with _phone(browser, port, session, language) as page:
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.send("Network.emulateNetworkConditions", SLOW)
        for name in ("usable", "usable_after"):
            page.goto(address, wait_until="load", timeout=60_000)
            found[name] = page.evaluate(_USABLE) / 1000
            page.wait_for_load_state("networkidle")
            page.goto("about:blank")
    return found


@contextmanager
def _phone(browser: Any, port: int, session: str, language: str) -> Iterator[Any]:
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, locale=LANGUAGES[language], timezone_id="Asia/Shanghai", has_touch=True
    )
    context.add_cookies([{"name": "sessionid", "value": session, "url": f"http://127.0.0.1:{port}"}])
    page = context.new_page()
    page.add_init_script(_WATCH)
    yield page
    context.close()


def _options() -> dict[str, Any]:
    from tests.browser_setup import installed_browser

    options: dict[str, Any] = {"args": ["--disable-gpu"] + ["--no-sandbox"] * (os.geteuid() == 0)}
    if installed := installed_browser():
        options["executable_path"] = installed
    return options


@contextmanager
def _as_in_production(url: str) -> Iterator[tuple[int, Meter, list[str]]]:
    """Yield (port, meter of what the server sends, keys of a broker's session and reception's and a client's id)."""
    collected = Path(ROOT, "staticfiles")
    ours = not collected.exists()
    with TemporaryDirectory() as media:
        env = environment(url, **_settings(), MEDIA_ROOT=media)
        try:
            subprocess.run(
                [sys.executable, "manage.py", "collectstatic", "--noinput", "-v", "0"], cwd=ROOT, env=env, check=True
            )
            ran = subprocess.run(
                [sys.executable, "-m", "benchmarks.pages"],
                cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            with server("benchmarks.secure_wsgi:application", env) as behind, metered(behind) as (port, meter):
                yield port, meter, ran.stdout.splitlines()[-1].split()
        finally:
            if ours:
                shutil.rmtree(collected, ignore_errors=True)


def _settings() -> dict[str, str]:
    """What production asks for, with the keys of this machine: the database was filled under them."""
    import django

    django.setup()
    from django.conf import settings

    return {
        "CHANNELS_ENV": "production",
        "SECRET_KEY": settings.SECRET_KEY,
        "PII_ENCRYPTION_KEYS": ",".join(settings.PII_ENCRYPTION_KEYS),
        "PHONE_INDEX_KEYS": ",".join(settings.PHONE_INDEX_KEYS),
        "EVIDENCE_KEY": settings.EVIDENCE_KEY,
        "REDIS_URL": settings.REDIS_URL,
        "REDIS_PREFIX": "bench",
        "ALLOWED_HOSTS": "127.0.0.1",
    }


def _main() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client

    from channels_platform.accounts.models import User
    from leads.models import Referral

    for username in (PERSON, DESK):
        browser = Client()
        browser.force_login(User.objects.get(username=username))
        print(browser.cookies[settings.SESSION_COOKIE_NAME].value, end=" ")
    print(Referral.objects.filter(broker__user__username=PERSON, state="visited").order_by("-filed_at")[0].pk)


if __name__ == "__main__":
    _main()
