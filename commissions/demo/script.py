"""The whole history as a list of acts, written from a seed: same seed, scale and end, same acts. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from commissions.demo.acts import Act, Log
from commissions.demo.cast import SHANGHAI, Cast, write_cast
from commissions.demo.journeys import Journeys
from commissions.demo.phones import PhoneBook
from commissions.demo.sales import Sales
from commissions.demo.scenes import play_home_scenes, play_site_scenes

DAYS = 183
REFERRALS, DEALS = 5_000, 600
# filings kept for a project's scenes; what they leave is filled up
SCENES = 30


@dataclass(frozen=True)
class Script:
    start: datetime
    end: datetime
    cast: Cast
    acts: list[Act]


def write_script(*, seed: str, scale: float, end: datetime) -> Script:
    """Return who there is and all that happens in the half year up to `end`."""
    end = end.replace(second=0, microsecond=0)
    start = end - timedelta(days=DAYS)
    zone = ZoneInfo(SHANGHAI)
    phones = PhoneBook()
    cast = write_cast(
        rng_of(seed, "cast"),
        scale=scale,
        today=end.astimezone(zone).date(),
        start=start.astimezone(zone).date(),
        phones=phones,
    )
    log = Log(start=start, end=end)
    weights = [project.weight for project in cast.projects]
    shares = zip(
        cast.projects, split(round(REFERRALS * scale), weights), split(round(DEALS * scale), weights), strict=True
    )
    for project, referrals, deals in shares:
        journeys = Journeys(rng=rng_of(seed, project.code), log=log, cast=cast, project=project, phones=phones)
        sales = Sales(rng=rng_of(seed, project.code, "sales"), log=log, journeys=journeys, phones=phones)
        play_home_scenes(journeys, sales, cast)
        journeys.write(referrals - min(referrals // 2, SCENES))
        journeys.walk_ins(referrals // 12)
        play_site_scenes(log, journeys)
        journeys.write(referrals)
        sales.write(deals)
    return Script(start, end, cast, log.acts())


def rng_of(seed: str, *names: str) -> Random:
    """Return the random numbers of one part of the script, so that parts do not disturb each other."""
    return Random(":".join((seed, *names)))  # noqa: S311 - a story, not a secret


def split(total: int, weights: list[float]) -> list[int]:
    """Lay a total over weights by largest remainder."""
    exact = [total * weight / sum(weights) for weight in weights]
    parts = [int(one) for one in exact]
    for place in sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))[: total - sum(parts)]:
        parts[place] += 1
    return parts
