"""Simulation: today's plans come to what the ledger holds, another stands in for them, and nothing is written."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from python_calamine import CalamineWorkbook

from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.jobs.models import Job, OutboxMessage
from channels_platform.jobs.selectors import get_job
from channels_platform.jobs.services import deliver_message, report_progress
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid
from commissions import simulating
from commissions.engine.plans import InvalidPlan
from commissions.models import Accrual, LedgerEntry, Plan, PlanVersion
from commissions.plan_facts import version_fields
from commissions.services import simulations
from commissions.services.simulations import last_months, start_simulation
from leads.models import Deal
from tests.services.commissions.cast import Cast, at, ledger_state, person

pytestmark = pytest.mark.django_db

MARCH = {"first": date(2026, 3, 1), "last": date(2026, 3, 31)}
MIX = {"lump_sum": "0.5", "instalment": "0", "mortgage": "0.5"}


def tried(cast: Cast, version: PlanVersion | None = None, **asked: Any) -> Job:
    with clock.at(cast.now):
        asked = {"actor": cast.author, "project": cast.project, "agency": cast.agencies["A1"], **MARCH, **asked}
        job = start_simulation(version=version, **asked)
        assert deliver_message(OutboxMessage.objects.latest("pk").pk)
    job.refresh_from_db()
    assert job.state == "done", job.errors
    return job


def sheets(job: Job) -> dict[str, list[list[Any]]]:
    with job.result_file.open("rb") as file:
        book = CalamineWorkbook.from_filelike(file)
        return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


@pytest.fixture
def sold(cast: Cast) -> Cast:
    """A rising plan of A1, one of its rival and of the on-site agency; four deals, one cancelled, one not signed."""
    cast.plan("A1", tiers=(("0", "0.01"), ("2", "0.02")), mode="retroactive")
    cast.plan("A2", tiers=(("0", "0.03"),))
    cast.plan("S1", applies_to="all", tiers=(("0", "0.001"),))
    cast.contracted("B1", "C1", price="777777.77")
    cast.contracted("B2", price="1000000.00")
    cast.cancel(cast.contracted("B1", price="900000.00"))
    cast.subscribed("B1", price="800000.00")
    cast.contracted("B1", price="1234567.89", method="mortgage", first="300000.00")
    cast.run()
    return cast


def test_plans_of_today_come_to_what_the_ledger_holds(sold):
    draft = sold.plan("A1", approved=False, tiers=(("0", "0.015"),))
    job = tried(sold, draft)
    held = -sum(LedgerEntry.objects.filter(project=sold.project, account="expense").values_list("amount", flat=True))
    assert (job.report["units"], job.report["sales"]) == (3, "3012345.66")
    assert Decimal(job.report["totals"][0]) == held > 0
    by_payee = {key: costs for kind, key, costs in job.report["payees"]}
    for payee in ("A1", "A2", "S1"):
        assert by_payee[str(sold.agencies[payee].pk)][0] == sold.figures(payee)["earned"]


def test_who_gains_is_told_beside_who_stays_as_they_are(sold):
    draft = sold.plan("A1", approved=False, tiers=(("0", "0.015"),))
    before = sold.figures("A1")["earned"]
    report = tried(sold, draft).report
    first = report["payees"][0]
    # 1.5 % of 388,888.885, 1,000,000.00 and 1,234,567.89, each rounded half up
    assert first == ["agency", str(sold.agencies["A1"].pk), [before, "39351.85"]]
    assert [one[2][0] == one[2][1] for one in report["payees"][1:]] == [True, True]
    assert {month[0] for month in report["months"]} == {"2026-03"}
    assert sum(Decimal(amounts[1]) for _when, amounts in report["due"]) == Decimal(report["totals"][1])


def test_workbook_adds_up_to_what_the_page_tells(sold):
    drafts = [sold.plan("A1", approved=False, tiers=(("0", rate),)) for rate in ("0.015", "0.02")]
    job = tried(sold, drafts[0], other=drafts[1])
    assert len(job.report["totals"]) == 3
    for name, first in (("Deals", 3), ("By month", 3), ("Payees", 1)):
        total = sheets(job)[name][-1]
        told = [f"{value:.2f}" for value in total[first : first + 3]]
        assert told == job.report["totals"], name
        assert round(total[first + 3], 2) == float(Decimal(told[1]) - Decimal(told[0]))


def test_typed_rules_are_what_their_draft_is(sold):
    draft = sold.plan("A1", approved=False, tiers=(("0", "0.015"),), bonuses=[
        {"name": "cash", "amount": "500", "to": "broker", "release": "contracted"}
    ])  # fmt: skip
    typed = tried(sold, rules=version_fields(draft)).report
    assert typed == tried(sold, draft).report
    assert any(kind == "broker" for kind, _key, _costs in typed["payees"])


def test_a_simulation_leaves_everything_as_it_is(sold):
    draft = sold.plan("A1", approved=False, tiers=(("0", "0.015"),))
    ledger, lines = ledger_state(sold.project), list(Accrual.objects.order_by("pk").values())
    plans, deals = PlanVersion.objects.count(), Deal.objects.count()
    tried(sold, draft)
    tried(sold, draft, curve={"units": [3], "price": "1000000", "methods": MIX})
    assert ledger_state(sold.project) == ledger
    assert list(Accrual.objects.order_by("pk").values()) == lines
    assert (PlanVersion.objects.count(), Deal.objects.count(), Plan.objects.count()) == (plans, deals, 3)


def test_made_up_sales_cost_by_month_what_either_plan_pays_for_them(sold):
    draft = sold.plan("A1", approved=False, tiers=(("0", "0.01"), ("4", "0.05")), grades=())
    report = tried(sold, draft, curve={"units": [3, 2], "price": "1000000.00", "methods": MIX}).report
    # today all five at 2 %; tried: four at 1 %, the fifth at 5 %
    assert report["totals"] == ["100000.00", "90000.00"]
    assert report["months"] == [
        ["2026-03", 3, "3000000.00", ["60000.00", "30000.00"]],
        ["2026-04", 2, "2000000.00", ["40000.00", "60000.00"]],
    ]
    assert dict(report["due"])["loan_released"] == ["20000.00", "10000.00"]


def test_made_up_sales_are_brought_by_a_broker_without_a_name(sold):
    draft = sold.plan("A1", approved=False, payee="broker", tiers=(("0", "0.002"),))
    job = tried(sold, draft, curve={"units": [2], "price": "1000000.00", "methods": MIX})
    # nothing of today pays the agency's brokers; what it pays the agency is left aside
    assert job.report["payees"] == [["broker", "made-up", ["0.00", "4000.00"]]]
    assert sheets(job)["Payees"][1][0] == "A broker"


def test_a_plan_for_walk_ins_is_tried_on_walk_ins(sold):
    draft = sold.plan("S1", approved=False, applies_to="walk_in", tiers=(("0", "0.002"),))
    sales = {"units": [2], "price": "1000000.00", "methods": MIX}
    report = tried(sold, draft, agency=sold.agencies["S1"], curve=sales).report
    assert report["payees"] == [["agency", str(sold.agencies["S1"].pk), ["2000.00", "4000.00"]]]


@pytest.mark.django_db(transaction=True)
def test_progress_is_seen_while_real_deals_are_read(sold, monkeypatch):
    seen = []

    def note(job, *, done, **total):
        assert not connection.in_atomic_block
        report_progress(job, done=done, **total)
        seen.append(done)

    monkeypatch.setattr(simulating, "_REPORT_EVERY", 2)
    monkeypatch.setattr(simulations, "report_progress", note)
    job = tried(sold, sold.plan("A1", approved=False))
    assert seen == [0, 2, 4]
    assert job.report["units"] == 3


def test_a_simulation_is_for_who_drafts_plans_of_that_project(sold):
    draft = sold.plan("A1", approved=False)
    asked = {"project": sold.project, "agency": sold.agencies["A1"], "version": draft, **MARCH}
    for actor in (sold.finance, sold.approver, person(Role.MARKETING), None):
        with pytest.raises(Forbidden):
            start_simulation(actor=actor, **asked)
    with pytest.raises(Forbidden) as refusal:
        start_simulation(actor=person(Role.MARKETING_MANAGER, all_projects=False), **asked)
    assert refusal.value.code == "beyond_reach"
    assert not Job.objects.exists() and not Event.objects.filter(action="plan.simulated").exists()


def test_a_simulation_is_read_by_who_asked_while_the_project_is_theirs(sold):
    job = tried(sold, sold.plan("A1", approved=False))
    assert get_job(viewer=sold.author, job_id=job.pk) == job
    assert get_job(viewer=sold.manager, job_id=job.pk) is None
    sold.author.all_projects = False
    sold.author.save()
    assert get_job(viewer=sold.author, job_id=job.pk) is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"first": date(2026, 4, 1)}, "last"),
        ({"last": date(2029, 3, 1)}, "last"),
        ({"curve": {"units": [], "price": "1", "methods": MIX}}, "units"),
        ({"curve": {"units": [0], "price": "1", "methods": MIX}}, "units"),
        ({"curve": {"units": [1001], "price": "1", "methods": MIX}}, "units"),
        ({"curve": {"units": [1], "price": "0", "methods": MIX}}, "price"),
        ({"curve": {"units": [1], "price": "1.001", "methods": MIX}}, "price"),
        ({"curve": {"units": [1], "price": "1", "methods": {"lump_sum": "0.9"}}}, "methods"),
    ],
)
def test_what_cannot_be_tried_is_named_by_its_field(sold, wrong, field):
    asked = {"actor": sold.author, "project": sold.project, "agency": sold.agencies["A1"], **MARCH, **wrong}
    with pytest.raises(Invalid) as refusal:
        start_simulation(version=sold.plan("A1", approved=False), **asked)
    assert refusal.value.field == field
    assert not Job.objects.exists()


def test_faults_of_typed_rules_are_all_named(sold):
    rules = version_fields(sold.plan("A1", approved=False)) | {"tiers": [], "mode": "sideways"}
    with pytest.raises(InvalidPlan) as refusal:
        start_simulation(actor=sold.author, project=sold.project, agency=sold.agencies["A1"], rules=rules, **MARCH)
    assert {fault.field for fault in refusal.value.faults} == {"mode", "tiers"}


def test_twelve_months_end_with_the_present_one(sold):
    with clock.at(at("01-15 10:00")):
        assert last_months(sold.project) == (date(2025, 2, 1), date(2026, 1, 1))
    with clock.at(at("12-15 10:00")):
        assert last_months(sold.project) == (date(2026, 1, 1), date(2026, 12, 1))
