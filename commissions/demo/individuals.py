"""Individuals of the demo: a programme, two links, some who wait, and one who refers and can sign in."""

from datetime import timedelta

from brokers.models import Broker, Individual, RecruitingLink
from brokers.services.individuals import confirm_individuals, sign_up
from brokers.services.recruiting import open_link, open_programme
from brokers.states import AgencyKind, Relation
from channels_platform.lib import clock
from commissions.demo.accounts import PASSWORD, name_individuals
from commissions.demo.cast import AgencySpec, Cast
from commissions.demo.phones import spare
from commissions.demo.staging import HOME_SITE, Stage
from leads.services.filing import file_referral

_PEOPLE = (
    ("梁秋实", Relation.OWNER, "3-1203", 50),
    ("叶知微", Relation.FAMILY, "5-0802", 26),
    ("江晚舟", Relation.PARTNER_STAFF, "湖滨物业（示例）", 20),
    ("苏木", Relation.OWNER, "1-0601", 3),
)


def leave_individuals(stage: Stage, cast: Cast, *, sequence: int) -> None:
    """Let individuals sign up for the home site, the first of them be confirmed and file a client, number `sequence`.

    Writes: through the services.
    """
    spec = next((one for one in cast.agencies if _sells_at_home(one)), None)
    if spec is None:
        return
    marketing, project, now = stage.staff["marketing"], stage.projects[HOME_SITE], clock.now()
    consultant = stage.consultants[HOME_SITE][0].user
    with clock.at(now - timedelta(hours=72)):
        programme = open_programme(
            actor=marketing, agency=stage.agencies[spec.code], project=project, by_rule=[Relation.OWNER, Relation.STAFF]
        )
        poster = open_link(actor=marketing, programme=programme, place="售楼处大堂 Lobby")
        mine = open_link(actor=consultant, programme=programme, recruiter=consultant)
    people = [_come(poster if place % 2 else mine, place) for place in range(len(_PEOPLE))]
    with clock.at(now - timedelta(hours=30)):
        confirm_individuals(actor=marketing, individuals=people[:1])
        broker = Broker.objects.select_related("user").get(pk=people[0].broker_id)
        filed_on = clock.local_date(clock.now(), project.zone)
        file_referral(
            actor=broker.user,
            broker=broker,
            project=project,
            client_name="方圆",
            phones=[spare(len(_PEOPLE))],
            number=f"R-{filed_on:%Y%m%d}-{sequence:06d}",
        )
    name_individuals([one.broker.user for one in people])


def _sells_at_home(spec: AgencySpec) -> bool:
    agreed = {one.project for one in spec.agreements if one.state == "approved"}
    return spec.kind == AgencyKind.COMMUNITY and HOME_SITE in agreed


def _come(link: RecruitingLink, place: int) -> Individual:
    name, relation, detail, hours = _PEOPLE[place]
    with clock.at(clock.now() - timedelta(hours=hours)):
        return sign_up(
            link=link,
            name=name,
            phone=spare(place),
            relation=relation,
            detail=detail,
            password=PASSWORD,
        )
