"""The components themselves: they fit, they answer to the keyboard, they send once, they remember drafts."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import FACES

pytestmark = pytest.mark.browser


@pytest.fixture
def development(settings):
    settings.DEBUG = True


@pytest.mark.parametrize("area", ["portal", "desk", "finance"])
@pytest.mark.parametrize(("screen", "language"), FACES)
def test_every_component_fits(visitor, person, development, screen, language, area):
    person("boss", "marketing_manager", is_superuser=True)
    boss = visitor(screen, language)
    boss.sign_in("boss")
    boss.open(f"/styleguide/?area={area}")
    boss.look(f"styleguide-{area}")


def test_keyboard_reaches_search_and_help(visitor, person, development):
    person("boss", "marketing_manager", is_superuser=True)
    boss = visitor("desk")
    boss.sign_in("boss")
    page = boss.open("/styleguide/")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    boss.look("help")
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()


def test_first_wrong_field_has_the_focus(visitor, person, development):
    person("boss", "marketing_manager", is_superuser=True)
    boss = visitor()
    boss.sign_in("boss")
    page = boss.open("/styleguide/")
    assert page.evaluate("document.activeElement.name") == "client_name"
    assert page.evaluate("document.activeElement.classList.contains('is-invalid')")


def test_draft_survives_a_reload_until_the_outcome(visitor, person, development):
    person("boss", "marketing_manager", is_superuser=True)
    boss = visitor()
    boss.sign_in("boss")
    page = boss.open("/styleguide/")
    form = page.locator("form[data-draft]")
    form.locator("[name=client_name]").fill("Zhang San")
    page.reload()
    expect(form.locator("[name=client_name]")).to_have_value("Zhang San")
    expect(form.locator("[data-draft-note]")).to_be_visible()
    form.locator("[data-draft-drop]").click()
    expect(form.locator("[name=client_name]")).to_have_value("")


def test_form_is_sent_once_however_often_it_is_tapped(visitor, person, development):
    person("boss", "marketing_manager", is_superuser=True)
    boss = visitor()
    boss.sign_in("boss")
    page = boss.open("/styleguide/")
    sent = []
    page.route("**/styleguide/**", lambda route: (sent.append(1), None)[1])
    page.evaluate(
        "(() => { const b = document.querySelector('form[data-draft] button.btn-primary'); b.click(); b.click(); })()"
    )
    page.wait_for_timeout(300)
    assert len(sent) == 1
