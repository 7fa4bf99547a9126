"""What is played on purpose, so that each demo account finds its page alive and rare things happen at all. Pure."""

from datetime import datetime, timedelta

from commissions.demo import names
from commissions.demo.acts import Log, moment, when_open
from commissions.demo.cast import HOME_AGENCY, HOME_BROKER, HOME_PROJECTS, AgencySpec, Cast
from commissions.demo.journeys import HOUR, Filed, Journeys
from commissions.demo.sales import DAY, Sales

# (days before the end, how, how far the deal gets)
HOME_DEALS = (
    (120, "lump_sum", "handed over"),
    (96, "mortgage", "fully paid"),
    (70, "mortgage", "part paid"),
    (58, "instalment", "part paid"),
    (24, "mortgage", "contracted"),
    (6, "lump_sum", "subscribed"),
    (100, "instalment", "cancelled"),
)
# by project, the hours after which filings of the home broker lapse
RUNNING_OUT = {"LAKE": (2.5, 5.2, 9.6, 22.0), "HILL": (3.7, 13.1), "SOUTH": (7.4, 30.5)}


def play_home_scenes(journeys: Journeys, sales: Sales, cast: Cast) -> None:
    """Give the demo's broker clients at every stage: running out, protected, won, paid, cancelled, lost."""
    project = journeys.project
    home = next(agency for agency in cast.agencies if agency.code == HOME_AGENCY)
    if project.code not in HOME_PROJECTS:
        return
    if project.code == HOME_PROJECTS[0]:
        for days, method, until in HOME_DEALS:
            _won(journeys, sales, home, days, method, until)
        for days_left in (0.1, 2.1):
            at = journeys.log.end - (project.rules["protection_days"] - days_left) * DAY
            at = when_open(journeys.rng, at, project.zone)
            filed = _file(journeys, home, at - 5 * HOUR)
            journeys.visit(filed, at)
    within = project.rules["visit_within_hours"]
    for left in RUNNING_OUT[project.code]:
        _file(journeys, home, journeys.log.end - (within - left) * HOUR)


def _file(journeys: Journeys, home: AgencySpec, at: datetime) -> Filed:
    return journeys.file(at, home, home.brokers[HOME_BROKER], phone=journeys.phones.next())


def _won(journeys: Journeys, sales: Sales, home: AgencySpec, days: int, method: str, until: str) -> None:
    zone, rng, end = journeys.project.zone, journeys.rng, journeys.log.end
    visited = moment(rng, end - (days + 3) * DAY, zone, first=10, last=17)
    filed = _file(journeys, home, visited - 20 * HOUR)
    journeys.visit(filed, visited)
    bought = min(moment(rng, end - days * DAY, zone, first=10, last=18), end - 3 * HOUR)
    sales.referred(filed, bought, method=method, until=until)


def play_site_scenes(log: Log, journeys: Journeys) -> None:
    """The site's own days: who is expected today, a pause, a new policy, a consultant who leaves, a probing broker."""
    project = journeys.project
    rng, code, zone = journeys.rng, project.code, project.zone
    _expected_today(journeys)
    if project.later_policy:
        log.add(
            moment(rng, log.start + 95 * DAY, zone, first=9, last=10), "policy", code, code, rules=project.later_policy
        )
    if code == "TIDE":
        day = log.start + 60 * DAY
        log.add(moment(rng, day, zone, first=9, last=10), "status", code, code, status="paused")
        log.add(moment(rng, day + 1 * DAY, zone, first=9, last=10), "status", code, code, status="open")
    if code in ("LAKE", "BAY"):
        at = moment(rng, log.start + 110 * DAY, zone, first=18, last=19)
        log.add(at, "consultant_leaves", code, code, reason="离职，客户由同事接手")
    if project.policy["exclusive_from"] == "filing":
        _contested(journeys)
    if code == "SOUTH":
        _probing(journeys)
        _people_leave(journeys)


def _people_leave(journeys: Journeys) -> None:
    """Two brokers leave their agencies, and one agency is suspended for a while's work gone wrong."""
    log, code = journeys.log, journeys.project.code
    others = [agency for agency, _ in journeys.agreed if agency.code != HOME_AGENCY and agency.kind == "referral"]
    for place, agency in enumerate(others[:2]):
        broker = agency.brokers[-1]
        if not broker.is_manager:
            log.add(log.start + (100 + 30 * place) * DAY, "broker_leaves", code, broker.key, reason="离职")
    if len(others) > 3:
        log.add(log.end - 6 * DAY, "agency_suspended", code, others[3].code, reason="违规承诺返佣，暂停合作核查")


def _expected_today(journeys: Journeys) -> None:
    """Clients announced for today, from morning to evening; those of the past hours mostly came."""
    log, rng, project = journeys.log, journeys.rng, journeys.project
    for hour in (10, 11, 13, 14, 15, 16, 17) if project.code == "LAKE" else (11, 15):
        expected = moment(rng, log.end, project.zone, first=hour, last=hour + 1).replace(second=0)
        expected -= timedelta(minutes=expected.minute % 30)
        at = min(expected, log.end) - rng.uniform(6, 30) * HOUR
        agency, broker = journeys.someone(at.astimezone(project.zone).date())
        filed = journeys.file(at, agency, broker, phone=journeys.phones.next(), expected=expected)
        if expected < log.end - HOUR and rng.random() < 0.7:
            journeys.visit(filed, expected + timedelta(minutes=rng.randrange(-10, 40)))


def _probing(journeys: Journeys) -> None:
    """A broker files a dozen clients that others hold, to learn whom the site knows."""
    end = journeys.log.end
    since, until = end - 12 * DAY, end - 3 * DAY
    known = [one for one in journeys.filed if since < one.at < until and one.visited_at and not one.rivals][-14:]
    agency = [agency for agency, _ in journeys.agreed if agency.code != HOME_AGENCY][-1]
    for place in range(14 if known else 0):
        at, one = end - 2 * DAY + place * timedelta(minutes=7), known[place % len(known)]
        journeys.file(at, agency, agency.brokers[-1], phone=one.phone, client=one.client)


def _contested(journeys: Journeys) -> None:
    """Agencies contest refusals: one long ago, decided; two of yesterday, one of them the home agency's, open."""
    log, rng = journeys.log, journeys.rng
    agencies = [agency for agency, _ in journeys.agreed if agency.kind == "referral"]
    home = next(agency for agency in agencies if agency.code == HOME_AGENCY)
    others = [agency for agency in agencies if agency.code != HOME_AGENCY] or [home]
    for days, holder, contester in (
        (46, others[0], others[-1]),
        (5, others[0], home),
        (5, others[-1], others[len(others) // 2]),
    ):
        came = moment(rng, log.end - days * DAY, journeys.project.zone, first=10, last=17)
        filed = journeys.file(came - 20 * HOUR, holder, holder.brokers[0], phone=journeys.phones.next())
        journeys.visit(filed, came)
        at, broker = came + rng.uniform(80, 92) * HOUR, contester.brokers[min(HOME_BROKER, len(contester.brokers) - 1)]
        refused = journeys.file(at, contester, broker, phone=filed.phone, client=filed.client)
        text = rng.choice(names.CONTESTS)
        log.add(at + 2 * HOUR, "dispute", journeys.project.code, refused.key, agency=contester.code, text=text)
        decision, decided = rng.choice(names.UPHELD), at + 6 * DAY
        log.add(decided, "close_dispute", journeys.project.code, refused.key, decision=decision)
