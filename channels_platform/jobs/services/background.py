"""Jobs somebody waits for, with progress."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction

from channels_platform.jobs.models import Job, JobState
from channels_platform.jobs.services.outbox import Settled, enqueue
from channels_platform.lib import clock

log = structlog.get_logger(__name__)


def create_job(*, kind: str, task: str, starter: Any, arguments: dict[str, Any] | None = None, total: int = 0) -> Job:
    """Record a job and have a worker run `task(job_id=...)` after the commit.

    `arguments` are JSON, for the task to read from the job; no personal data.
    Writes: Job, OutboxMessage, in one transaction.
    """
    with transaction.atomic():
        job = Job.objects.create(
            kind=kind, starter=starter, arguments=arguments or {}, total=total, created_at=clock.now()
        )
        enqueue(task, job_id=str(job.pk))
    return job


@contextmanager
def job_at_work(job_id: str | UUID) -> Iterator[Job]:
    """Mark a job running, then done with whatever the body set on it, or failed.

    A job whose worker was lost is begun again from nothing; one that failed is not: its starter sees why, and asks
    again or not.
    Writes: Job.
    Raises: Settled, for a job that is over or has just failed, so that the outbox does not try it again.
    """
    started = Job.objects.filter(pk=job_id, state__in=[JobState.QUEUED, JobState.RUNNING]).update(
        state=JobState.RUNNING, started_at=clock.now(), finished_at=None, done=0, errors=[]
    )
    if not started:
        raise Settled(f"job {job_id} is over")
    job = Job.objects.get(pk=job_id)
    try:
        yield job
    except Exception as error:
        log.exception("job_failed", job_id=str(job_id), kind=job.kind)
        job.errors = [*job.errors, {"code": getattr(error, "code", None) or type(error).__name__}]
        _close(job, JobState.FAILED)
        raise Settled(f"job {job_id} failed") from error
    _close(job, JobState.DONE)


def _close(job: Job, state: JobState) -> None:
    job.state, job.finished_at = state, clock.now()
    job.save()


def report_progress(job: Job, *, done: int, total: int | None = None) -> None:
    """Write how far the job is; call it per chunk, not per row.

    Writes: Job, visible at once unless the caller holds a transaction open.
    """
    job.done = done
    job.total = job.total if total is None else total
    Job.objects.filter(pk=job.pk).update(done=job.done, total=job.total)


def forget_files(*, kind: str, **arguments: str) -> None:
    """Hand out no more the files of jobs of this kind with these arguments; they are deleted after the commit.

    Writes: Job.
    """
    for job in Job.objects.filter(kind=kind, arguments__contains=arguments).exclude(result_file=""):
        transaction.on_commit(partial(job.result_file.storage.delete, str(job.result_file.name)))
        Job.objects.filter(pk=job.pk).update(result_file="")
