"""Grades in the admin: the list, an agency's grade with its reason, and plans that pay some of them."""

from datetime import date, timedelta
from typing import Any

import pytest

from brokers.models import Agency, AgencyGrade, HeldGrade
from commissions.models import PlanVersion
from tests.admin.conftest import Cast, address, complaints, do, said
from tests.admin.test_plans import _form

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 2)


@pytest.fixture
def grades(cast: Cast, enter: Any) -> dict[str, AgencyGrade]:
    manager = enter("marketing_manager")
    for rank, (code, name) in enumerate((("A", "Gold"), ("B", "Silver")), start=1):
        answer = manager.post(address(AgencyGrade, "add"), {"code": code, "name": name, "rank": rank})
        assert answer.status_code == 302, complaints(answer)
    return {one.code: one for one in AgencyGrade.objects.all()}


def _set(enter: Any, cast: Cast, grade: AgencyGrade, **more: Any) -> Any:
    asked = {"grade": grade.pk, "from_on": TODAY.isoformat(), "reason": "Best quarter"} | more
    return do(enter("marketing_manager"), cast.owner.agency, "grade", **asked)


def test_agency_is_graded_on_its_page_and_found_by_its_grade(cast: Cast, enter: Any, grades: Any) -> None:
    assert _set(enter, cast, grades["B"]).status_code == 302
    client = enter("marketing")
    page = said(client.get(address(Agency, "change", cast.owner.agency.pk)))
    assert "Best quarter" in page
    assert "B · Silver" in page
    for value, found in (("B", {cast.owner.agency}), ("A", set()), ("-", {cast.rival.agency})):
        listed = client.get(address(Agency, "changelist"), {"grade": value}).context["cl"].result_list
        assert {one for one in listed if one in (cast.owner.agency, cast.rival.agency)} == found
    assert cast.owner.agency.name in said(client.get(address(AgencyGrade, "change", grades["B"].pk)))


@pytest.mark.parametrize(("given", "field"), [({"from_on": "2026-03-01"}, "from_on"), ({"reason": ""}, "reason")])
def test_refusals_stand_beside_their_field(cast: Cast, enter: Any, grades: Any, given: Any, field: str) -> None:
    assert list(complaints(_set(enter, cast, grades["A"], **given))) == [field]
    assert not HeldGrade.objects.exists()


def test_who_may_not_grade_is_not_asked(cast: Cast, enter: Any, grades: Any) -> None:
    asked = {"grade": grades["A"].pk, "from_on": (TODAY + timedelta(days=1)).isoformat(), "reason": "Why not"}
    assert do(enter("marketing"), cast.owner.agency, "grade", **asked).status_code == 403


def test_plan_names_the_grades_it_pays(cast: Cast, enter: Any, grades: Any) -> None:
    client = enter("marketing_manager")
    shown = client.post(address(PlanVersion, "add"), _form(cast, grades=["A", "B"], _preview="1"))
    sentence = "Only while the agency holds grade A or B on the day of subscription; other deals don&#x27;t count."
    assert sentence in said(shown)
    assert client.post(address(PlanVersion, "add"), _form(cast, grades=["A", "B"])).status_code == 302
    version = PlanVersion.objects.get()
    assert version.conditions == {"agency_grade": ["A", "B"]}
    again = client.get(address(PlanVersion, "add"), {"like": version.pk})
    assert again.context["form"].initial["grades"] == ["A", "B"]
    assert said(again).count("checked") >= 2
