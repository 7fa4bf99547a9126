"""The desk's day on one site: who waits at the door by their broker's word, who is expected, who missed, who came."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from channels_platform.lib import clock
from leads.models import ArrivalCode, Referral, ToldArrival, Visit
from leads.selectors import visible_referrals
from leads.states import LIVE
from projects.models import Project

LATE = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class Board:
    """One local day; each client stands in one list only."""

    waiting: list[tuple[datetime, Referral]]
    hours: list[tuple[str, list[Referral]]]
    coming: int
    missed: list[Referral]
    arrived: list[Visit]


def board_of(*, user: Any, project: Project, now: datetime) -> Board:
    """Return the day as the person may see it, judged by the clock."""
    day = clock.local_date(now, project.zone)
    arrived = _arrived(user, project, day)
    came = {visit.referral_id for visit in arrived}
    told = dict(ToldArrival.objects.filter(project=project, local_on=day).values_list("referral_id", "told_at"))
    told = {pk: at for pk, at in told.items() if pk not in came}
    waiting = [(told[one.pk], one) for one in _live(user, project, now, pk__in=list(told))] if told else []
    expected = [one for one in _expected(user, project, day, now) if one.pk not in came and one.pk not in told]
    coming = [one for one in expected if one.expected_arrival >= now - LATE]  # type: ignore[operator]
    return Board(
        waiting=sorted(waiting, key=lambda pair: (pair[0], pair[1].pk)),
        hours=_by_hour(coming, project),
        coming=len(coming),
        missed=[one for one in expected if one.expected_arrival < now - LATE],  # type: ignore[operator]
        arrived=arrived,
    )


def told_today(referral: Referral, now: datetime) -> ToldArrival | None:
    """Return the broker's word of this local day that the client is here."""
    today = clock.local_date(now, referral.project.zone)
    return referral.told_arrivals.filter(local_on=today).select_related("told_by").first()


def code_matched_today(referral: Referral, now: datetime) -> ArrivalCode | None:
    """Return the one-time code that the client read out rightly on this local day."""
    begin = datetime.combine(clock.local_date(now, referral.project.zone), time.min, tzinfo=referral.project.zone)
    return referral.arrival_codes.filter(matched_at__gte=begin).order_by("-matched_at").first()


def _live(user: Any, project: Project, now: datetime, **narrow: Any) -> list[Referral]:
    rows = visible_referrals(user).filter(project=project, state__in=list(LIVE), **narrow)
    found = rows.prefetch_related("phones").order_by("expected_arrival", "pk")
    return [one for one in found if one.state_at(now) in LIVE]


def _expected(user: Any, project: Project, day: date, now: datetime) -> list[Referral]:
    begin, end = _midnight(day, project), _midnight(day + timedelta(days=1), project)
    return _live(user, project, now, expected_arrival__gte=begin, expected_arrival__lt=end)


def _midnight(day: date, project: Project) -> datetime:
    return datetime.combine(day, time.min, tzinfo=project.zone)


def _arrived(user: Any, project: Project, day: date) -> list[Visit]:
    # The day is kept with the visit; its instants are what the index can seek to.
    around = (_midnight(day - timedelta(days=1), project), _midnight(day + timedelta(days=2), project))
    visits = Visit.objects.filter(project=project, local_on=day, confirmed=True, arrived_at__range=around)
    visits = visits.filter(referral__in=visible_referrals(user).order_by())
    rows = visits.select_related("referral__agency", "referral__project", "consultant__user")
    return list(rows.prefetch_related("referral__phones").order_by("-arrived_at", "-pk"))


def _by_hour(referrals: Iterable[Referral], project: Project) -> list[tuple[str, list[Referral]]]:
    def hour(one: Referral) -> str:
        return f"{one.expected_arrival.astimezone(project.zone):%H:00}"  # type: ignore[union-attr]

    return [(label, list(group)) for label, group in groupby(referrals, key=hour)]
