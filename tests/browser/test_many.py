"""Many clients at once, and a spreadsheet, as a manager meets them: chosen, looked at, done, on both screens."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from channels_platform.lib import clock
from tests.browser.conftest import FACES, Visitor
from tests.cast import LI, WANG, ZHAO, Site, fresh, open_site

pytestmark = pytest.mark.browser


@pytest.fixture
def site(person: Callable[..., Any]) -> Site:
    site = open_site(exclusive_from="visit", lead_time_minutes=0, visit_within_hours=None)
    start = clock.now() - timedelta(days=2)
    for phone in (LI, WANG):
        site.visit(site.file(site.owner, phone, at=start), at=start + timedelta(hours=2))
    site.file(site.rival, ZHAO, at=start)
    return site


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_manager_extends_many_and_imports(
    visitor: Any, person: Callable[..., Any], site: Site, screen: str, language: str
) -> None:
    person("manager", "marketing_manager", all_projects=True)
    manager: Visitor = visitor(screen, language)
    page = manager.sign_in("manager")
    manager.open("/admin/leads/referral/")
    for box in page.locator("input.action-select").all():
        box.check()
    page.select_option("select[name=action]", "many_extend")
    manager.look("many-chosen")
    page.locator("#changelist-actions button[type=submit]").click()
    page.fill("#id_days", "7")
    page.fill("#id_reason", "展会延期。The fair was moved.")
    manager.look("many-form")
    page.click("button[value=look]")
    expect(page.locator(".cp-section")).to_have_count(4)
    manager.look("many-look")
    page.click("button[value=do]")
    page.wait_for_url("**/result/")
    manager.look("many-result")
    ends = {fresh(one).window_ends_at for one in site.owner.referrals.all()}
    assert all(end > clock.now() + timedelta(days=33) for end in ends if end)

    manager.open("/admin/leads/naturalvisit/import/")
    manager.look("import-form")
    head = "project,phone,client,visited at\n"
    rows = (f"{site.project.code},13900000001,王小明,2026-03-01 10:00\n", f"{site.project.code},1390,李,2026-03-01\n")
    for name, text in (("import-faults", head + "".join(rows)), ("import-look", head + rows[0])):
        page.set_input_files("#id_import_file", {"name": "rows.csv", "mimeType": "text/csv", "buffer": text.encode()})
        page.click(".cp-form button[type=submit]")
        page.wait_for_load_state()
        expect(page.locator(".cp-section")).to_have_count(2)
        manager.look(name)
    page.click(".cp-form button[type=submit]")
    page.wait_for_url("**/naturalvisit/")
    expect(page.locator("body")).to_contain_text("139****0001")
