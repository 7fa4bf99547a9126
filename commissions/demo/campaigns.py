"""What keeps agencies and brokers keen: grades that some plans ask for, and a contest of the home site."""

from datetime import datetime, time, timedelta

from brokers.models import AgencyGrade
from brokers.services.grades import keep_grade
from brokers.states import AgencyKind
from channels_platform.lib import clock
from commissions.demo.cast import HOME_AGENCY, Cast
from commissions.demo.staging import HOME_SITE, Stage
from commissions.models import ContestRound
from commissions.services.contest_rounds import approve_round, propose_rounds
from commissions.services.contests import approve_contest, draft_contest
from commissions.services.grading import grade_agency
from commissions.standings import fingerprint, standings
from projects.selectors import latest_today

GRADES = (("A", "金牌 Gold"), ("B", "银牌 Silver"))
DAY = timedelta(days=1)


def give_grades(stage: Stage, cast: Cast) -> None:
    """Grade the agencies whose plans may ask for it, the home agency the highest.

    Writes: through the services.
    """
    manager = stage.staff["manager"]
    grades = [
        keep_grade(actor=manager, grade=AgencyGrade(code=code, name=name, rank=rank))
        for rank, (code, name) in enumerate(GRADES, start=1)
    ]
    graded = [spec for spec in cast.agencies if spec.kind in (AgencyKind.REFERRAL, AgencyKind.PLATFORM)]
    for place, spec in enumerate(graded):
        grade = grades[0] if spec.code == HOME_AGENCY else grades[place % 2]
        grade_agency(
            actor=manager,
            agency=stage.agencies[spec.code],
            grade=grade,
            from_on=latest_today(),
            reason="年度合作评级",
        )


def hold_contest(stage: Stage) -> None:
    """A contest by visits, week by week: the first round posted, the second waiting for a manager, the third on.

    Writes: through the services.
    """
    project, second = stage.projects[HOME_SITE], stage.staff["second_manager"]
    today = clock.local_date(clock.now(), project.zone)
    monday = today - today.weekday() * DAY
    with clock.at(datetime.combine(monday - 15 * DAY, time(15), tzinfo=project.zone)):
        draft = draft_contest(
            actor=stage.staff["marketing"],
            project=project,
            name="带看周赛 Weekly visits",
            measure="visits",
            period="weekly",
            from_on=monday - 14 * DAY,
            to_on=monday + 27 * DAY,
            prizes=["2000", "1200", "800"],
        )
    with clock.at(datetime.combine(monday - 15 * DAY, time(17), tzinfo=project.zone)):
        contest = approve_contest(actor=second, contest=draft)
    propose_rounds(contest_id=contest.pk)
    first = ContestRound.objects.select_related("contest__project").filter(contest=contest).earliest("from_on")
    approve_round(actor=second, contest_round=first, seen=fingerprint(standings(first.contest, first.days)))
