"""Every run of a scheduled job leaves a row for staff."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from channels_platform.celery import app
from channels_platform.jobs.models import PeriodicRun
from channels_platform.jobs.services import periodic
from channels_platform.jobs.services.periodic import KEEP_RUNS, forget_old_runs
from channels_platform.lib import clock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.django_db
def test_run_is_recorded_with_its_counts():
    @periodic("count-sheep")
    def work() -> dict[str, int]:
        return {"sheep": 3}

    with clock.at(NOON):
        assert work() == {"sheep": 3}
    row = PeriodicRun.objects.get()
    assert (row.job, row.period, row.counts, row.error) == ("count-sheep", "2026-03-02T12:00", {"sheep": 3}, "")
    assert row.started_at == row.finished_at == NOON


@pytest.mark.django_db
def test_failed_run_is_recorded_by_type_and_raised_on():
    @periodic("break", period="%Y-%m-%d")
    def work() -> dict[str, int]:
        raise RuntimeError("13800001234")

    with clock.at(NOON), pytest.raises(RuntimeError):
        work()
    row = PeriodicRun.objects.get()
    assert (row.period, row.error, row.counts, row.finished_at) == ("2026-03-02", "RuntimeError", {}, NOON)


@pytest.mark.django_db
def test_run_is_visible_while_it_lasts_and_a_killed_one_never_ended():
    seen = []

    @periodic("look")
    def work() -> dict[str, int]:
        seen.extend(PeriodicRun.objects.values_list("finished_at", flat=True))
        return {}

    work()
    assert seen == [None]


@pytest.mark.django_db
def test_old_runs_are_forgotten():
    with clock.at(NOON):
        periodic("old")(dict)()
    with clock.at(NOON + KEEP_RUNS):
        assert forget_old_runs() == 0
    with clock.at(NOON + KEEP_RUNS + timedelta(seconds=1)):
        assert forget_old_runs() == 1


def test_beat_only_sends_tasks_that_exist():
    app.loader.import_default_modules()
    missing = {line["task"] for line in settings.CELERY_BEAT_SCHEDULE.values()} - set(app.tasks)
    assert not missing


def test_a_tick_nobody_took_in_time_is_dropped():
    assert all("expires" in line["options"] for line in settings.CELERY_BEAT_SCHEDULE.values())
