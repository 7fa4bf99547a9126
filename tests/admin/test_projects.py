"""Projects, rules, units and paying companies are changed through the services, and say so on the audit trail."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from channels_platform.audit.models import Event
from projects.models import PayingCompany, Permit, Phase, Policy, Project, Unit
from projects.selectors import current_policy
from projects.services.units import create_unit
from tests.admin.conftest import Cast, address, complaints, do, said

pytestmark = pytest.mark.django_db

NO_INLINES = {
    f"{prefix}-{name}": 0 for prefix in ("phases", "permits", "materials") for name in ("TOTAL_FORMS", "INITIAL_FORMS")
}


def _form(project: Project, **changed: Any) -> dict[str, Any]:
    fields = ("name", "status", "city", "district", "address", "timezone", "currency")
    return {name: getattr(project, name) for name in fields} | {"company": project.company_id} | NO_INLINES | changed


def _rules(cast: Cast, **changed: Any) -> dict[str, Any]:
    rules = {name: getattr(current_policy(cast.here), name) for name in Policy.RULES} | changed
    return {name: value for name, value in rules.items() if value is not None and value is not False}


def test_new_project_has_rules_from_the_start(cast: Cast, enter: Any) -> None:
    data = {"code": "NEW", "name": "New Hill", "status": "open", "company": cast.here.company_id,
            "timezone": "Asia/Shanghai", "currency": "CNY", "city": "", "district": "", "address": ""}  # fmt: skip
    response = enter("marketing", all_projects=True).post(address(Project, "add"), data)
    assert response.status_code == 302, complaints(response)
    project = Project.objects.get(code="NEW")
    assert current_policy(project).version == 1
    event = Event.objects.get(action="project.created", target_id=str(project.pk))
    assert event.actor.username == "a-marketing"
    assert response.url == address(Project, "changelist")


def test_changed_project_keeps_its_code_and_tells_what_changed(cast: Cast, enter: Any) -> None:
    data = _form(cast.here, name="Golden Lake II", code="OTHER")
    assert enter("marketing").post(address(Project, "change", cast.here.pk), data).status_code == 302
    cast.here.refresh_from_db()
    assert (cast.here.code, cast.here.name) == ("HERE", "Golden Lake II")
    event = Event.objects.get(action="project.changed")
    assert (event.before, event.after) == ({"name": "Golden Lake"}, {"name": "Golden Lake II"})


def test_currency_stays_once_clients_were_filed(cast: Cast, enter: Any) -> None:
    cast.file()
    response = enter("marketing").post(
        address(Project, "change", cast.here.pk), _form(cast.here, currency="HKD", name="Half changed")
    )
    assert response.status_code == 422
    assert list(response.context["adminform"].form.errors) == ["currency"]
    cast.here.refresh_from_db()
    assert (cast.here.currency, cast.here.name) == ("CNY", "Golden Lake")


def test_phases_permits_and_materials_are_kept_and_removed(cast: Cast, enter: Any) -> None:
    client = enter("marketing")
    data = _form(cast.here) | {
        "phases-TOTAL_FORMS": 1, "phases-0-name": "One", "phases-0-project": cast.here.pk,
        "permits-TOTAL_FORMS": 1, "permits-0-number": "2026-001", "permits-0-issued_on": "2026-01-05",
        "permits-0-scope": "1-3", "permits-0-project": cast.here.pk,
    }  # fmt: skip
    response = client.post(address(Project, "change", cast.here.pk), data)
    assert response.status_code == 302, complaints(response)
    phase, permit = Phase.objects.get(), Permit.objects.get()
    assert (phase.project, permit.number) == (cast.here, "2026-001")
    assert {"phase.created", "permit.created"} <= set(Event.objects.values_list("action", flat=True))

    gone = _form(cast.here) | {
        "phases-TOTAL_FORMS": 1, "phases-INITIAL_FORMS": 1, "phases-0-id": phase.pk, "phases-0-name": "One",
        "phases-0-project": cast.here.pk, "phases-0-DELETE": "on",
    }  # fmt: skip
    assert client.post(address(Project, "change", cast.here.pk), gone).status_code == 302
    assert not Phase.objects.exists()
    assert Event.objects.filter(action="phase.removed").exists()


def test_rules_form_starts_from_the_rules_in_force(cast: Cast, enter: Any) -> None:
    form = enter("marketing").get(address(Project, "act", cast.here.pk, "rules")).context["form"]
    assert form.initial["exclusive_from"] == "filing"
    assert form.initial["lead_time_minutes"] == 0


def test_changed_rules_are_a_new_version(cast: Cast, enter: Any) -> None:
    response = do(enter("marketing"), cast.here, "rules", **_rules(cast, protection_days=45))
    assert response.status_code == 302, complaints(response)
    assert [policy.version for policy in cast.here.policies.all()] == [2, 1]
    assert current_policy(cast.here).protection_days == 45
    page = said(enter("marketing").get(address(Project, "change", cast.here.pk)))
    assert "Protection lasts 45 days, to the minute." in page


def test_rules_that_cannot_stand_together_are_refused_beside_the_field(cast: Cast, enter: Any) -> None:
    response = do(enter("marketing"), cast.here, "rules", **_rules(cast, phone_mode="masked"))
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["phone_mode"]
    assert cast.here.policies.count() == 1


@pytest.mark.parametrize("role", ["finance", "auditor"])
def test_who_may_not_edit_projects_cannot_change_rules(role: str, cast: Cast, enter: Any) -> None:
    assert do(enter(role), cast.here, "rules", **_rules(cast, protection_days=1)).status_code == 403
    assert cast.here.policies.count() == 1


def test_unit_is_made_and_changed_but_its_state_is_not(cast: Cast, enter: Any) -> None:
    client = enter("marketing")
    data = {"project": cast.here.pk, "phase": "", "building": "3", "number": "1203", "unit_type": "3R",
            "area": "89.50", "list_price": "1280000"}  # fmt: skip
    assert client.post(address(Unit, "add"), data).status_code == 302
    unit = Unit.objects.get()
    changed = data | {"list_price": "1300000", "state": "handed_over"}
    assert client.post(address(Unit, "change", unit.pk), changed).status_code == 302
    unit.refresh_from_db()
    assert (unit.list_price, unit.state) == (Decimal(1300000), "available")
    assert Event.objects.get(action="unit.changed").after == {"list_price": "1300000"}


def _upload(client: Any, text: str) -> Any:
    file = SimpleUploadedFile("units.csv", text.encode(), content_type="text/csv")
    return client.post(address(Unit, "import"), {"import_file": file, "format": "0", "resource": "0"})


HEAD = "project,phase,building,number,unit_type,area,list_price\n"


def test_import_shows_first_and_changes_only_when_confirmed(cast: Cast, enter: Any) -> None:
    client = enter("marketing")
    shown = _upload(client, HEAD + "HERE,One,1,101,3R,89.50,1280000\nHERE,One,1,102,3R,90,1300000\n")
    assert shown.status_code == 200
    assert not shown.context["result"].has_errors(), [row.errors for row in shown.context["result"].rows]
    assert not Unit.objects.exists()
    confirmed = client.post(address(Unit, "process_import"), shown.context["confirm_form"].initial)
    assert confirmed.status_code == 302
    assert [(unit.number, str(unit.phase)) for unit in Unit.objects.order_by("number")] == [
        ("101", "One"),
        ("102", "One"),
    ]
    assert Event.objects.filter(action="unit.created").count() == 2


def test_import_again_changes_what_is_known(cast: Cast, enter: Any) -> None:
    unit = create_unit(actor=None, project=cast.here, building="1", number="101", area="80", list_price="1000000")
    client = enter("marketing")
    shown = _upload(client, HEAD + "HERE,,1,101,,80,1100000\n")
    client.post(address(Unit, "process_import"), shown.context["confirm_form"].initial)
    unit.refresh_from_db()
    assert (unit.list_price, Unit.objects.count()) == (Decimal(1100000), 1)


def test_import_names_each_faulty_row_and_keeps_nothing(cast: Cast, enter: Any) -> None:
    text = HEAD + "HERE,,1,101,,80,1000000\nELSE,,1,1,,80,1000000\nHERE,,1,102,,0,1000000\n"
    shown = _upload(enter("marketing"), text)
    result = shown.context["result"]
    assert result.has_errors() or result.has_validation_errors()
    assert not Unit.objects.exists()


def test_finance_can_export_units_but_not_import(cast: Cast, enter: Any) -> None:
    client = enter("finance")
    assert client.get(address(Unit, "import")).status_code == 403
    assert client.get(address(Unit, "export")).status_code == 200


@pytest.mark.parametrize("formula", ["=2+3", "＝2+3", "\u3000@SUM(1)"])
def test_export_defuses_formulas_and_is_on_the_audit_trail(cast: Cast, enter: Any, formula: str) -> None:
    create_unit(actor=None, project=cast.here, building="1", number=formula, area="80", list_price="1000000")
    create_unit(actor=None, project=cast.elsewhere, building="9", number="999", area="80", list_price="1000000")
    fields = {f"unitresource_{name}": "on" for name in ("project", "building", "number", "area")}
    response = enter("marketing").post(address(Unit, "export"), {"format": "0", "resource": "0", **fields})
    text = response.content.decode()
    assert text.startswith("\ufeff")
    assert f"'{formula}" in text
    assert "999" not in text
    assert Event.objects.get(action="units.exported").after == {"rows": 1}


def test_paying_company_is_the_managers(cast: Cast, enter: Any) -> None:
    data = {"code": "RIVER", "name": "River Co.", "timezone": "Asia/Shanghai", "payout_day": 8,
            "payout_time": "09:00:00", "minimum_amount": "0"}  # fmt: skip
    assert enter("marketing").post(address(PayingCompany, "add"), data).status_code == 403
    assert enter("marketing_manager").post(address(PayingCompany, "add"), data).status_code == 302
    assert Event.objects.filter(action="payingcompany.created").count() == 1
