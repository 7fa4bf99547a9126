"""The scan page reads a real slip through a real camera stream: Chromium's own fake camera plays its pictures."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import segno
from PIL import Image, ImageFilter
from playwright.sync_api import Playwright, expect

from leads.models import Visit
from leads.slips import slip_url
from tests.browser.conftest import Visitor
from tests.browser_setup import browser_with_camera
from tests.pages.world import make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTH, HEIGHT = 640, 480


def film(path: Path, text: str) -> Path:
    """Write what a camera sees: nothing at first, then a slip on a table, turned, small and not quite sharp."""
    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(picture, kind="png", scale=8, border=4)
    code = Image.open(picture).convert("RGB").resize((250, 250), Image.Resampling.BILINEAR)
    table = Image.new("RGB", (WIDTH, HEIGHT), (96, 84, 70))
    slip = table.copy()
    slip.paste(code.rotate(8, expand=True, fillcolor=(96, 84, 70)), (170, 110))
    slip = slip.filter(ImageFilter.GaussianBlur(0.8))
    with path.open("wb") as out:
        for frame in [table] * 10 + [slip] * 50:
            frame.save(out, "JPEG", quality=80)
    return path


@pytest.fixture
def watched(playwright: Playwright, live_server: Any, tmp_path: Path) -> Iterator[Any]:
    """Open a phone whose camera sees `text`; None: a phone that has no camera."""
    opened = []

    def make(text: str | None, language: str = "en", allowed: bool = True) -> Visitor:
        args = ["--font-render-hinting=none"]
        if text is not None:
            shown = film(tmp_path / "camera.mjpeg", text)
            args += ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={shown}"]
        if os.geteuid() == 0:
            args.append("--no-sandbox")
        options: dict[str, Any] = {"args": args}
        if installed := browser_with_camera():
            options["executable_path"] = installed
        browser = playwright.chromium.launch(**options)
        opened.append(browser)
        locale = "zh-CN" if language == "zh-hans" else "en-GB"
        context = browser.new_context(viewport={"width": 360, "height": 740}, locale=locale, has_touch=True)
        context.set_default_timeout(15_000)
        if allowed:
            context.grant_permissions(["camera"], origin=live_server.url)
        made = Visitor(context.new_page(), live_server.url, "phone", language)
        made.page.on("pageerror", lambda error: made.complaints.append(f"error: {error}"))
        made.page.on(
            "console",
            lambda line: made.complaints.append(line.text) if "Policy" in line.text else None,
        )
        return made

    yield make
    for browser in opened:
        browser.close()


def test_three_taps_from_the_scanned_slip_to_the_printed_one(watched, transactional_db):
    world = make_world()
    referral = world.file()
    at = watched(slip_url(referral))
    page = at.sign_in("reception")
    page.click("text=Scan a slip")
    page.wait_for_url(f"{at.base}/desk/referrals/{referral.pk}/")
    at.look("scan-found")

    taps = 0
    for tap in (f"a[href='/desk/referrals/{referral.pk}/confirm/']", "main form button[type=submit]"):
        page.click(tap)
        taps += 1
    expect(page.locator(".outcome.tone-good")).to_be_visible()
    with page.expect_popup() as printed:
        page.click("text=Print slip")
        taps += 1
    printed.value.close()
    assert page.request.get(f"{at.base}/desk/referrals/{referral.pk}/slip.pdf").body().startswith(b"%PDF")
    assert taps == 3
    assert Visit.objects.filter(confirmed=True, referral=referral).count() == 1


def test_a_code_that_is_no_slip_opens_nothing_and_says_so(watched, transactional_db):
    make_world()
    at = watched("https://elsewhere.example/desk/quick/", "zh-hans")
    page = at.sign_in("reception")
    at.open("/desk/scan/")
    expect(page.locator("[data-scan-state][data-tone=bad]")).to_be_visible()
    at.look("scan-foreign")
    assert page.url == f"{at.base}/desk/scan/"


def test_without_a_camera_a_photo_of_the_code_or_the_search_does(watched, transactional_db, tmp_path):
    world = make_world()
    referral = world.file()
    at = watched(None)
    page = at.sign_in("reception")
    at.open("/desk/scan/")
    expect(page.locator("[data-scan-state][data-tone=wait]")).to_be_visible()
    at.look("scan-no-camera")
    segno.make(slip_url(referral), error="m", micro=False).save(str(tmp_path / "slip.png"), scale=6, border=4)
    page.set_input_files("[data-scan] input[type=file]", str(tmp_path / "slip.png"))
    page.wait_for_url(f"{at.base}/desk/referrals/{referral.pk}/")
    at.open("/desk/scan/")
    page.fill("#q", "5678")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{at.base}/desk/referrals/{referral.pk}/")


def test_a_camera_that_is_not_allowed_says_what_to_do(watched, transactional_db):
    referral = make_world().file()
    at = watched(slip_url(referral), allowed=False)
    page = at.sign_in("reception")
    at.open("/desk/scan/")
    expect(page.locator("[data-scan-state][data-tone=wait]")).to_contain_text("search below")
    expect(page.locator("[data-scan-again]")).to_be_visible()
