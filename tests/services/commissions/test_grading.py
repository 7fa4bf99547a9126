"""Grades: a dated history that is never rewritten, and plans that pay some of them."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, InternalError, transaction

from brokers.models import AgencyGrade, HeldGrade
from brokers.selectors import grade_held
from brokers.services.grades import keep_grade
from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from commissions.engine.plans import InvalidPlan
from commissions.services.grading import grade_agency
from commissions.words import explain_row
from leads.models import DealOutbox
from projects.models import Project
from tests.services.commissions.cast import AT_CONTRACT, at, figures, ledger_state, person

TODAY = date(2026, 3, 1)


@pytest.fixture
def grades(cast):
    with clock.at(cast.now):
        return {
            code: keep_grade(actor=cast.manager, grade=AgencyGrade(code=code, name=f"Grade {code}", rank=rank))
            for rank, code in enumerate("ABC", start=1)
        }


def grade(cast, name, given, from_on=TODAY, reason="yearly review"):
    with clock.at(cast.now):
        return grade_agency(actor=cast.manager, agency=cast.agencies[name], grade=given, from_on=from_on, reason=reason)


def test_a_grade_is_entered_with_its_reason_and_kept(cast, grades):
    held = grade(cast, "A1", grades["B"])
    assert grade_held(cast.agencies["A1"], TODAY) == grades["B"]
    assert grade_held(cast.agencies["A1"], TODAY - timedelta(days=1)) is None
    event = Event.objects.get(action="agency.graded")
    assert (event.actor_id, event.reason) == (cast.manager.pk, "yearly review")
    assert (event.before, event.after) == ({"grade": ""}, {"grade": "B", "from": "2026-03-01"})
    for change in ({"from_on": date(2026, 1, 1)}, {"grade": grades["A"]}):
        with pytest.raises(InternalError, match="Cannot update"), transaction.atomic():
            HeldGrade.objects.filter(pk=held.pk).update(**change)


def test_the_past_is_not_rewritten_in_any_projects_time(cast, grades):
    with pytest.raises(Invalid) as refusal:
        grade(cast, "A1", grades["A"], from_on=TODAY - timedelta(days=1))
    assert refusal.value.code == "past"
    Project.objects.filter(pk=cast.project.pk).update(timezone="Pacific/Kiritimati")
    cast.now = at("03-01 20:00")  # there it is the 2nd already
    with pytest.raises(Invalid):
        grade(cast, "A1", grades["A"])
    assert not HeldGrade.objects.exists()


@pytest.mark.parametrize(("given", "why"), [("same", "nothing_changed"), ("other", "reason_required")])
def test_an_entry_says_something_new_and_why(cast, grades, given, why):
    grade(cast, "A1", grades["B"])
    with pytest.raises((Invalid, NotAllowed)) as refusal:
        grade(cast, "A1", grades["B" if given == "same" else "A"], reason=" " if given == "other" else "again")
    assert refusal.value.code == why
    assert HeldGrade.objects.count() == 1


def test_what_is_planned_is_replaced_by_another_entry_for_its_day(cast, grades):
    april = date(2026, 4, 1)
    grade(cast, "A1", grades["A"])
    grade(cast, "A1", grades["C"], from_on=april)
    grade(cast, "A1", None, from_on=april)
    assert grade_held(cast.agencies["A1"], april - timedelta(days=1)) == grades["A"]
    assert grade_held(cast.agencies["A1"], april) is None


@pytest.mark.parametrize("role", [Role.MARKETING, Role.FINANCE, Role.AGENCY_ADMIN, Role.AUDITOR])
def test_only_a_marketing_manager_keeps_grades(cast, grades, role):
    cast.manager = person(role)
    with pytest.raises(Forbidden):
        grade(cast, "A1", grades["A"])
    with pytest.raises(Forbidden):
        keep_grade(actor=cast.manager, grade=AgencyGrade(code="D", name="D", rank=9))
    assert AgencyGrade.objects.count() == 3


def test_a_grades_code_stays_when_its_name_changes(cast, grades):
    grades["A"].code, grades["A"].name = "AA", "Gold"
    keep_grade(actor=cast.manager, grade=grades["A"])
    stored = AgencyGrade.objects.get(pk=grades["A"].pk)
    assert (stored.code, stored.name) == ("A", "Gold")
    with pytest.raises(InternalError), transaction.atomic():
        AgencyGrade.objects.filter(pk=stored.pk).update(code="AA")
    with pytest.raises(IntegrityError), transaction.atomic():
        AgencyGrade.objects.filter(pk=stored.pk).update(rank=2)


def test_a_deal_goes_by_the_grade_on_its_day_whatever_comes_later(cast, grades):
    grade(cast, "A1", grades["C"])
    cast.plan("A1", grades=["A", "B"], release=AT_CONTRACT)
    refused = cast.contracted("B1")
    cast.now = at("03-10 09:00")
    grade(cast, "A1", grades["B"], from_on=date(2026, 3, 10))
    cast.contracted("B1")
    cast.run()
    assert cast.figures("A1") == figures(earned="10000.00", payable="10000.00")
    assert explain_row(cast.line(refused, "A1").explanation) == (
        "Not under this plan: the agency held grade C on 1 March 2026; the plan pays A and B."
    )
    cast.now = at("04-01 09:00")
    grade(cast, "A1", None, from_on=date(2026, 4, 1))
    before = ledger_state(cast.project)
    assert cast.run().changed == 0
    assert ledger_state(cast.project) == before


def test_a_change_from_today_is_reckoned_by_the_next_run(cast, grades):
    cast.plan("A1", grades=["A"], release=AT_CONTRACT)
    cast.plan("A2")
    grade(cast, "A1", grades["A"])
    cast.contracted("B1")
    cast.run()
    DealOutbox.objects.all().delete()
    grade(cast, "A2", grades["A"])
    assert not DealOutbox.objects.exists()  # no plan of A2 asks
    grade(cast, "A1", grades["B"])
    assert DealOutbox.objects.filter(project=cast.project, what="grade").count() == 1
    assert cast.run().changed == 1
    assert cast.figures("A1") == figures()


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        (["A", "Z"], {"grades.1": "unknown_grade"}),
        (["A", "A"], {"grades.1": "duplicate"}),
        ([" "], {"grades.0": "invalid_choice"}),
        ("A", {"grades": "not_a_list"}),
    ],
)
def test_a_plan_names_grades_of_the_list(cast, grades, given, faults):
    with pytest.raises(InvalidPlan) as refusal:
        cast.plan("A1", grades=given)
    assert refusal.value.facts["faults"] == faults


def test_other_grades_do_not_let_two_versions_stand_side_by_side(cast, grades):
    cast.plan("A1", grades=["A"])
    with pytest.raises(NotAllowed) as refusal:
        cast.plan("A1", grades=["B"])
    assert refusal.value.code == "plan_overlaps"


def test_an_approved_versions_grades_are_fixed(cast, grades):
    version = cast.plan("A1", grades=["A"])
    assert version.conditions == {"agency_grade": ["A"]}
    with pytest.raises(IntegrityError, match="fixed"), transaction.atomic():
        type(version).objects.filter(pk=version.pk).update(conditions={})
