"""Signing in, as people do it: on a phone and at a desk, in both languages."""

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import expect

from channels_platform.accounts.services.invitations import issue_invitation
from tests.browser.conftest import CROSSED_FACES, EVERY_FACE, FACES, PASSWORD, SCREENS
from tests.pages.world import make_world

pytestmark = pytest.mark.browser


def prove_password(page):
    """What changes the way in asks for the password again."""
    page.fill("#id_password", PASSWORD)
    page.click("main button.btn-primary")


@pytest.mark.parametrize(("screen", "language"), EVERY_FACE)
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
    page = here.sign_in_by_form("chen")
    page.get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    chen.refresh_from_db()
    assert chen.language == "zh-hans"
    elsewhere = visitor("phone").sign_in_by_form("chen")
    expect(elsewhere.locator("html")).to_have_attribute("lang", "zh-hans")


def test_sign_in_and_out_work_without_scripts(visitor, person):
    person("chen", "")
    page = visitor("phone", scripts=False).sign_in_by_form("chen")
    page.locator("details.menu > summary").click()
    page.locator("details.menu form button").click()
    expect(page.locator("#id_login")).to_be_visible()


def test_signing_out_removes_drafts_from_the_device(visitor, person):
    person("chen", "")
    page = visitor().sign_in_by_form("chen")
    page.evaluate("localStorage.setItem('draft:someone:file-referral', '{}'); localStorage.setItem('other', 'kept')")
    page.locator("details.menu > summary").click()
    page.locator("details.menu form button").click()
    expect(page.locator("#id_login")).to_be_visible()
    assert page.evaluate("[localStorage.getItem('draft:someone:file-referral'), localStorage.getItem('other')]") == [
        None,
        "kept",
    ]


def test_a_session_that_ran_out_loses_no_draft_and_shows_it_to_nobody_else(visitor, transactional_db):
    world = make_world(exclusive_from="filing")
    world.file()
    refused = world.file(world.outsider)
    here = visitor()
    page = here.sign_in_by_form(world.outsider.user.username, PASSWORD)
    page = here.open(f"/portal/clients/{refused.pk}/contest/")
    page.fill("textarea", "Came with us on Sunday.")
    page.context.clear_cookies(name="sessionid")
    page.click("form[data-draft] button[type=submit]")
    page.fill("#id_login", world.outsider.user.username)
    page.fill("#id_password", PASSWORD)
    page.click("main button.btn-primary")
    expect(page.locator("textarea")).to_have_value("Came with us on Sunday.")
    expect(page.locator("[data-draft-note]")).to_be_visible()
    page.context.clear_cookies(name="sessionid")
    here.sign_in_by_form("owner", PASSWORD)
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('draft:')).length") == 0


@pytest.mark.parametrize("cut", [False, True], ids=["refused", "cut off"])
def test_a_draft_that_was_not_taken_is_there_again(visitor, transactional_db, cut):
    world = make_world()
    here = visitor()
    page = here.sign_in_by_form(world.site_manager.username, PASSWORD)
    here.open("/desk/deals/new/")
    page.fill("[name=price]", "1280000")
    if cut:
        page.route("**/desk/deals/new/**", lambda r: r.abort() if r.request.method == "POST" else r.continue_())
    if cut:
        with page.expect_event("requestfailed"):
            page.click("form[data-draft] button[type=submit]", no_wait_after=True)
        page.wait_for_timeout(500)  # until the browser's own page of the failure stands
    else:
        page.click("form[data-draft] button[type=submit]")
        expect(page.locator(".is-invalid").first).to_be_visible()
    here.open("/desk/")
    here.open("/desk/deals/new/")
    expect(page.locator("[name=price]")).to_have_value("1280000")


@pytest.mark.parametrize(("screen", "language"), CROSSED_FACES)
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
    chen.sign_in_by_form("chen")
    chen.look("no-place")
    chen.open("/accounts/password/change/")
    chen.look("password-change")
    chen.open("/accounts/2fa/")
    chen.look("two-step")
    chen.open("/accounts/2fa/totp/activate/")
    chen.look("reauthenticate")
    prove_password(chen.page)
    expect(chen.page.locator("#authenticator_secret")).to_be_visible()
    chen.look("two-step-activate")
    chen.open("/accounts/logout/")
    chen.look("sign-out")


def code_now(secret):
    return format_hotp_value(hotp_value(secret, list(yield_hotp_counters_from_time())[1]))


@pytest.mark.parametrize("screen", SCREENS)
def test_second_factor_from_setting_it_up_to_signing_in_with_it(visitor, person, screen):
    person("chen", "")
    chen = visitor(screen)
    page = chen.sign_in_by_form("chen")
    chen.open("/accounts/2fa/totp/activate/")
    prove_password(page)
    secret = page.locator("#authenticator_secret").input_value()
    page.fill("#id_code", code_now(secret))
    page.click("main button.btn-primary")
    expect(page.locator("#recovery_codes")).to_be_visible()
    chen.look("recovery-codes")
    chen.open("/accounts/2fa/")
    chen.look("two-step-on")

    later = visitor(screen, "zh-hans")
    page = later.sign_in_by_form("chen")
    expect(page.locator("#id_code")).to_be_visible()
    later.look("second-factor")
    page.fill("#id_code", "000000")
    page.click("main button.btn-primary")
    expect(page.locator("#id_code")).to_be_focused()
    later.look("second-factor-refused")


@pytest.mark.parametrize("screen", SCREENS)
def test_lock_out_says_how_long_to_wait(visitor, person, screen):
    person("lin", "broker")
    lin = visitor(screen)
    for _ in range(6):
        lin.sign_in_by_form("lin", "wrong")
    expect(lin.page.get_by_role("alert")).to_contain_text("Wait 5 minutes")
    lin.look("locked-out")


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_invited_broker_begins(visitor, person, screen, language):
    newcomer = person("newcomer", "", name="Lin Qing")
    newcomer.set_unusable_password()
    newcomer.save()
    link = f"/accounts/invitation/{issue_invitation(user=newcomer, actor=None)}/"
    here = visitor(screen, language)
    page = here.open(link)
    here.look("invitation")
    page.fill("#id_password", PASSWORD)
    page.fill("#id_repeated", PASSWORD)
    page.click("main button.btn-primary")
    expect(page.locator("#id_login")).to_be_visible()
    here.look("invitation-taken")
    here.open(link)
    here.look("invitation-over")


def test_passkey_page_runs_under_the_strict_policy(visitor, person):
    person("chen", "")
    chen = visitor("desk")
    chen.sign_in_by_form("chen")
    prove_password(chen.open("/accounts/2fa/webauthn/add/"))
    expect(chen.page.locator("main form").first).to_be_visible()
    chen.look("passkey-add")


def test_password_can_be_looked_at(visitor, transactional_db):
    page = visitor().open("/accounts/login/")
    page.fill("#id_password", "what was it")
    look = page.get_by_role("button", name="Show the password")
    look.click()
    expect(page.locator("#id_password")).to_have_attribute("type", "text")
    look.click()
    expect(page.locator("#id_password")).to_have_attribute("type", "password")


def test_a_draft_that_an_error_page_answered_is_there_after_its_way_out(visitor, transactional_db):
    world = make_world(exclusive_from="filing")
    world.file()
    refused = world.file(world.outsider)
    here, path = visitor(), f"/portal/clients/{refused.pk}/contest/"
    here.sign_in_by_form(world.outsider.user.username, PASSWORD)
    page = here.open(path)
    page.fill("textarea", "Came with us on Sunday.")
    page.evaluate("document.querySelector('form[data-draft] [name=csrfmiddlewaretoken]').value = 'stale'")
    page.click("form[data-draft] button[type=submit]")
    page.get_by_role("link", name="Go to the start").click()
    page.wait_for_url("**/portal/")
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('draft:')).length") == 1
    here.open(path)
    expect(page.locator("textarea")).to_have_value("Came with us on Sunday.")


def test_a_draft_left_by_a_link_before_the_answer_came_is_kept(visitor, transactional_db):
    world = make_world(exclusive_from="filing")
    world.file()
    refused = world.file(world.outsider)
    here, path = visitor(), f"/portal/clients/{refused.pk}/contest/"
    here.sign_in_by_form(world.outsider.user.username, PASSWORD)
    page = here.open(path)
    page.route("**/contest/", lambda route: None if route.request.method == "POST" else route.continue_())
    page.fill("textarea", "Came with us on Sunday.")
    elsewhere = f"/portal/clients/{refused.pk}/"
    # clicked by the page itself: Playwright's own click waits for the answer that never comes
    with page.expect_navigation(url=f"**{elsewhere}"):
        page.evaluate(
            "back => { document.querySelector('form[data-draft] button[type=submit]').click();"
            " setTimeout(() => document.querySelector(`main a[href='${back}']`).click(), 300) }",
            elsewhere,
        )
    here.open(path)
    expect(page.locator("textarea")).to_have_value("Came with us on Sunday.")
