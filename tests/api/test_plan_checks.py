"""Plans over HTTP: conditions, caps, what the checks find, and a reason for what they warn of."""

from brokers.models import Agreement
from commissions.models import PlanVersion
from projects.models import Project
from tests.api.test_story import FULL_RELEASE, PLAN


def test_conditions_caps_and_findings_over_http(cast):
    Project.objects.filter(pk=cast.project.pk).update(commission_ceiling="5")
    body = {
        **PLAN,
        "release": FULL_RELEASE,
        "conditions": {"area": {"below": "90"}, "buildings": ["1"]},
        "caps": {"deal": "50000.00"},
        "bonuses": [{"name": "cash", "amount": "3000.00", "to": "broker", "release": "subscribed"}],
    }
    author = cast.client("marketing_manager")
    wrong = author.post("/api/v1/plans/", {**body, "caps": {"deal": "0"}}, format="json")
    assert [(error["field"], error["code"]) for error in wrong.json()["errors"]] == [("caps.deal", "not_positive")]
    drafted = author.post("/api/v1/plans/", body, format="json").json()
    assert (drafted["conditions"], drafted["caps"]) == (body["conditions"], body["caps"])

    findings = author.get(f"/api/v1/plans/{drafted['id']}/findings/").json()
    assert ("over_ceiling", "error", "tiers.0.rate") in [
        (one["code"], one["severity"], one["field"]) for one in findings
    ]
    assert findings[-1]["code"] == "bonus_before_contract"
    assert findings[-1]["detail"] == "The bonus “cash” is paid at subscription, before the contract is signed."

    second = type(cast.staff["marketing"]).objects.create_user("manager-3", role="marketing_manager", all_projects=True)
    approve = f"/api/v1/plans/{drafted['id']}/approve/"
    barred = cast.client(second).post(approve, {"reason": "all the same"}, format="json")
    assert (barred.status_code, barred.json()["code"]) == (409, "plan_has_errors")
    assert "over_ceiling" in {error["code"] for error in barred.json()["errors"]}

    Project.objects.filter(pk=cast.project.pk).update(commission_ceiling=None)
    warned = cast.client(second).post(approve, {}, format="json")
    assert (warned.status_code, warned.json()["code"]) == (422, "warnings_need_reason")
    assert PlanVersion.objects.get(pk=drafted["id"]).state == "draft"
    approved = cast.client(second).post(approve, {"reason": "a launch offer"}, format="json").json()
    assert (approved["state"], approved["approval_reason"]) == ("approved", "a launch offer")
    assert any("before the contract is signed" in words for words in approved["warnings"])


def test_a_quiet_plan_needs_no_reason(cast):
    assert Agreement.objects.filter(agency__code=PLAN["agency"]).exists()
    drafted = cast.client("marketing_manager").post("/api/v1/plans/", {**PLAN, "release": FULL_RELEASE}, format="json")
    second = type(cast.staff["marketing"]).objects.create_user("manager-4", role="marketing_manager", all_projects=True)
    answer = cast.client(second).post(f"/api/v1/plans/{drafted.json()['id']}/approve/")
    assert (answer.status_code, answer.json()["warnings"]) == (200, [])
