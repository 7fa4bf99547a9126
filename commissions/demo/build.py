"""Building the demo: the stage, then day by day the acts of all projects, on two processes where there are two."""

import gc
import multiprocessing
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from threading import BrokenBarrierError
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, connections

from channels_platform import embedded
from channels_platform.db import one_transaction
from channels_platform.lib import clock
from commissions.demo.acts import Act
from commissions.demo.banking import leave_accounts, open_bank_accounts
from commissions.demo.by_hand import move_by_hand
from commissions.demo.campaigns import give_grades, hold_contest
from commissions.demo.cast import SHANGHAI
from commissions.demo.furnishing import furnish
from commissions.demo.individuals import leave_individuals
from commissions.demo.months import close_months
from commissions.demo.on_site import leave_in_hand
from commissions.demo.paying import Payday, Till
from commissions.demo.plans import leave_drafts
from commissions.demo.playing import AT_DAYS_CLOSE, Play
from commissions.demo.reporting import keep_views
from commissions.demo.safeguards import set_safeguards
from commissions.demo.script import Script, rng_of, write_script
from commissions.demo.staging import leave_for_today, set_stage
from commissions.demo.two_sides import lay_ledgers_side_by_side, leave_a_row_without_a_deal
from commissions.services.ledger_checks import check_ledger
from leads.services.filing import next_number
from leads.services.sweep import sweep_expiries

# the day's close on site: disputes are decided, what is past is tidied
CLOSE = time(19, 0)
# what one process plays; the other plays the rest
FIRST_HALF = frozenset({"LAKE", "HILL", "BAY"})
# days after which the database looks at what it holds: it would do so by itself, but not within this minute
TAKE_STOCK = (5, 25, 80)
# seconds after which a half that is not heard of has failed
LONGEST_DAY = 300


@dataclass(frozen=True)
class Day:
    """A stretch of the history: what each half of the projects does, and what is done at its close."""

    number: int
    close: datetime
    halves: tuple[list[Act], list[Act]]
    at_close: list[Act]
    paydays: list[Payday]


def build(*, seed: str, scale: float, processes: int) -> dict[str, int]:
    """Build the demo in an empty database; return how many acts there were of each kind.

    Writes: through the services, one transaction for each day and half.
    """
    script = write_script(seed=seed, scale=scale, end=clock.now())
    with clock.at(script.end), _unhindered():
        stage = one_transaction(lambda: set_stage(script.cast, rng=rng_of(seed, "stage"), start=script.start))
        with clock.at(script.start - timedelta(days=5)):
            one_transaction(lambda: give_grades(stage, script.cast))
            one_transaction(lambda: open_bank_accounts(stage, script.cast))
        show = Show(seed, script, Play(stage=stage, numbers=_numbers(script)), Till(stage))
        if processes > 1 and sys.platform == "linux":
            show.play_in_two()
        else:
            show.play_alone()
        show.end()
    return dict(Counter(act.what for act in script.acts))


@contextmanager
def _unhindered() -> Iterator[None]:
    """Leave out what only costs time here: DEBUG's log of statements, looking for garbage all the time, and (for
    connections opened inside) waiting for the disk at each commit.
    """
    database = connections["default"].settings_dict
    debug, threshold, options = settings.DEBUG, gc.get_threshold(), database["OPTIONS"]
    settings.DEBUG = False
    database["OPTIONS"] = options | {"options": f"{options.get('options', '')} -c synchronous_commit=off"}
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        settings.DEBUG, database["OPTIONS"] = debug, options
        gc.set_threshold(*threshold)
        gc.unfreeze()


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
    number = 0
    while acts or paydays:
        number += 1
        close = min(close + timedelta(days=1), script.end)
        today = _take(acts, close)
        yield Day(
            number=number,
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


class Show:
    """Plays a script from its first day to its last, alone or in two processes."""

    def __init__(self, seed: str, script: Script, play: Play, till: Till) -> None:
        self.seed, self.script, self.play, self.till = seed, script, play, till
        self.days = list(_days(script, till))

    def play_alone(self) -> None:
        self._furnish(0)
        self._furnish(1)
        for day in self.days:
            self._perform(day.halves[0])
            self._perform(day.halves[1])
            self._close(day)

    def play_in_two(self) -> None:
        """Let a second process play half of the projects; the two wait for each other at each day's close.

        Raises: BrokenBarrierError when the other one failed, having printed why.
        """
        context = multiprocessing.get_context("fork")
        barrier = context.Barrier(2, timeout=LONGEST_DAY)
        other = context.Process(target=self._play_other_half, args=(barrier, embedded.dies_with_parent(signal.SIGKILL)))
        # a connection is not shared; each process opens its own
        connections.close_all()
        other.start()
        try:
            self._furnish(0)
            for day in self.days:
                self._perform(day.halves[0])
                barrier.wait()
                self._close(day)
                barrier.wait()
        except BaseException:
            barrier.abort()
            raise
        finally:
            other.join()
            connections.close_all()

    def _play_other_half(self, barrier: Any, tie: Callable[[], None] | None) -> None:
        """Play the second half; when the first one fails, or goes, so does this."""
        if tie is not None:
            tie()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._furnish(1)
            for day in self.days:
                self._perform(day.halves[1])
                barrier.wait()
                barrier.wait()
        except BrokenBarrierError:
            sys.exit(1)
        except BaseException:
            barrier.abort()
            raise
        finally:
            connections.close_all()

    def end(self) -> None:
        """Bring commission up to date, leave what waits today, and the sequences past the numbers used."""
        cast, today = self.script.cast, clock.local_date(clock.now(), ZoneInfo(SHANGHAI))
        self.till.run_all()
        self.till.settle_debts()
        move_by_hand(self.play.stage)
        set_safeguards(self.play.stage)
        leave_for_today(self.play.stage, cast)
        leave_drafts(self.play.stage, cast, today=today)
        hold_contest(self.play.stage)
        leave_accounts(self.play.stage)
        leave_in_hand(self.play.stage, rng=rng_of(self.seed, "on-site"))
        filings = sum(act.what == "file" for act in self.script.acts) + 1
        _advance("referral_number", filings)
        _advance("deal_number", sum(act.what == "subscribe" for act in self.script.acts))
        leave_individuals(self.play.stage, cast, sequence=filings)
        keep_views(self.play.stage)
        close_months(self.play.stage)
        lay_ledgers_side_by_side(self.play.stage)
        leave_a_row_without_a_deal(self.play.stage)
        check_ledger()

    def _furnish(self, half: int) -> None:
        cast = self.script.cast
        deals = Counter(act.project for act in self.script.acts if act.what == "subscribe")
        rngs = {project.code: rng_of(self.seed, project.code, "homes") for project in cast.projects}
        codes = {project.code for project in cast.projects if (project.code in FIRST_HALF) == (half == 0)}
        one_transaction(
            lambda: furnish(self.play.stage, cast, codes=codes, rngs=rngs, start=self.script.start, deals=deals)
        )

    def _perform(self, acts: list[Act]) -> None:
        def perform_all() -> None:
            for act in acts:
                self.play.perform(act)

        if acts:
            one_transaction(perform_all)

    def _close(self, day: Day) -> None:
        for payday in day.paydays:
            self.till.take(payday)
        self._perform(day.at_close)
        with clock.at(day.close):
            sweep_expiries()
        if day.number in TAKE_STOCK:
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")


def processes_here() -> int:
    """Return how many processes are worth while on this machine."""
    return min(2, os.cpu_count() or 1)
