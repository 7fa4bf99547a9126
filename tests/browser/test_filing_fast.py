"""Filing fast: a pasted message, a spreadsheet, and the ranking; both screens, both languages."""

import pytest
from playwright.sync_api import expect

from channels_platform.jobs.models import OutboxMessage
from channels_platform.jobs.services import deliver_message
from leads.models import Referral
from leads.services.visits import confirm_visit
from tests.browser.conftest import CROSSED_FACES, FACES
from tests.pages.world import CLIENT_PHONE, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_pasted_message_is_checked_and_filed(visitor, transactional_db, screen, language):
    make_world()
    at = visitor(screen, language)
    page = at.sign_in("owner")
    at.open("/portal/clients/new/")
    page.click(".paste summary")
    page.fill("#id_message", f"报备 客户 张先生 {CLIENT_PHONE}/13900001234 明天下午3点 3人 看三房")
    page.click("[data-paste-form] button")
    expect(page.locator("[data-paste-said]")).to_be_visible()
    expect(page.locator("#id_phones_0")).to_have_value(CLIENT_PHONE)
    expect(page.locator("#id_phones_1")).to_have_value("13900001234")
    expect(page.locator("[name=client_name]")).to_have_value("张先生")
    expect(page.locator("[name=party_size]")).to_have_value("3")
    expect(page.locator("[name=note]")).to_have_value("看三房")
    at.look("portal-pasted")
    page.click("form[data-file-form] button[type=submit]")
    expect(page.locator(".outcome.tone-good")).to_be_visible()
    referral = Referral.objects.get()
    assert (referral.client_name, referral.party_size, referral.phones.count()) == ("张先生", 3, 2)


def test_what_is_typed_after_the_back_button_is_filed_too(visitor, transactional_db):
    make_world()
    at = visitor("phone", "zh-hans")
    page = at.sign_in("owner")
    at.open("/portal/clients/new/")
    for name, phone in (("安", CLIENT_PHONE), ("波", "13900001234")):
        page.fill("[name=client_name]", name)
        page.fill("#id_phones_0", phone)
        page.click("form[data-file-form] button[type=submit]")
        expect(page.locator(".outcome.tone-good")).to_be_visible()
        page.go_back()
        expect(page.locator("form[data-file-form]")).to_be_visible()
    assert {one.client_name for one in Referral.objects.all()} == {"安", "波"}


@pytest.mark.parametrize(("screen", "language"), CROSSED_FACES)
def test_spreadsheet_is_sent_judged_and_read(visitor, transactional_db, screen, language, tmp_path):
    world = make_world(exclusive_from="filing")
    world.file(world.outsider, phone="13800000001")
    file = tmp_path / "clients.csv"
    file.write_text(f"姓名,电话,到访时间\n张伟,{CLIENT_PHONE},\n李娜,13800000001,\n王芳,123,昨天\n", encoding="gb18030")
    at = visitor(screen, language)
    page = at.sign_in("owner")
    at.open("/portal/clients/new/")
    page.click("a[href$='/sheets/new/']")
    page.set_input_files("[name=file]", file)
    at.look("portal-sheet-new")
    page.click("main form button[type=submit]")
    expect(page.locator("main")).to_contain_text("3")
    at.look("portal-sheet-waiting")
    deliver_message(OutboxMessage.objects.get().pk)
    page.click("a[href*='/sheets/']:not([href$='/new/'])", timeout=15_000)
    expect(page.locator(".tabs [aria-current]")).to_contain_text("1")
    at.look("portal-sheet-faults")
    page.click(".tabs a[href*='refused']")
    expect(page.locator(".rows li")).to_have_count(1)
    at.look("portal-sheet-refused")
    page.click(".tabs a[href*='accepted']")
    expect(page.locator(".rows")).to_contain_text("138****5678")


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_ranking_shows_my_place(visitor, transactional_db, screen, language):
    world = make_world()
    for n, broker in enumerate((world.owner, world.outsider, world.outsider, world.colleague)):
        confirm_visit(actor=world.reception, referral=world.file(broker, f"1380000000{n}"))
    at = visitor(screen, language)
    page = at.sign_in("owner")
    at.look("portal-home-links")
    page.click("a[href='/portal/ranking/']")
    at.look("portal-ranking-agency")
    page.select_option("#in", "GL")
    page.wait_for_url("**in=GL**")
    expect(page.locator(".mine")).to_have_count(1)
    at.look("portal-ranking-project")


@pytest.mark.parametrize(("screen", "language"), CROSSED_FACES)
def test_client_page_says_why_in_every_state(visitor, transactional_db, screen, language):
    from tests.pages.money import give_plan, sell

    world = make_world(exclusive_from="filing")
    give_plan(world)
    give_plan(world, "broker", bonuses=[], tiers=[{"from": "0", "rate": "0.005"}])
    sell(world)
    world.file(world.outsider, phone="13800000001")
    held = world.file(world.owner, phone="13800000001")
    live = world.file(world.owner, phone="13800000002")
    won = Referral.objects.get(state="won")
    at = visitor(screen, language)
    page = at.sign_in("owner")
    for name, referral in (("held", held), ("live", live), ("won", won)):
        at.open(f"/portal/clients/{referral.pk}/")
        page.locator("#why").evaluate("element => { element.open = true }")
        at.look(f"portal-why-{name}")
