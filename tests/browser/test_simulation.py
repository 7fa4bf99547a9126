"""What a plan would cost, as a manager meets it: asked over made-up sales, drawn by month, on both screens."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from channels_platform.jobs.models import Job, OutboxMessage
from channels_platform.jobs.services import deliver_message
from commissions.engine.starts import STARTS
from commissions.models import PlanVersion
from commissions.services.plans import approve_plan_version, draft_plan_version
from tests.browser.conftest import FACES, Visitor
from tests.cast import Site, open_site

pytestmark = pytest.mark.browser


@pytest.fixture
def draft(person: Callable[..., Any]) -> PlanVersion:
    """A flat plan in force, and a rising one drafted after it."""
    site: Site = open_site(exclusive_from="visit", lead_time_minutes=0)
    author, approver = (person(name, "marketing_manager", all_projects=True) for name in ("author", "approver"))
    versions = [
        draft_plan_version(actor=author, project=site.project, agency=site.owner.agency, **STARTS[start])
        for start in ("flat", "rising")
    ]
    approve_plan_version(actor=approver, version=versions[0], reason="as agreed")
    return versions[1]


@pytest.mark.parametrize(("screen", "language"), FACES)
def test_manager_tries_a_plan(
    visitor: Any, person: Callable[..., Any], draft: PlanVersion, screen: str, language: str
) -> None:
    person("manager", "marketing_manager", all_projects=True)
    manager: Visitor = visitor(screen, language)
    page = manager.sign_in("manager")
    manager.open(f"/admin/commissions/planversion/simulate/?version={draft.pk}")
    page.check("input[name=over][value=curve]")
    page.fill("#id_units", "12, 30, 45, 20")
    page.fill("#id_price", "1280000")
    manager.look("simulation-form")
    page.click(".cp-form button[type=submit]")
    page.wait_for_url("**/jobs/*/")
    assert deliver_message(OutboxMessage.objects.latest("pk").pk)
    manager.open(Job.objects.latest("pk").result_url)
    expect(page.locator("[data-curve=months] svg")).to_be_visible()
    # 107 units at 3 %
    expect(page.locator("body")).to_contain_text("4,108,800.00")
    manager.look("simulation-result")
