"""Grades of agencies: the list, and the dated history of who holds which. What is past is never rewritten."""

from datetime import date
from typing import Any

from brokers.locks import lock_grades
from brokers.models import Agency, AgencyGrade, HeldGrade
from brokers.selectors import grade_held
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed
from channels_platform.lib.names import clean_text, needed_reason
from projects.selectors import latest_today


@transactional
def keep_grade(*, actor: Any, grade: AgencyGrade) -> AgencyGrade:
    """Write a grade of the list as given, new or changed; its code stays as it was first written.

    Raises: Forbidden; ValidationError by field.
    Locks:  the row, when it was there.
    Writes: AgencyGrade, audit event `grade.created` or `grade.changed`.
    """
    require(actor, Can.GRADE_AGENCIES)
    grade.name = clean_text(grade.name)
    stored = AgencyGrade.objects.select_for_update().filter(pk=grade.pk).first()
    if stored is not None:
        grade.code = stored.code
    grade.full_clean()
    before = {"name": stored.name, "rank": stored.rank} if stored else {}
    after = {"name": grade.name, "rank": grade.rank}
    if before == after:
        return grade
    grade.save()
    action = "grade.changed" if stored else "grade.created"
    record(action, actor=actor, target=grade, before=before, after=after if stored else {"code": grade.code, **after})
    return grade


@transactional
def set_agency_grade(*, actor: Any, agency: Agency, grade: AgencyGrade | None, from_on: date, reason: str) -> HeldGrade:
    """Give an agency a grade (None: none any more) from a day on, today or later; another entry for that day goes.

    Called by `commissions.services.grading`, which also has the plans that ask for grades reckoned anew.
    Raises: Forbidden; Invalid `reason_required`, `past`; NotAllowed `nothing_changed`.
    Locks:  the agency's grades.
    Writes: HeldGrade, audit event `agency.graded`.
    """
    require(actor, Can.GRADE_AGENCIES)
    reason = needed_reason(reason)
    lock_grades(agency.pk)
    if from_on < latest_today():
        raise Invalid("the day is past", code="past", field="from_on")
    before = grade_held(agency, from_on)
    if before == grade:
        raise NotAllowed("the agency holds it on that day", code="nothing_changed", field="grade")
    held = HeldGrade(
        agency=agency, grade=grade, from_on=from_on, reason=reason, entered_by=actor, entered_at=clock.now()
    )
    held.save(force_insert=True)
    record(
        "agency.graded",
        actor=actor,
        target=agency,
        agency=agency,
        reason=reason,
        before={"grade": before.code if before else ""},
        after={"grade": grade.code if grade else "", "from": from_on.isoformat()},
    )
    return held
