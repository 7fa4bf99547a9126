"""Reception: today's arrivals, finding, confirming, the slip; tablet-wide and phone-narrow."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from channels_platform.lib import clock
from leads.models import Deal, NaturalVisit, Referral, Visit
from leads.slips import sign_slip
from projects.services.units import create_unit
from tests.browser.conftest import FACES
from tests.pages.world import CLIENT_PHONE, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_reception_confirms_in_three_taps(visitor, transactional_db, screen, language):
    world = make_world()
    now = clock.now()
    referral = world.file(expected_arrival=now + timedelta(minutes=5), party_size=3, note="一家三口")
    missed = world.file(phone="13900001212", client_name="李娜", expected_arrival=now + timedelta(minutes=10))
    Referral.objects.filter(pk=missed.pk).update(expected_arrival=now - timedelta(hours=2))
    at = visitor(screen, language)
    page = at.sign_in("reception")
    at.look("desk-today")

    page.click(f"a[href='/desk/referrals/{referral.pk}/confirm/']")
    at.look("desk-confirm")
    page.click("main button[type=submit]")
    expect(page.locator(".outcome.tone-good")).to_contain_text("Zhao")
    at.look("desk-confirmed")
    slip = page.request.get(f"{at.base}/desk/referrals/{referral.pk}/slip.pdf")
    assert slip.headers["content-type"] == "application/pdf"
    assert slip.body().startswith(b"%PDF")
    at.open(f"/desk/referrals/{referral.pk}/")
    at.look("desk-client")
    at.open("/desk/")
    at.look("desk-today-arrived")

    at.open("/desk/find/")
    page.fill("#q", "1212")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("139****1212")

    at.open("/desk/natural/")
    page.fill("[name=phone]", "13700003333")
    page.fill("[name=name]", "王芳")
    page.click("main button[type=submit].btn-primary")
    expect(page.locator("#messages")).to_contain_text("137****3333")
    at.look("desk-natural")
    assert NaturalVisit.objects.count() == 1


def test_slip_code_opens_the_filing(visitor, transactional_db):
    world = make_world()
    referral = world.file()
    at = visitor("phone")
    page = at.sign_in("reception")
    at.open(f"/desk/q/{sign_slip(referral)}/")
    expect(page).to_have_url(f"{at.base}/desk/referrals/{referral.pk}/")


def test_masked_filing_asks_for_the_full_number(visitor, transactional_db):
    world = make_world(phone_mode="masked")
    referral = world.file(phones=["138****5678"])
    at = visitor("phone", "zh-hans")
    page = at.sign_in("reception")
    at.open(f"/desk/referrals/{referral.pk}/confirm/")
    page.fill("#id_phones_0", "13811115678"[:3] + "00009999")
    at.look("desk-confirm-masked")
    page.click("main button[type=submit]")
    expect(page.locator(".outcome.tone-bad")).to_be_visible()
    at.look("desk-mismatch")
    page.click("main .btn-primary")
    page.fill("#id_phones_0", CLIENT_PHONE)
    page.click("main button[type=submit]")
    expect(page.locator(".outcome.tone-good")).to_be_visible()


def test_manager_sets_the_lead_time_aside_with_a_reason(visitor, transactional_db):
    world = make_world(lead_time_minutes=60)
    referral = world.file()
    at = visitor("desk")
    page = at.sign_in("site-manager")
    at.open(f"/desk/referrals/{referral.pk}/confirm/")
    page.click("main button[type=submit]")
    expect(page.locator(".outcome.tone-bad")).to_contain_text("this project needs 60")
    at.look("desk-too-early")
    page.click("main .btn-primary")
    page.fill("[name=override_reason]", "The client is my neighbour's guest; met at the door.")
    at.look("desk-override")
    page.click("main button[type=submit]")
    expect(page.locator(".outcome.tone-good")).to_be_visible()
    assert Visit.objects.filter(confirmed=True).count() == 1


@pytest.mark.parametrize(("screen", "language"), [("phone", "zh-hans"), ("desk", "en")])
def test_consultant_subscribes_for_the_client(visitor, transactional_db, screen, language):
    from leads.services.visits import confirm_visit

    world = make_world()
    create_unit(
        actor=None,
        project=world.project,
        phase="1",
        building="2",
        number="1203",
        unit_type="3B",
        area="98.50",
        list_price="1280000.00",
    )
    referral = world.file()
    confirm_visit(actor=world.reception, referral=referral)
    at = visitor(screen, language)
    page = at.sign_in("consultant")
    at.look("desk-consultant-today")
    at.open(f"/desk/deals/new/?visitor={referral.number}")
    page.select_option("[name=unit]", label="2-1203")
    page.fill("[name=price]", "1,280,000")
    page.select_option("[name=method]", "mortgage")
    page.fill("[name=first_payment_amount]", "384000")
    page.fill("[name=names] >> nth=0", "张伟")
    page.fill("[name=phones] >> nth=0", CLIENT_PHONE)
    at.look("desk-subscribe")
    page.click("main button[type=submit].btn-primary")
    expect(page.locator("main")).to_contain_text(referral.number)
    at.look("desk-deal")
    assert Deal.objects.get().shares.get().referral == referral
