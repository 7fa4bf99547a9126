"""A broker's phone: file, see the outcome, follow the client; both screens, both languages."""

import pytest
from playwright.sync_api import expect

from leads.models import Referral
from tests.browser.conftest import CROSSED_FACES, EVERY_FACE
from tests.pages.world import CLIENT_PHONE, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("screen", "language"), EVERY_FACE)
def test_broker_files_and_follows_a_client(visitor, transactional_db, screen, language):
    world = make_world()
    world.file(phone="13900001212", client_name="李娜", phones=["13900001212", "13900001213"])
    at = visitor(screen, language)
    page = at.sign_in("owner")
    at.look("portal-home")

    at.open("/portal/clients/new/")
    at.look("portal-file-empty")
    page.fill("[name=client_name]", "张伟")
    page.fill("#id_phones_0", CLIENT_PHONE)
    page.click("[data-row-more]")
    page.fill("#id_phones_1", "123")
    at.look("portal-file")
    page.click("form[data-file-form] button[type=submit]")
    expect(page.locator(".invalid-feedback")).to_be_visible()
    at.look("portal-file-error")
    page.fill("#id_phones_1", "13800005679")
    page.click("form[data-file-form] button[type=submit]")
    expect(page.locator(".outcome.tone-good")).to_be_visible()
    at.look("portal-filed")
    referral = Referral.objects.get(phones__masked="138****5679")
    assert referral.phones.count() == 2

    at.open("/portal/clients/")
    at.look("portal-clients")
    page.fill("#q", CLIENT_PHONE)
    page.keyboard.press("Enter")
    expect(page.locator(".rows li")).to_have_count(1)
    assert CLIENT_PHONE not in page.url
    page.click(".rows a")
    expect(page.locator("h1")).to_contain_text("138****5678")
    at.look("portal-client")

    at.open(f"/portal/clients/{referral.pk}/slip/")
    expect(page.locator("svg.qr")).to_be_visible()
    at.look("portal-slip")
    at.open(f"/portal/clients/{referral.pk}/phone/")
    at.look("portal-phone")
    at.open(f"/portal/clients/{referral.pk}/withdraw/")
    at.look("portal-withdraw")
    page.click("main .btn-danger")
    referral.refresh_from_db()
    assert referral.state == "withdrawn"
    at.look("portal-client-withdrawn")


def test_double_tap_files_once(visitor, transactional_db):
    make_world()
    at = visitor("phone")
    page = at.sign_in("owner")
    at.open("/portal/clients/new/")
    page.fill("[name=client_name]", "张伟")
    page.fill("#id_phones_0", CLIENT_PHONE)
    page.dblclick("form[data-file-form] button[type=submit]")
    expect(page.locator(".outcome, .kept-item a")).to_be_visible()  # a slow answer is found among what the phone keeps
    assert Referral.objects.count() == 1
    page.go_back()
    page.click("form[data-file-form] button[type=submit]")
    page.wait_for_load_state()
    assert Referral.objects.count() <= 1


def test_connection_lost_after_sending_files_once(visitor, transactional_db):
    make_world()
    at = visitor("phone")
    page = at.sign_in("owner")
    at.open("/portal/clients/new/")
    page.fill("[name=client_name]", "张伟")
    page.fill("#id_phones_0", CLIENT_PHONE)

    def arrives_but_answer_is_lost(route):
        route.fetch(max_redirects=0)
        route.abort("connectionreset")

    page.route("**/portal/clients/new/", arrives_but_answer_is_lost, times=1)
    page.click("form[data-file-form] button[type=submit]", no_wait_after=True)
    page.wait_for_url("**/portal/clients/kept/")
    expect(page.locator(".kept-item")).to_contain_text("Bring the client")
    assert Referral.objects.count() == 1
    at.open("/portal/clients/new/")
    assert page.input_value("#id_phones_0") == ""


def test_refused_client_can_be_contested(visitor, transactional_db):
    world = make_world(exclusive_from="filing")
    world.file(world.outsider)
    at = visitor("phone", "zh-hans")
    page = at.sign_in("owner")
    at.open("/portal/clients/new/")
    page.fill("[name=client_name]", "张伟")
    page.fill("#id_phones_0", CLIENT_PHONE)
    page.click("form[data-file-form] button[type=submit]")
    expect(page.locator(".outcome.tone-bad")).to_be_visible()
    at.look("portal-refused")
    page.click("a[href$='/contest/']")
    page.fill("[name=claim_text]", "10月1日已带客户来过。")
    at.look("portal-contest")
    page.click("main button[type=submit].btn-primary")
    expect(page.locator("main")).to_contain_text("10月1日已带客户来过。")
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('draft:contest')).length") == 0
    at.look("portal-contested")


def test_portal_works_without_scripts(visitor, transactional_db):
    make_world()
    at = visitor("phone", scripts=False)
    page = at.sign_in("owner")
    at.open("/portal/clients/new/")
    page.fill("[name=client_name]", "张伟")
    page.fill("#id_phones_0", CLIENT_PHONE)
    page.fill("#id_phones_1", "13800005679")
    page.click("form[data-file-form] button[type=submit]")
    expect(page.locator(".outcome.tone-good")).to_be_visible()
    assert Referral.objects.get().phones.count() == 2


@pytest.mark.parametrize(("screen", "language"), CROSSED_FACES)
def test_manager_follows_money_and_invites_a_broker(visitor, transactional_db, screen, language):
    from tests.pages.money import draft_payout, give_plan, sell

    world = make_world()
    give_plan(world)
    give_plan(world, "broker", bonuses=[], tiers=[{"from": "0", "rate": "0.005"}])
    sell(world)
    draft_payout(world)
    at = visitor(screen, language)
    page = at.sign_in("manager")
    at.look("portal-home-manager")
    at.open("/portal/money/")
    page.locator("details.why summary").first.click()
    at.look("portal-money")
    page.click("a[href*='/money/statements/']:has-text('34,560')")
    page.fill("[name=number]", "044001900111-12345678")
    at.look("portal-statement")
    page.click("main button[type=submit].btn-primary")
    expect(page.locator("main")).to_contain_text("044001900111-12345678")
    at.look("portal-statement-invoiced")

    at.open("/portal/brokers/")
    at.look("portal-brokers")
    at.open("/portal/brokers/new/")
    page.fill("[name=name]", "唐敏")
    page.fill("[name=username]", "tangmin")
    page.fill("[name=store]", "西门店")
    at.look("portal-broker-new")
    page.click("main button[type=submit].btn-primary")
    expect(page.locator(".link-code")).to_contain_text("/accounts/invitation/")
    at.look("portal-broker-invited")
    at.open("/portal/clients/?tab=all")
    at.look("portal-clients-manager")


def test_owner_of_a_sold_client_sees_why_and_what_waits(visitor, transactional_db):
    from tests.pages.money import give_plan, sell

    world = make_world()
    give_plan(world)
    give_plan(world, "broker", bonuses=[], tiers=[{"from": "0", "rate": "0.005"}])
    sell(world)
    at = visitor("phone")
    page = at.sign_in("owner")
    at.open("/portal/clients/?tab=won")
    page.click(".rows a")
    page.locator("details.why summary").first.click()
    at.look("portal-client-won")
