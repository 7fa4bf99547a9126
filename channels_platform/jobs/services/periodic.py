"""Scheduled jobs leave a row for each run."""

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import ParamSpec

from channels_platform.jobs.models import PeriodicRun
from channels_platform.lib import clock

KEEP_RUNS = timedelta(days=30)
_P = ParamSpec("_P")


def periodic(job: str, *, period: str = "%Y-%m-%dT%H:%M") -> Callable[
    [Callable[_P, dict[str, int] | None]], Callable[_P, dict[str, int]]
]:  # fmt: skip
    """Decorate a job's function, which returns its counts, so that each run is recorded.

    `period` is a strftime pattern (UTC) naming what a run stands for: by default its minute. The row is written before
    the work begins, so a killed run shows as one that never finished; an error is recorded by type and raised on.
    Writes: PeriodicRun, outside of the work's own transactions.
    """

    def decorate(work: Callable[_P, dict[str, int] | None]) -> Callable[_P, dict[str, int]]:
        @functools.wraps(work)
        def run(*args: _P.args, **kwargs: _P.kwargs) -> dict[str, int]:
            now = clock.now()
            row = PeriodicRun.objects.create(job=job, period=now.strftime(period), started_at=now)
            counts: dict[str, int] = {}
            try:
                counts = row.counts = work(*args, **kwargs) or {}
            except Exception as error:
                row.error = type(error).__name__
                raise
            finally:
                row.finished_at = max(clock.now(), now)
                row.save(update_fields=["counts", "error", "finished_at"])
            return counts

        return run

    return decorate


def forget_old_runs() -> int:
    """Delete the rows of runs older than a month; return how many."""
    deleted, _ = PeriodicRun.objects.filter(started_at__lt=clock.now() - KEEP_RUNS).delete()
    return deleted
