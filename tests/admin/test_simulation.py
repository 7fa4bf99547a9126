"""What a plan would cost: asked of a version or of what stands in the form, answered on a page, made a draft of."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from channels_platform.jobs.models import Job, OutboxMessage
from channels_platform.jobs.services import deliver_message
from commissions.models import PlanVersion
from commissions.services.plans import draft_plan_version
from leads.models import Deal
from tests.admin.conftest import Cast, address, complaints, said
from tests.admin.test_plans import FORM

pytestmark = pytest.mark.django_db
ASK = "/admin/commissions/planversion/simulate/"
REAL = {"over": "deals", "first": "2026-03", "last": "2026-03"}
MADE_UP = {
    **REAL,
    "over": "curve",
    "units": "10, 12,15",
    "price": "1,000,000",
    "method_lump_sum": "40",
    "method_instalment": "0",
    "method_mortgage": "60",
}


@pytest.fixture
def draft(cast: Cast, plan: PlanVersion, planner: Any) -> PlanVersion:
    """A second version of the owner's plan, at 2 %."""
    rules = {name: getattr(plan, name) for name in ("basis", "measure", "period", "scope", "mode", "release")}
    return draft_plan_version(
        actor=planner,
        project=cast.here,
        agency=cast.owner.agency,
        payee=plan.plan.payee,
        applies_to=plan.plan.applies_to,
        tiers=[{"from": "0", "rate": "0.02"}],
        **rules,
    )


def _answered(client: Client, response: Any) -> Job:
    assert response.status_code == 302, complaints(response)
    job = Job.objects.latest("pk")
    assert response.url == reverse("jobs:detail", args=[job.pk])
    assert deliver_message(OutboxMessage.objects.latest("pk").pk)
    job.refresh_from_db()
    assert job.state == "done", job.errors
    return job


def test_a_version_is_tried_beside_the_plans_of_today(
    cast: Cast, paid_deal: Deal, draft: PlanVersion, enter: Any
) -> None:
    client = enter("marketing_manager")
    ask = f"{ASK}?version={draft.pk}"
    assert ask in said(client.get(address(PlanVersion, "change", draft.pk)))
    assert client.get(ask).status_code == 200
    job = _answered(client, client.post(ask, REAL))
    page = said(client.get(job.result_url))
    for text in ("Plans of today", f"Version {draft.number}", "25,600.00 CNY", "2 %", cast.owner.agency.name):
        assert text in page.replace("\xa0", " "), text
    assert address(PlanVersion, "change", draft.pk) in page


def test_what_stands_in_the_form_is_tried_and_made_a_draft_of(cast: Cast, paid_deal: Deal, enter: Any) -> None:
    client = enter("marketing_manager")
    form = FORM | {"project": cast.here.pk, "agency": cast.owner.agency.pk}
    stored = PlanVersion.objects.count()
    job = _answered(client, client.post(address(PlanVersion, "add"), form | {"_simulate": "1"}))
    assert PlanVersion.objects.count() == stored
    assert "As typed" in said(client.get(job.result_url))
    begun = client.get(address(PlanVersion, "add"), {"tried": str(job.pk)}).context["form"]
    typed = {field.name: field.value() or "" for field in begun if field.name != "grades"}
    assert (str(typed["project"]), str(typed["agency"])) == (str(cast.here.pk), str(cast.owner.agency.pk))
    drafted = client.post(address(PlanVersion, "add"), typed)
    assert drafted.status_code == 302, complaints(drafted)
    made = PlanVersion.objects.get(state="draft")
    assert made.tiers == job.arguments["tries"][0]["rules"]["tiers"]


def test_made_up_sales_and_a_second_plan_are_asked_of_an_earlier_try(
    cast: Cast, paid_deal: Deal, draft: PlanVersion, enter: Any
) -> None:
    client = enter("marketing_manager")
    form = FORM | {"project": cast.here.pk, "agency": cast.owner.agency.pk}
    first = _answered(client, client.post(address(PlanVersion, "add"), form | {"_simulate": "1"}))
    ask = f"{ASK}?job={first.pk}"
    assert client.get(ask).status_code == 200
    job = _answered(client, client.post(ask, MADE_UP | {"other": str(draft.pk)}))
    page = said(client.get(job.result_url)).replace("\xa0", " ")
    assert "Made-up sales from April 2026 on: 10, 12, 15 units by month at 1,000,000.00 CNY." in page
    assert "37 units for 37,000,000.00 CNY." in page
    assert job.report["totals"][2] == "740000.00"
    assert "As typed, in words" in page and f"Version {draft.number}, in words" in page


def test_faults_stand_beside_their_fields(draft: PlanVersion, enter: Any) -> None:
    client = enter("marketing_manager")
    ask = f"{ASK}?version={draft.pk}"
    for wrong, field in (
        (REAL | {"last": "2026-02"}, "last"),
        (REAL | {"first": "1999-01"}, "first"),
        (MADE_UP | {"units": ""}, "units"),
        (MADE_UP | {"units": "ten"}, "units"),
        (MADE_UP | {"price": ""}, "price"),
        (MADE_UP | {"price": "1.001"}, "price"),
        (MADE_UP | {"method_mortgage": "61"}, "method_mortgage"),
    ):
        response = client.post(ask, wrong)
        assert (response.status_code, list(complaints(response))) == (422, [field])
    assert not Job.objects.exists()


def test_the_answer_speaks_chinese(paid_deal: Deal, draft: PlanVersion, enter: Any) -> None:
    client = enter("marketing_manager", language="zh-hans")
    job = _answered(client, client.post(f"{ASK}?version={draft.pk}", REAL))
    page = said(client.get(job.result_url))
    assert "现行方案" in page
    for english in ("Plans of today", "In short", "By month", "Who gains", "When it falls due", "How it was"):
        assert english not in page


@pytest.mark.parametrize("role", ["marketing", "finance", "auditor"])
def test_only_managers_ask_and_read(role: str, paid_deal: Deal, draft: PlanVersion, enter: Any) -> None:
    manager = enter("marketing_manager")
    job = _answered(manager, manager.post(f"{ASK}?version={draft.pk}", REAL))
    client = enter(role)
    assert client.get(f"{ASK}?version={draft.pk}").status_code == 403
    assert client.get(job.result_url).status_code == 403


def test_another_managers_try_and_what_is_none_are_not_there(
    paid_deal: Deal, draft: PlanVersion, planner: Any, enter: Any
) -> None:
    manager = enter("marketing_manager")
    job = _answered(manager, manager.post(f"{ASK}?version={draft.pk}", REAL))
    other = Client()
    other.force_login(planner)
    add = address(PlanVersion, "add")
    for page in (job.result_url, f"{ASK}?job={job.pk}", f"{ASK}?job=1", ASK, f"{ASK}?version=1", f"{add}?tried=x"):
        assert other.get(page).status_code == 404, page
