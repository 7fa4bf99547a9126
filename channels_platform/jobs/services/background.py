"""Jobs somebody waits for, with progress."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import transaction

from channels_platform.jobs.models import Job, JobState
from channels_platform.jobs.services.outbox import enqueue
from channels_platform.lib import clock


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
    """Mark a job running, then done with whatever the body set on it, or failed and raise on.

    A job that was interrupted is begun again; one that is over is not: then JobIsOver is raised.
    Writes: Job.
    """
    started = Job.objects.filter(pk=job_id, state__in=[JobState.QUEUED, JobState.RUNNING, JobState.FAILED]).update(
        state=JobState.RUNNING, started_at=clock.now(), finished_at=None, done=0, errors=[]
    )
    if not started:
        raise JobIsOver(str(job_id))
    job = Job.objects.get(pk=job_id)
    try:
        yield job
    except Exception as error:
        job.errors = [*job.errors, {"code": type(error).__name__}]
        _close(job, JobState.FAILED)
        raise
    _close(job, JobState.DONE)


class JobIsOver(Exception):
    """The job was done before; nothing is left to do."""


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
