"""An agency joins, from the sign-in page to its manager's first look at the portal."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from brokers.models import AgencyApplication
from brokers.services.joining import application_path
from tests.browser.conftest import FACES, PASSWORD
from tests.services.files.test_keep_file import PDF

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_an_agency_applies_answers_and_is_taken_in(visitor: Any, person: Any, screen: str, language: str) -> None:
    person("mai", "marketing", all_projects=True)
    outside, staff = visitor(screen, language), visitor(screen, language)
    page = outside.open("/accounts/login/")
    page.click("a[href='/join/']")
    outside.look("join-empty")
    page.click("main button.btn-primary")
    expect(page.locator("#id_name")).to_be_focused()
    outside.look("join-refused")
    typed = {
        "name": "Bright Homes",
        "licence_no": "9131 0000 ab",
        "bank_name": "Bank of Lakes",
        "bank_account": "6222 0200 0000 0001",
        "contact_name": "Wu Lan",
        "contact_phone": "13800000009",
        "contact_email": "wu@example.com",
    }
    for field, value in typed.items():
        page.fill(f"#id_{field}", value)
    page.set_input_files("#id_files", {"name": "licence.pdf", "mimeType": "application/pdf", "buffer": PDF})
    page.click("main button.btn-primary")
    expect(page.locator("h1")).to_have_text("Bright Homes")
    outside.look("join-applied")
    application = AgencyApplication.objects.get()

    desk = staff.sign_in("mai")
    desk.goto(desk.url.partition("/admin/")[0] + f"/admin/brokers/agencyapplication/{application.pk}/do/ask/")
    desk.fill("textarea", "The back of the licence.")
    desk.click(".cp-form button[type=submit]")
    desk.wait_for_url("**/change/")
    staff.look("join-admin")

    outside.open(application_path(application))
    outside.look("join-asked")
    page.fill("#id_answer", "Here it is.")
    page.set_input_files("#id_files", {"name": "back.pdf", "mimeType": "application/pdf", "buffer": PDF})
    page.click("main button.btn-primary")
    expect(page.locator("#id_answer")).to_have_count(0)

    staff.open(f"/admin/brokers/agencyapplication/{application.pk}/do/approve/")
    desk.fill("#id_code", "BH")
    desk.fill("#id_username", "wu")
    desk.click(".cp-form button[type=submit]")
    expect(desk.locator(".cp-shown")).to_contain_text("/accounts/invitation/")
    link = desk.locator(".cp-shown").inner_text()
    staff.look("join-taken-in")

    outside.open(urlsplit(link).path)
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    page.click("main button.btn-primary")
    page.fill("#id_login", "wu")
    page.fill("#id_password", PASSWORD)
    page.click("main button.btn-primary")
    expect(page.locator("h1")).to_have_text("Bright Homes")
    outside.look("join-first-look")
