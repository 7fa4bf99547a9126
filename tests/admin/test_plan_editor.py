"""The plan editor: common forms to start from, figures while one types, checks, differences, copies."""

from typing import Any

import pytest

from brokers.models import Agreement
from commissions.models import PlanVersion
from projects.models import Project
from tests.admin.conftest import Cast, address, complaints, do, said
from tests.admin.test_plans import FORM

pytestmark = pytest.mark.django_db
FIGURES = "/admin/commissions/planversion/add/figures/"


def _form(cast: Cast, **changed: Any) -> dict[str, Any]:
    return FORM | {"project": cast.here.pk, "agency": cast.owner.agency.pk} | changed


def _draft(client: Any, cast: Cast, **changed: Any) -> PlanVersion:
    response = client.post(address(PlanVersion, "add"), _form(cast, **changed))
    assert response.status_code == 302, complaints(response)
    return PlanVersion.objects.get(state="draft")


def _other(client: Any, cast: Cast) -> Any:
    other = client.__class__()
    other.force_login(cast.manager)
    return other


@pytest.mark.parametrize(
    ("start", "rows"),
    [
        ("rising", [("0", "6"), ("20", "6.2"), ("40", "6.4"), ("60", "6.6"), ("80", "6.8"), ("100", "7")]),
        ("per_unit", [("0", "20000")]),
        ("first_millions", [("0", "5"), ("10000000", "6")]),
        ("nonsense", [("0", None)]),
    ],
)
def test_a_common_form_fills_in_the_tiers(start: str, rows: Any, enter: Any) -> None:
    form = enter("marketing_manager").get(address(PlanVersion, "add"), {"start": start}).context["form"]
    shown = [(begin.value(), pay.value()) for begin, pay in form.tier_rows()]
    assert shown[: len(rows)] == rows
    assert not any(begin for begin, _ in shown[len(rows) :])


def test_a_common_form_can_be_drafted_as_it_stands(cast: Cast, enter: Any) -> None:
    client = enter("marketing_manager")
    for start in ("rising", "rising_for_all", "flat", "per_unit", "first_millions"):
        form = client.get(address(PlanVersion, "add"), {"start": start}).context["form"]
        typed = {field.name: field.value() or "" for field in form if field.name != "grades"}
        response = client.post(
            address(PlanVersion, "add"), typed | {"project": cast.here.pk, "agency": cast.owner.agency.pk}
        )
        assert response.status_code == 302, (start, complaints(response))
    assert PlanVersion.objects.count() == 5


def test_conditions_and_caps_are_drafted_as_typed_and_shown_again(cast: Cast, enter: Any) -> None:
    client = enter("marketing_manager")
    typed = {
        "unit_types": "3-bed， 2-bed",
        "buildings": "1",
        "area_from": "89.5",
        "area_below": "144",
        "price_from": "1,000,000",
        "cap_deal": "80,000",
        "cap_period": "500000",
    }
    version = _draft(client, cast, **typed)
    assert version.conditions == {
        "unit_type": ["3-bed", "2-bed"],
        "building": ["1"],
        "area": {"from": "89.5", "below": "144"},
        "price": {"from": "1000000.00"},
    }
    assert version.caps == {"deal": "80000.00", "period": "500000.00"}
    form = client.get(address(PlanVersion, "add"), {"like": version.pk}).context["form"]
    again = {name: form[name].value() for name in typed}
    written = {"price_from": "1000000.00", "cap_deal": "80000.00", "cap_period": "500000.00"}
    assert again == typed | written | {"unit_types": "3-bed, 2-bed"}
    page = said(client.get(address(PlanVersion, "change", version.pk)))
    for sentence in (
        "Only for units of type 3-bed or 2-bed; other deals don&#x27;t count.",
        "Only for units whose area in m² is from 89.5 to below 144; other deals don&#x27;t count.",
        "At most 80,000.00 commission for a deal, bonuses aside.",
    ):
        assert sentence.replace("&#x27;", "'") in page.replace("&#x27;", "'")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"area_from": "wide"}, "area_from"),
        ({"area_from": "144", "area_below": "90"}, "area_below"),
        ({"price_below": "0"}, "price_below"),
        ({"unit_types": "a, a"}, "unit_types"),
        ({"cap_deal": "-1"}, "cap_deal"),
        ({"cap_period": "lots"}, "cap_period"),
    ],
)
def test_each_fault_of_a_condition_or_cap_stands_beside_its_field(
    changed: Any, field: str, cast: Cast, enter: Any
) -> None:
    response = enter("marketing_manager").post(address(PlanVersion, "add"), _form(cast, **changed))
    assert (response.status_code, list(complaints(response))) == (422, [field])
    assert not PlanVersion.objects.exists()


def test_figures_follow_a_form_that_is_not_finished_and_keep_nothing(cast: Cast, enter: Any) -> None:
    client = enter("marketing_manager")
    answer = client.post(FIGURES, FORM | {"project": "", "agency": ""})
    assert answer.status_code == 200
    by_unit = answer.context["curves"][0]
    assert by_unit["rows"][1] == ("20", "76,800.00", "79,360.00", "128,000.00")
    assert by_unit["chart"]["series"][0][:1] == [76800.0]
    assert answer.context["checks"] is None
    unread = client.post(FIGURES, FORM | {"tier_0_from": "1", "project": "", "agency": ""})
    assert "can't be read yet" in unread.content.decode().replace("&#x27;", "'")
    assert client.get(FIGURES).status_code == 405
    assert enter("marketing").post(FIGURES, FORM).status_code == 403
    assert not PlanVersion.objects.exists()


def test_figures_name_what_the_checks_find(cast: Cast, enter: Any) -> None:
    Project.objects.filter(pk=cast.here.pk).update(commission_ceiling="6.1")
    answer = enter("marketing_manager").post(FIGURES, _form(cast, bonus_0_release="subscribed"))
    assert [(one.error, one.words) for one in answer.context["checks"]][:1] == [
        (True, "A tier pays 6.2\u00a0%; the project's ceiling is 6.1\u00a0%.")
    ]
    assert any("before the contract is signed" in one.words for one in answer.context["checks"])


def test_a_warning_asks_the_approver_for_a_reason_that_stays_on_the_page(cast: Cast, enter: Any) -> None:
    author = enter("marketing_manager")
    Agreement.objects.filter(agency=cast.owner.agency).update(to_on="2026-12-31", auto_renew=False)
    version = _draft(author, cast, bonus_0_release="subscribed")
    manager = _other(author, cast)
    refused = do(manager, version, "approve")
    assert (refused.status_code, list(complaints(refused))) == (422, ["reason"])
    assert "(optional)" not in said(refused)
    assert "before the contract is signed" in said(refused)
    assert do(manager, version, "approve", reason="agreed by the board").status_code == 302
    page = said(manager.get(address(PlanVersion, "change", version.pk)))
    assert "Approved all the same: agreed by the board" in page


def test_an_error_bars_the_approval_whatever_the_reason(cast: Cast, enter: Any) -> None:
    author = enter("marketing_manager")
    version = _draft(author, cast)
    Project.objects.filter(pk=cast.here.pk).update(commission_ceiling="6.1")
    refused = do(_other(author, cast), version, "approve", reason="all the same")
    assert refused.status_code == 422
    assert "The checks find errors" in said(refused)
    version.refresh_from_db()
    assert version.state == "draft"


def test_a_version_stands_beside_the_one_before(cast: Cast, enter: Any, plan: PlanVersion) -> None:
    client = enter("marketing_manager")
    version = _draft(
        client, cast, mode="retroactive", tier_1_pay="6.4", tier_2_from="40", tier_2_pay="7", period="year"
    )
    page = client.get(address(PlanVersion, "change", version.pk), {"against": plan.pk})
    sections = {str(section.title): section.data for section in page.context["sections"]}
    changed = {row[0][0]: (row[1][0], row[2][0]) for row in sections["Against version 1"]["rows"]}
    assert changed["Counted per"] == ("Month", "Year")
    assert changed["Tier mode"] == ("Each tier pays its own part", "The tier reached pays for all")
    assert changed["From"] == ("–", "1 March 2026")
    assert "Measured in" not in changed
    beside = [tuple(cell for cell, _ in row) for row in sections["Tiers side by side"]["rows"]]
    assert beside == [
        ("0", "6\u00a0%", "6\u00a0%"),
        ("20", "6.2\u00a0%", "6.4\u00a0%"),
        ("40", "6.2\u00a0%", "7\u00a0%"),
    ]
    heads = [column["name"] for column in sections["Tiers side by side"]["columns"]]
    assert heads == ["From (units)", "v1", "v2"]
    assert client.get(address(PlanVersion, "change", version.pk), {"against": "nonsense"}).status_code == 200


def test_tiers_that_count_units_and_tiers_that_count_sales_stand_apart(
    cast: Cast, enter: Any, plan: PlanVersion
) -> None:
    client = enter("marketing_manager")
    version = _draft(client, cast, measure="amount", tier_1_from="20000000")
    page = client.get(address(PlanVersion, "change", version.pk), {"against": plan.pk})
    sections = {str(section.title): section.data for section in page.context["sections"]}
    assert "Tiers side by side" not in sections
    for name, heads, starts in (
        ("Tiers of v1", ["From (units)", "Pays"], ["0", "20"]),
        ("Tiers of v2", ["From sales of (CNY)", "Pays"], ["0", "20,000,000"]),
    ):
        table = sections[name]
        assert [column["name"] for column in table["columns"]] == heads
        assert [row[0][0] for row in table["rows"]] == starts
    drawn = sections["What the n-th unit and the n-th million earn"]["curves"]
    units, millions = (one["chart"]["axes"] for one in drawn)
    assert (units, millions) == (["n-th unit", "CNY"], ["n-th million of sales", "CNY"])


def test_a_copy_is_for_another_agency_and_a_draft(cast: Cast, enter: Any, plan: PlanVersion) -> None:
    client = enter("marketing_manager")
    form = client.get(address(PlanVersion, "add"), {"copy": plan.pk}).context["form"]
    assert (form["agency"].value(), form["project"].value(), form["tier_1_pay"].value()) == (None, None, "6.2")
    typed = {field.name: field.value() or "" for field in form if field.name != "grades"}
    there = {"project": cast.here.pk, "agency": cast.rival.agency.pk}
    assert client.post(address(PlanVersion, "add"), typed | there).status_code == 302
    copied = PlanVersion.objects.get(plan__agency=cast.rival.agency)
    assert (copied.state, copied.number, copied.tiers) == ("draft", 1, plan.tiers)
    assert copied.release == plan.release


def test_a_plan_with_many_tiers_loses_none_when_it_is_written_again(cast: Cast, enter: Any) -> None:
    client = enter("marketing_manager")
    rows = {f"tier_{n}_from": f"{n * 10}" for n in range(14)} | {f"tier_{n}_pay": f"{1 + n / 10}" for n in range(14)}
    version = _draft(client, cast, **rows)
    assert len(version.tiers) == 14
    form = client.get(address(PlanVersion, "add"), {"like": version.pk}).context["form"]
    assert form["tier_13_from"].value() == "130"
