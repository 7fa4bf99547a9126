"""Grading agencies, as plans may ask for a grade: a change is told to the run of every project whose plans do."""

from datetime import date
from typing import Any

from brokers.models import Agency, AgencyGrade, HeldGrade
from brokers.services.grades import set_agency_grade
from channels_platform.db import transactional
from channels_platform.lib import clock
from commissions.models import PlanVersion
from commissions.states import PlanState
from leads.models import DealOutbox

GRADE_CHANGED = "grade"


@transactional
def grade_agency(*, actor: Any, agency: Agency, grade: AgencyGrade | None, from_on: date, reason: str) -> HeldGrade:
    """Give an agency a grade (None: none) from a day on; deals subscribed that day or later go by it.

    Raises: as `set_agency_grade`.
    Locks:  the agency's grades.
    Writes: HeldGrade, DealOutbox, audit event `agency.graded`.
    """
    held = set_agency_grade(actor=actor, agency=agency, grade=grade, from_on=from_on, reason=reason)
    asking = PlanVersion.objects.filter(plan__agency=agency, state=PlanState.APPROVED).exclude(conditions={})
    projects = asking.order_by("plan__project").values_list("plan__project", flat=True).distinct()
    now = clock.now()
    DealOutbox.objects.bulk_create(DealOutbox(project_id=pk, what=GRADE_CHANGED, written_at=now) for pk in projects)
    return held
