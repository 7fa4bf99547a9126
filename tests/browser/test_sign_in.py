"""Signing in, as people do it: on a phone and at a desk, in both languages."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, SCREENS

pytestmark = pytest.mark.serial


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("screen", SCREENS)
def test_sign_in_refusal_keeps_the_name_and_says_why(visitor, person, screen, language):
    person("lin", "broker")
    lin = visitor(screen, language)
    page = lin.open("/accounts/login/")
    lin.look("sign-in")
    page.fill("#id_login", "lin")
    page.fill("#id_password", "wrong")
    page.click("main button.btn-primary")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#id_login")).to_have_value("lin")
    lin.look("sign-in-refused")


def test_language_switch_stays_with_the_person(visitor, person):
    chen = person("chen", "")
    here = visitor("desk")
    page = here.sign_in("chen")
    page.get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    chen.refresh_from_db()
    assert chen.language == "zh-hans"
    elsewhere = visitor("phone").sign_in("chen")
    expect(elsewhere.locator("html")).to_have_attribute("lang", "zh-hans")


def test_sign_in_and_out_work_without_scripts(visitor, person):
    person("chen", "")
    page = visitor("phone", scripts=False).sign_in("chen")
    page.locator("details.menu > summary").click()
    page.locator("details.menu form button").click()
    expect(page.locator("#id_login")).to_be_visible()


def test_signing_out_removes_drafts_from_the_device(visitor, person):
    person("chen", "")
    page = visitor().sign_in("chen")
    page.evaluate("localStorage.setItem('draft:someone:file-referral', '{}'); localStorage.setItem('other', 'kept')")
    page.locator("details.menu > summary").click()
    page.locator("details.menu form button").click()
    expect(page.locator("#id_login")).to_be_visible()
    assert page.evaluate("[localStorage.getItem('draft:someone:file-referral'), localStorage.getItem('other')]") == [
        None,
        "kept",
    ]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("screen", SCREENS)
def test_account_pages_fit_their_screens(visitor, person, screen, language):
    person("chen", "", email="chen@example.com")
    chen = visitor(screen, language)
    chen.open("/accounts/password/reset/")
    chen.look("password-reset")
    chen.open("/accounts/password/reset/done/")
    chen.look("password-reset-done")
    chen.open("/accounts/signup/")
    chen.look("sign-up-closed")
    chen.open("/nothing-here/")
    chen.look("not-found")
    chen.sign_in("chen")
    chen.look("no-place")
    chen.open("/accounts/password/change/")
    chen.look("password-change")
    chen.open("/accounts/2fa/")
    chen.look("two-step")
    chen.open("/accounts/2fa/totp/activate/")
    if chen.page.locator("#id_password").count():
        chen.look("reauthenticate")
        chen.page.fill("#id_password", PASSWORD)
        chen.page.click("main button.btn-primary")
        chen.page.wait_for_load_state()
    chen.look("two-step-activate")
    chen.open("/accounts/logout/")
    chen.look("sign-out")
