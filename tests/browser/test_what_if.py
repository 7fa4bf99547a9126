"""What if, as a manager meets it: the rules in force on a form, a job, and what came of it, on both screens."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from channels_platform.jobs.models import Job, OutboxMessage
from channels_platform.jobs.services import deliver_message
from channels_platform.lib import clock
from tests.browser.conftest import FACES, Visitor
from tests.cast import LI, WANG, Site, open_site

pytestmark = pytest.mark.browser


@pytest.fixture
def site(person: Callable[..., Any]) -> Site:
    site = open_site(exclusive_from="visit", lead_time_minutes=0)
    start = clock.now() - timedelta(days=2)
    site.file(site.owner, LI, at=start)
    second = site.file(site.rival, LI, at=start + timedelta(hours=1))
    site.visit(second, at=start + timedelta(hours=2))
    site.subscribe(LI, at=start + timedelta(hours=3))
    site.walk_in(WANG, at=start)
    site.file(site.owner, WANG, at=start + timedelta(hours=1))
    return site


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_manager_tries_other_rules(
    visitor: Any, person: Callable[..., Any], site: Site, screen: str, language: str
) -> None:
    person("manager", "marketing_manager", all_projects=True)
    manager: Visitor = visitor(screen, language)
    page = manager.sign_in("manager")
    manager.open(f"/admin/projects/project/{site.project.pk}/do/what-if/")
    manager.look("what-if-form")
    page.check("input[name=exclusive_from][value=filing]")
    page.fill("#id_lookback_days", "0")
    page.click(".cp-form button[type=submit]")
    page.wait_for_url("**/jobs/*/")
    assert deliver_message(OutboxMessage.objects.latest("pk").pk)
    page.reload()
    manager.look("what-if-job")
    manager.open(Job.objects.latest("pk").result_url)
    expect(page.locator(".cp-section")).to_have_count(7)
    expect(page.locator("main, body").first).to_contain_text("1,000,000.00")
    manager.look("what-if-result")
