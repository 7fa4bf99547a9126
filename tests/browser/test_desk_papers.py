"""At the desk, in a real browser: signing on the screen, several filings side by side, the board that keeps itself."""

import json
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from channels_platform.jobs.models import OutboxMessage
from channels_platform.jobs.services import deliver_message
from channels_platform.lib import clock
from leads.models import VisitPaper
from leads.services.arrivals import tell_arrival
from leads.services.visits import confirm_visit
from tests.browser.conftest import CROSSED_FACES, FACES
from tests.pages.papers import sheet
from tests.pages.world import CLIENT_PHONE, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.SMS_BACKEND, settings.SMS_FILE = "file", str(tmp_path / "sms.jsonl")


def draw(page):
    page.evaluate("document.querySelector('canvas.sign').scrollIntoView({block: 'center'})")
    box = page.locator("canvas.sign").bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 60)
    page.mouse.down()
    for step in range(12):
        page.mouse.move(box["x"] + 30 + step * 18, box["y"] + (30 if step % 2 else 90))
    page.mouse.up()


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_three_taps_from_the_found_client_to_the_signed_slip(visitor, transactional_db, tmp_path, screen, language):
    world = make_world()
    referral = world.file()
    at = visitor(screen, language)
    page = at.sign_in("reception")
    at.open(f"/desk/referrals/{referral.pk}/")
    page.click(f"a[href='/desk/referrals/{referral.pk}/confirm/']")  # 1
    page.click("main form button[type=submit]")  # 2
    expect(page.locator(".outcome.tone-good")).to_be_visible()
    draw(page)
    at.look("desk-sign")
    page.click("form[data-sign] button[type=submit]")  # 3
    expect(page.locator("img.signed")).to_be_visible()
    width = (
        "document.querySelector('img.signed').decode().then(() => document.querySelector('img.signed').naturalWidth)"
    )
    assert page.evaluate(width) == 640
    (tmp_path / "sheet.jpg").write_bytes(sheet())
    page.click("#sheets summary")
    page.set_input_files("[name=photo]", str(tmp_path / "sheet.jpg"))
    page.click("#sheets button[type=submit]")
    expect(page.locator("#sheets a[target=_blank]")).to_have_count(1)
    at.look("desk-signed")
    assert VisitPaper.objects.count() == 2
    at.open(f"/desk/referrals/{referral.pk}/")
    at.look("desk-client-signed")


def test_nothing_drawn_or_cleared_again_is_no_signature(visitor, transactional_db):
    world = make_world()
    visit = confirm_visit(actor=world.reception, referral=world.file())
    at = visitor("phone")
    page = at.sign_in("reception")
    at.open(f"/desk/visits/{visit.pk}/")
    draw(page)
    page.click("[data-sign-clear]")
    page.click("form[data-sign] button[type=submit]")
    expect(page.locator("#papers .errors")).to_contain_text("Nothing is signed yet")
    assert not VisitPaper.objects.exists()


@pytest.mark.parametrize(("screen", "language"), CROSSED_FACES)
def test_several_filings_stand_side_by_side_and_the_rules_own_is_confirmed(visitor, transactional_db, screen, language):
    world = make_world(phone_mode="masked")
    first = world.file(phones=["138****5678"])
    came = world.file(world.outsider, phones=["138****5678"])
    tell_arrival(actor=world.outsider.user, referral=came)
    at = visitor(screen, language)
    page = at.sign_in("reception")
    at.open("/desk/find/")
    page.fill("#q", CLIENT_PHONE)
    page.keyboard.press("Enter")
    expect(page.locator(".side")).to_have_count(2)
    at.look("desk-sides")
    assert CLIENT_PHONE not in page.url
    expect(page.locator(f"a[href^='/desk/referrals/{first.pk}/confirm/']")).to_have_count(0)
    page.click(".side-first .btn-primary")
    expect(page.locator("#id_phones_0")).to_have_value(CLIENT_PHONE)
    page.click("main form button[type=submit]")
    expect(page.locator(".outcome.tone-good")).to_be_visible()


@pytest.mark.parametrize(("screen", "language"), [("phone", "zh-hans"), ("desk", "en")])
def test_a_code_read_out_leads_to_the_confirmation(visitor, transactional_db, settings, screen, language):
    world = make_world()
    referral = world.file()
    at = visitor(screen, language)
    page = at.sign_in("reception")
    at.open(f"/desk/referrals/{referral.pk}/code/")
    page.click("main form button[type=submit]")
    page.wait_for_selector("[name=digits]")
    deliver_message(OutboxMessage.objects.get().pk)
    with open(settings.SMS_FILE) as sent:
        digits = json.loads(sent.read())["values"]["code"]
    at.look("desk-code")
    page.fill("[name=digits]", digits)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{at.base}/desk/referrals/{referral.pk}/confirm/")


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_the_board_shows_what_the_broker_tells_by_itself_and_rests_while_hidden(
    visitor, transactional_db, screen, language
):
    world = make_world()
    now = clock.now()
    told = world.file(expected_arrival=now + timedelta(minutes=30), party_size=3)
    world.file(phone="13900001212", expected_arrival=now + timedelta(minutes=5))
    at = visitor(screen, language)
    page = at.sign_in("reception")
    at.open("/desk/")
    asked = []
    page.on("response", lambda answer: asked.append(answer.status) if "/desk/board/" in answer.url else None)
    again = "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate(again)
    page.wait_for_timeout(700)
    page.evaluate(again)
    page.wait_for_timeout(700)
    assert asked == [200, 304]
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.evaluate(again)
    page.wait_for_timeout(500)
    assert asked == [200, 304]

    broker = visitor("phone", language)
    broker.sign_in("owner")
    broker.open(f"/portal/clients/{told.pk}/")
    broker.look("portal-arrival")
    broker.page.click(f"form[action='/portal/clients/{told.pk}/arrived/'] button")
    expect(broker.page.locator("#messages")).to_be_visible()
    broker.look("portal-arrival-told")

    page.evaluate("Object.defineProperty(document, 'hidden', {value: false, configurable: true})")
    page.evaluate(again)
    expect(page.locator("#waiting")).to_be_visible()
    expect(page.locator(f"a[href='/desk/referrals/{told.pk}/']")).to_have_count(1)
    at.look("desk-board")
