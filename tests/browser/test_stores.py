"""An agency's manager keeps stores, invites out of a spreadsheet, and hands on the clients of a broker who left."""

import pytest
from playwright.sync_api import expect
from python_calamine import CalamineWorkbook

from brokers.models import Broker, Store
from leads.models import Referral
from tests.pages.world import make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("screen", "language"), [("phone", "zh-hans"), ("desk", "en")])
def test_a_managers_stores_brokers_and_clients(visitor, transactional_db, screen, language, tmp_path):
    world = make_world()
    world.file()
    world.file(phone="13900002222", client_name="李娜")
    at = visitor(screen, language)
    page = at.sign_in("manager")
    _keeps_stores(at, page, world)
    _invites_out_of_a_spreadsheet(at, page, tmp_path)
    _hands_on_the_clients(at, page, world)


def _keeps_stores(at, page, world):
    at.open("/portal/brokers/stores/")
    at.look("stores-none")
    for name in ("西门店", "East Gate"):
        at.open("/portal/brokers/stores/new/")
        page.fill("[name=name]", name)
        page.click("main form .btn-primary")
        expect(page.locator("h1")).to_contain_text(name)
    west, east = Store.objects.get(name="西门店"), Store.objects.get(name="East Gate")
    at.open(f"/portal/brokers/{world.owner.pk}/store/")
    page.select_option("[name=store]", str(west.pk))
    at.look("broker-store")
    page.click("main form .btn-primary")
    expect(page.locator("main")).to_contain_text("西门店")
    at.open(f"/portal/brokers/stores/{west.pk}/")
    at.look("store")
    at.open("/portal/brokers/stores/")
    at.look("stores")
    at.open(f"/portal/brokers/stores/{west.pk}/close/")
    page.click("main form .btn-danger")
    expect(page.locator(".invalid-feedback")).to_be_visible()
    at.look("store-close")
    page.select_option("[name=into]", str(east.pk))
    page.click("main form .btn-danger")
    expect(page.locator(".rows li")).to_have_count(1)
    world.owner.refresh_from_db()
    assert world.owner.store == east


def _invites_out_of_a_spreadsheet(at, page, tmp_path):
    sheet = tmp_path / "brokers.csv"
    sheet.write_text("姓名,用户名,手机号\n唐一,tang,13700008888\n李二,owner,12\n", encoding="utf-8")
    at.open("/portal/brokers/sheet/")
    page.set_input_files("[name=file]", str(sheet))
    at.look("broker-sheet")
    page.click("main form .btn-primary")
    expect(page.locator("main .rows li")).to_have_count(2)
    at.look("broker-sheet-result")
    with page.expect_download() as waiting:
        page.click("a[download]")
    saved = tmp_path / "result.xlsx"
    waiting.value.save_as(saved)
    rows = CalamineWorkbook.from_path(str(saved)).get_sheet_by_index(0).to_python()
    assert rows[1][-1].startswith(at.base)
    assert rows[2][-1] == ""
    assert Broker.objects.filter(user__username="tang").count() == 1


def _hands_on_the_clients(at, page, world):
    at.open(f"/portal/brokers/{world.owner.pk}/switch/")
    at.look("broker-switch")
    page.click("main form .btn-danger")
    at.look("broker-left")
    page.click(f"a[href='/portal/brokers/{world.owner.pk}/successor/']")
    page.select_option("[name=successor]", str(world.colleague.pk))
    page.click("main form .btn-primary")
    expect(page.locator("main dl")).to_contain_text("Golden Lake")
    at.look("successor-plan")
    page.click("button[name=confirm]")
    page.wait_for_url(f"**/portal/brokers/{world.owner.pk}/")
    assert Referral.objects.filter(broker=world.colleague).count() == 2
    at.look("successor-done")
