"""An individual, from a consultant's QR code to the first client, whose page keeps itself up to date."""

import json
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from brokers.models import Individual, RecruitingLink
from brokers.services.agencies import create_agency
from brokers.services.agreements import approve_agreement, draft_agreement
from brokers.services.recruiting import open_programme
from leads.models import Referral
from leads.services.visits import confirm_visit
from tests.browser.conftest import FACES, PASSWORD
from tests.cast import open_site, person
from tests.services.brokers.test_individuals import send

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_an_individual_signs_up_is_confirmed_refers_and_follows(
    visitor: Any, settings: Any, tmp_path: Path, screen: str, language: str
) -> None:
    settings.SMS_BACKEND, settings.SMS_FILE = "file", str(tmp_path / "sent.jsonl")
    site = open_site(exclusive_from="visit", lead_time_minutes=0)
    roof = create_agency(actor=site.manager, code="roof", name="邻里荐 Neighbours", kind="community")
    draft = draft_agreement(actor=site.manager, agency=roof, project=site.project, from_on=date(2020, 1, 1))
    approve_agreement(actor=site.second_manager, agreement=draft)
    open_programme(actor=site.manager, agency=roof, project=site.project)
    consultant, marketing = person("consultant"), person("marketing")

    recruiter = visitor(screen, language)
    desk = recruiter.sign_in(consultant.username)
    recruiter.open("/recruit/")
    recruiter.look("recruit-none")
    desk.click("main form button")
    expect(desk.locator("svg.qr")).to_be_visible()
    recruiter.look("recruit-link")

    outside = visitor(screen, language)
    page = outside.open(f"/join/with/{RecruitingLink.objects.get().code}/")
    outside.look("sign-up")
    page.click("main button.btn-primary")
    expect(page.locator("#id_name")).to_be_focused()
    outside.look("sign-up-refused")
    typed = {"name": "吴兰 Wu Lan", "phone": "13800000001", "detail": "3-1203", "password": PASSWORD}
    for field, value in typed.items():
        page.fill(f"#id_{field}", value)
    page.check("input[name=relation][value=owner]")
    page.check("#id_agreed")
    page.click("main button.btn-primary")
    expect(page.locator("#id_digits")).to_be_focused()
    outside.look("prove-phone")
    send()
    page.fill("#id_digits", json.loads(Path(settings.SMS_FILE).read_text())["values"]["code"])
    page.click("main button.btn-primary")
    page.wait_for_url("**/portal/")
    outside.look("waiting")

    staff = visitor(screen, language)
    admin = staff.sign_in(marketing.username)
    staff.open("/admin/brokers/individual/")
    admin.check(".action-select")
    admin.select_option("select[name=action]", "confirm_chosen")
    staff.look("individuals")
    admin.click("button[name=index]")
    admin.wait_for_load_state()
    assert Individual.objects.get().state == "confirmed"

    outside.open("/portal/")
    outside.look("individual-home")
    page.click("main a.btn-primary")
    page.fill("#id_client_name", "李明")
    page.fill("[name=phones]", "13800000002")
    page.click("main button.btn-primary")
    page.wait_for_url("**/filed/")
    referral = Referral.objects.get()
    outside.open(f"/portal/clients/{referral.pk}/")
    page.evaluate("document.querySelector('[data-board]').dataset.seen = 'same page'")
    confirm_visit(actor=site.reception, referral=referral)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".text-good").first).to_be_visible()
    assert page.evaluate("document.querySelector('[data-board]').dataset.seen") == "same page"
    assert urlsplit(page.url).path == f"/portal/clients/{referral.pk}/"
    outside.look("individual-client")
    recruiter.open("/recruit/")
    recruiter.look("recruit-came")
