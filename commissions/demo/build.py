"""Building the demo: the stage, then day by day the acts of all projects, on two processes where there are two."""

import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connections

from channels_platform.db import one_transaction
from channels_platform.lib import clock
from commissions.demo.acts import Act
from commissions.demo.cast import SHANGHAI
from commissions.demo.paying import Payday, Till
from commissions.demo.plans import leave_drafts
from commissions.demo.playing import AT_DAYS_CLOSE, Play
from commissions.demo.script import Script, rng_of, write_script
from commissions.demo.staging import leave_for_today, set_stage
from leads.services.filing import next_number
from leads.services.sweep import sweep_expiries

# the day's close on site: disputes are decided, what is past is tidied
CLOSE = time(19, 0)
# what one process plays; the other plays the rest
FIRST_HALF = frozenset({"LAKE", "HILL", "BAY"})


@dataclass(frozen=True)
class Day:
    """A stretch of the history: what each half of the projects does, and what is done at its close."""

    close: datetime
    halves: tuple[list[Act], list[Act]]
    at_close: list[Act]
    paydays: list[Payday]


def build(*, seed: str, scale: float, processes: int) -> dict[str, int]:
    """Build the demo in an empty database; return how many acts there were of each kind.

    Writes: through the services, one transaction for each day and half.
    """
    script = write_script(seed=seed, scale=scale, end=clock.now())
    planned = Counter(act.project for act in script.acts if act.what == "subscribe")
    today = script.end.astimezone(ZoneInfo(SHANGHAI)).date()
    stage = one_transaction(
        lambda: set_stage(script.cast, rng=rng_of(seed, "stage"), start=script.start, today=today, deals=planned)
    )
    play = Play(stage=stage, numbers=_numbers(script))
    till = Till(stage)
    days = list(_days(script, till))
    if processes > 1 and sys.platform == "linux":
        _play_in_two(play, till, days)
    else:
        _play_alone(play, till, days)
    with clock.at(script.end):
        till.run_all()
        leave_for_today(stage, script.cast)
        leave_drafts(stage, script.cast, today=today)
    _advance("referral_number", sum(act.what == "file" for act in script.acts))
    _advance("deal_number", sum(planned.values()))
    return dict(Counter(act.what for act in script.acts))


def _numbers(script: Script) -> dict[str, str]:
    """Number filings and deals as the sequences would, in order of time, whoever plays them."""
    numbers: dict[str, str] = {}
    for what, letter in (("file", "R"), ("subscribe", "D")):
        for place, act in enumerate((act for act in script.acts if act.what == what), start=1):
            local = clock.local_date(act.at, script.cast.project(act.project).zone)
            numbers[act.about] = f"{letter}-{local:%Y%m%d}-{place:06d}"
    return numbers


def _advance(sequence: str, used: int) -> None:
    """Leave a sequence past the numbers used here."""
    while next_number(sequence) < used:
        pass


def _days(script: Script, till: Till) -> Iterator[Day]:
    zone = ZoneInfo(SHANGHAI)
    acts, paydays = list(script.acts), till.paydays(script.end)
    close = datetime.combine(script.start.astimezone(zone).date(), CLOSE, tzinfo=zone)
    while acts or paydays:
        close = min(close + timedelta(days=1), script.end)
        today = _take(acts, close)
        yield Day(
            close=close,
            halves=(
                [act for act in today if act.what not in AT_DAYS_CLOSE and act.project in FIRST_HALF],
                [act for act in today if act.what not in AT_DAYS_CLOSE and act.project not in FIRST_HALF],
            ),
            at_close=[replace(act, at=close) for act in today if act.what in AT_DAYS_CLOSE],
            paydays=_take(paydays, close),
        )


def _take(dated: list[Any], close: datetime) -> list[Any]:
    """Take what is due by `close` off the front of a list in order of time."""
    count = next((place for place, one in enumerate(dated) if one.at > close), len(dated))
    taken, dated[:count] = dated[:count], []
    return taken


def _play_alone(play: Play, till: Till, days: list[Day]) -> None:
    for day in days:
        for half in day.halves:
            _perform(play, half)
        _close(play, till, day)


def _perform(play: Play, acts: list[Act]) -> None:
    if acts:
        one_transaction(lambda: [play.perform(act) for act in acts])


def _close(play: Play, till: Till, day: Day) -> None:
    for payday in day.paydays:
        till.take(payday)
    _perform(play, day.at_close)
    with clock.at(day.close):
        sweep_expiries()


def _play_in_two(play: Play, till: Till, days: list[Day]) -> None:
    """Let a second process play half of the projects; both wait for each other at each day's close.

    Raises: RuntimeError when the other one failed.
    """
    connections.close_all()
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(2)
    other = context.Process(target=_play_other_half, args=(play, days, barrier))
    other.start()
    try:
        for day in days:
            _perform(play, day.halves[0])
            barrier.wait()
            _close(play, till, day)
            barrier.wait()
    except BaseException:
        barrier.abort()
        raise
    finally:
        other.join()
    if other.exitcode:
        raise RuntimeError("the second process failed; its error stands above")


def _play_other_half(play: Play, days: list[Day], barrier: Any) -> None:
    try:
        for day in days:
            _perform(play, day.halves[1])
            barrier.wait()
            barrier.wait()
    except BaseException:
        barrier.abort()
        raise
    finally:
        connections.close_all()


def processes_here() -> int:
    """Return how many processes are worth while on this machine."""
    return min(2, os.cpu_count() or 1)
