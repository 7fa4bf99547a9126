"""Projects and their policy versions (domain 4.1)."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib.errors import Invalid
from projects.models import PayingCompany, Phase, Policy
from projects.selectors import current_policy, visible_projects
from projects.services.details import keep_company
from projects.services.projects import change_project, create_project, policy_faults, set_policy
from projects.services.units import create_unit
from tests.cast import LI, START, open_site, person, project_of

pytestmark = pytest.mark.django_db


def test_a_project_starts_with_the_usual_rules():
    policy = current_policy(project_of())
    assert policy.version == 1
    assert {name: getattr(policy, name) for name in Policy.RULES} == {
        "exclusive_from": "visit",
        "protection_days": 30,
        "window_end": "exact",
        "visit_within_hours": 72,
        "lead_time_minutes": 60,
        "lookback_days": 90,
        "revisit_extends": False,
        "max_protection_days": None,
        "phone_mode": "full",
        "daily_filing_limit": None,
        "credit_days": None,
        "proxy_purchase": False,
        "dispute_days": 7,
    }


def test_a_change_is_a_new_version_with_the_rest_as_it_was():
    project = project_of(policy={"protection_days": 15})
    set_policy(project=project, actor=None, lead_time_minutes=0)
    policy = current_policy(project)
    assert (policy.version, policy.protection_days, policy.lead_time_minutes) == (2, 15, 0)
    event = Event.objects.filter(action="policy.changed").latest("id")
    assert (event.before, event.after) == ({"lead_time_minutes": 60}, {"lead_time_minutes": 0, "version": 2})


def test_no_change_is_no_version():
    project = project_of()
    set_policy(project=project, actor=None, protection_days=30)
    assert Policy.objects.filter(project=project).count() == 1


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"phone_mode": "masked", "exclusive_from": "filing"}, "phone_mode"),
        ({"protection_days": 0}, "protection_days"),
        ({"protection_days": None}, "protection_days"),
        ({"protection_days": 1.5}, "protection_days"),
        ({"protection_days": True}, "protection_days"),
        ({"protection_days": 10**9}, "protection_days"),
        ({"lead_time_minutes": -1}, "lead_time_minutes"),
        ({"lookback_days": None}, "lookback_days"),
        ({"visit_within_hours": 0}, "visit_within_hours"),
        ({"credit_days": 0}, "credit_days"),
        ({"exclusive_from": "birth"}, "exclusive_from"),
        ({"exclusive_from": ["visit"]}, "exclusive_from"),
        ({"window_end": None}, "window_end"),
        ({"revisit_extends": "yes"}, "revisit_extends"),
        ({"protection_weeks": 1}, "protection_weeks"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_by_field(rules, field):
    project = project_of()
    with pytest.raises(Invalid) as refusal:
        set_policy(project=project, actor=None, **rules)
    assert (refusal.value.code, refusal.value.field) == ("bad_policy", field)
    assert Policy.objects.filter(project=project).count() == 1


def test_masked_is_refused_beside_what_the_last_version_says():
    project = project_of(policy={"exclusive_from": "filing"})
    with pytest.raises(Invalid):
        set_policy(project=project, actor=None, phone_mode="masked")


@pytest.mark.parametrize("name", ["visit_within_hours", "max_protection_days", "daily_filing_limit", "credit_days"])
def test_what_may_be_without_limit_may(name):
    assert policy_faults({name: None}) == {}


def test_a_project_whose_policy_cannot_be_is_not_made():
    company = project_of().company
    with pytest.raises(Invalid):
        create_project(actor=None, code="half", company=company, name="Half", policy={"protection_days": 0})
    assert not type(company.projects.get()).objects.filter(code="half").exists()


@pytest.mark.parametrize("fields", [{"timezone": "Moon/Sea"}, {"currency": "yuan"}, {"code": "no spaces"}])
def test_a_project_that_cannot_be_is_refused(fields):
    company = project_of().company
    usual = {"code": "x", "name": "X", "company": company} | fields
    with pytest.raises(ValidationError) as refusal:
        create_project(actor=None, **usual)
    assert set(refusal.value.message_dict) == set(fields)


def test_currency_and_zone_stay_once_clients_were_filed():
    site = open_site()
    change_project(actor=site.manager, project=site.project, timezone="Asia/Tokyo")
    site.file(site.owner, LI)
    other = PayingCompany.objects.create(code="other", name="Other")
    for fields in ({"timezone": "Asia/Shanghai"}, {"currency": "USD"}, {"company": other}):
        with pytest.raises(Invalid) as refusal:
            change_project(actor=site.manager, project=site.project, **fields)
        assert refusal.value.code == "fixed_by_use"


def test_a_companys_zone_stays_once_its_projects_have_deals():
    site = open_site()
    company = site.project.company
    company.timezone = "Asia/Tokyo"
    keep_company(actor=site.manager, company=company)
    site.subscribe(LI, at=START)
    company.timezone = "Asia/Bangkok"
    with pytest.raises(Invalid) as refusal:
        keep_company(actor=site.manager, company=company)
    assert (refusal.value.code, refusal.value.field) == ("fixed_by_use", "timezone")
    company.timezone, company.phone = "Asia/Tokyo", "021 5555 0100"
    assert keep_company(actor=site.manager, company=company).phone == "021 5555 0100"


def test_a_change_is_recorded_with_before_and_after():
    site = open_site()
    change_project(actor=site.manager, project=site.project, status="paused", city="Wuxi")
    event = Event.objects.get(action="project.changed")
    assert (event.actor, event.before, event.after) == (
        site.manager,
        {"status": "open", "city": ""},
        {"status": "paused", "city": "Wuxi"},
    )


def test_staff_see_the_projects_they_are_assigned_to():
    one, two = project_of(), project_of()
    assigned = person(Role.RECEPTION, all_projects=False)
    assigned.projects.add(one)
    assert set(visible_projects(assigned)) == {one}
    assert set(visible_projects(person(Role.AUDITOR))) == {one, two}
    assert not visible_projects(person(Role.BROKER, all_projects=False)).exists()


def test_a_unit_makes_its_phase_once():
    project = project_of()
    usual = {"building": "1", "unit_type": "3B", "area": 90, "list_price": Decimal(100)}
    for number in ("1", "2"):
        create_unit(actor=None, project=project, phase="One", number=number, **usual)
    assert Phase.objects.filter(project=project).count() == 1
    with pytest.raises(ValidationError):
        create_unit(actor=None, project=project, phase="One", number="2", **usual)
    assert Event.objects.filter(action="unit.created").count() == 2
