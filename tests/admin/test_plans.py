"""Commission plans in the admin: written in a form, shown in figures before anybody approves them."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from commissions.models import Plan, PlanVersion
from tests.admin.conftest import Cast, address, complaints, do, said

pytestmark = pytest.mark.django_db

FORM = {
    "payee": "agency", "applies_to": "referred", "from_on": "2026-03-01", "to_on": "", "basis": "price",
    "measure": "units", "period": "month", "scope": "agency", "mode": "marginal", "retention": "10",
    "tier_0_from": "0", "tier_0_pay": "6", "tier_1_from": "20", "tier_1_pay": "6.2 %",
    "bonus_0_name": "cash", "bonus_0_amount": "3000.00", "bonus_0_to": "broker", "bonus_0_release": "contracted",
    "release_lump_sum_fully_collected": "100",
    "release_instalment_first_payment": "50", "release_instalment_fully_collected": "50",
    "release_mortgage_first_payment": "50", "release_mortgage_loan_released": "50",
}  # fmt: skip


def _form(cast: Cast, **changed: Any) -> dict[str, Any]:
    return FORM | {"project": cast.here.pk, "agency": cast.owner.agency.pk} | changed


def test_plan_is_drafted_exactly_as_written(cast: Cast, enter: Any) -> None:
    response = enter("marketing_manager").post(address(PlanVersion, "add"), _form(cast))
    assert response.status_code == 302, complaints(response)
    version = PlanVersion.objects.get()
    assert response.url == address(PlanVersion, "change", version.pk)
    assert version.tiers == [{"from": "0", "rate": "0.06"}, {"from": "20", "rate": "0.062"}]
    assert version.bonuses == [{"name": "cash", "amount": "3000.00", "to": "broker", "release": "contracted"}]
    assert version.release["instalment"] == [
        {"when": "first_payment", "fraction": "0.5"},
        {"when": "fully_collected", "fraction": "0.5"},
    ]
    assert (version.retention_fraction, version.from_on, version.state) == (Decimal("0.1"), date(2026, 3, 1), "draft")


def test_a_third_is_a_third(cast: Cast, enter: Any) -> None:
    thirds = {"release_lump_sum_fully_collected": "200/3", "release_lump_sum_contracted": "100/3"}
    response = enter("marketing_manager").post(address(PlanVersion, "add"), _form(cast, **thirds))
    assert response.status_code == 302, complaints(response)
    assert PlanVersion.objects.get().release["lump_sum"] == [
        {"when": "contracted", "fraction": "1/3"},
        {"when": "fully_collected", "fraction": "2/3"},
    ]


def test_preview_shows_what_it_pays_and_keeps_nothing(cast: Cast, enter: Any) -> None:
    asked = {"_preview": "1", "preview_price": "1280000", "preview_nth": "21", "preview_on": "2026-03-15"}
    response = enter("marketing_manager").post(address(PlanVersion, "add"), _form(cast, **asked))
    assert response.context["previews"] == ["deal 21 of March 2026 at 1,280,000.00: 6.2\u00a0% = 79,360.00"]
    assert "From unit 21: 6.2\u00a0%." in response.context["sentences"]
    assert not PlanVersion.objects.exists()


def test_preview_tells_both_sides_of_each_tier(cast: Cast, enter: Any) -> None:
    response = enter("marketing_manager").post(address(PlanVersion, "add"), _form(cast, _preview="1"))
    assert [line.split(":")[0] for line in response.context["previews"]] == [
        "deal 1 of March 2026 at 1,280,000.00",
        "deal 20 of March 2026 at 1,280,000.00",
        "deal 21 of March 2026 at 1,280,000.00",
    ]


@pytest.mark.parametrize("mode", ["marginal", "retroactive"])
@pytest.mark.parametrize("measure", ["units", "amount"])
@pytest.mark.parametrize("basis", ["price", "fixed"])
def test_every_kind_of_plan_can_be_shown_and_drafted(
    mode: str, measure: str, basis: str, cast: Cast, enter: Any
) -> None:
    starts = {"units": "20", "amount": "50000000"}
    changed = {"mode": mode, "measure": measure, "basis": basis, "tier_1_from": starts[measure]}
    if basis == "fixed":
        changed |= {"tier_0_pay": "20000.00", "tier_1_pay": "25000.00"}
    client = enter("marketing_manager")
    shown = client.post(address(PlanVersion, "add"), _form(cast, _preview="1", **changed))
    assert shown.status_code == 200, complaints(shown)
    assert len(shown.context["previews"]) == 3
    drafted = client.post(address(PlanVersion, "add"), _form(cast, **changed), follow=True)
    assert "What it pays" in said(drafted)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"tier_0_from": "1"}, "tier_0_from"),
        ({"tier_1_from": "0"}, "tier_1_from"),
        ({"tier_1_pay": "six"}, "tier_1_pay"),
        ({"tier_1_pay": ""}, "tier_1_pay"),
        ({"tier_1_pay": "101"}, "tier_1_pay"),
        ({"bonus_0_amount": "0"}, "bonus_0_amount"),
        ({"bonus_0_release": ""}, "bonus_0_release"),
        ({"release_mortgage_loan_released": "49"}, "release_mortgage_first_payment"),
        ({"release_lump_sum_fully_collected": ""}, "release_lump_sum_contracted"),
        ({"retention": "110"}, "retention"),
        ({"to_on": "2026-02-01"}, "to_on"),
        ({"project": ""}, "project"),
    ],
)
def test_each_fault_stands_beside_its_field(changed: Any, field: str, cast: Cast, enter: Any) -> None:
    response = enter("marketing_manager").post(address(PlanVersion, "add"), _form(cast, **changed))
    assert (response.status_code, list(complaints(response))) == (422, [field])
    assert not Plan.objects.exists()


def test_an_empty_row_between_tiers_does_not_shift_the_faults(cast: Cast, enter: Any) -> None:
    rows = {"tier_1_from": "", "tier_1_pay": "", "tier_3_from": "20", "tier_3_pay": "x"}
    response = enter("marketing_manager").post(address(PlanVersion, "add"), _form(cast, **rows))
    assert list(complaints(response)) == ["tier_3_pay"]


def test_onsite_agency_is_paid_as_an_agency(cast: Cast, enter: Any, onsite: Any) -> None:
    response = enter("marketing_manager").post(
        address(PlanVersion, "add"), _form(cast, agency=onsite.pk, payee="broker", bonus_0_to="agency")
    )
    assert list(complaints(response)) == ["payee"]


def test_foreign_project_is_not_offered(cast: Cast, enter: Any) -> None:
    response = enter("marketing_manager").post(address(PlanVersion, "add"), _form(cast, project=cast.elsewhere.pk))
    assert list(complaints(response)) == ["project"]


def test_new_version_starts_from_the_old_one(cast: Cast, enter: Any, plan: PlanVersion) -> None:
    client = enter("marketing_manager")
    form = client.get(address(PlanVersion, "add"), {"like": plan.pk}).context["form"]
    assert (form["tier_1_from"].value(), form["tier_1_pay"].value()) == ("20", "6.2")
    assert form["release_mortgage_loan_released"].value() == "50"
    assert form["retention"].value() == "10"
    assert client.get(address(PlanVersion, "add"), {"like": "nonsense"}).status_code == 404


def test_plan_is_approved_by_a_second_person_only(cast: Cast, enter: Any) -> None:
    author = enter("marketing_manager")
    author.post(address(PlanVersion, "add"), _form(cast))
    version = PlanVersion.objects.get()
    refused = do(author, version, "approve")
    assert refused.status_code == 422
    assert "somebody else has to approve it" in said(refused)
    other = author.__class__()
    other.force_login(cast.manager)
    assert do(other, version, "approve").status_code == 302
    version.refresh_from_db()
    assert (version.state, version.approved_by) == ("approved", cast.manager)


def test_overlapping_plan_cannot_be_approved(cast: Cast, enter: Any, plan: PlanVersion) -> None:
    author = enter("marketing_manager")
    author.post(address(PlanVersion, "add"), _form(cast, applies_to="all"))
    second = PlanVersion.objects.get(state="draft")
    other = author.__class__()
    other.force_login(cast.manager)
    response = do(other, second, "approve")
    assert response.status_code == 422
    assert "Another approved plan covers some of these days" in said(response)


def test_last_day_of_a_plan_is_set(cast: Cast, enter: Any, plan: PlanVersion) -> None:
    client = enter("marketing_manager")
    past = do(client, plan, "end", to_on="2026-02-01")
    assert (past.status_code, list(complaints(past))) == (422, ["to_on"])
    assert do(client, plan, "end", to_on="2026-12-31").status_code == 302
    plan.refresh_from_db()
    assert plan.to_on == date(2026, 12, 31)


def test_plans_page_says_it_in_words_and_figures(cast: Cast, enter: Any, plan: PlanVersion, later: Any) -> None:
    with later(timedelta(0)):
        page = said(enter("finance").get(address(PlanVersion, "change", plan.pk)))
    for text in (
        "Paid to the agency. Referred deals, whenever subscribed.",
        "From unit 21: 6.2\u00a0%.",
        "Mortgage: 50\u00a0% when the first payment is collected; 50\u00a0% when the loan is paid out.",
        "10\u00a0% of what is released is kept until handover.",
        "deal 21 of March 2026 at 1,280,000.00: 6.2\u00a0% = 79,360.00",
    ):
        assert text in page


@pytest.mark.parametrize("role", ["marketing", "finance", "auditor"])
def test_others_do_not_draft_plans(role: str, cast: Cast, enter: Any) -> None:
    assert enter(role).post(address(PlanVersion, "add"), _form(cast)).status_code == 403
    assert not PlanVersion.objects.exists()
