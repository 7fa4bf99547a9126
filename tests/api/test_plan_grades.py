"""Plans over HTTP name the agency's grades that they pay."""

from brokers.models import AgencyGrade
from brokers.services.grades import keep_grade
from tests.api.test_story import FULL_RELEASE, PLAN


def test_a_plan_takes_grades_by_code_and_names_the_one_nobody_knows(cast):
    keep_grade(actor=None, grade=AgencyGrade(code="A", name="Gold", rank=1))

    def post(*grades):
        body = {**PLAN, "release": FULL_RELEASE, "grades": list(grades)}
        return cast.client("marketing_manager").post("/api/v1/plans/", body, format="json")

    problem = post("A", "Z")
    assert problem.status_code == 422
    assert [(error["field"], error["code"]) for error in problem.json()["errors"]] == [("grades.1", "unknown_grade")]
    assert post("A").json()["grades"] == ["A"]
    assert post().json()["grades"] == []
