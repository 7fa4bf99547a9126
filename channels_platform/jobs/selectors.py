"""Who sees which jobs."""

from typing import Any
from uuid import UUID

from channels_platform.jobs.kinds import is_readable
from channels_platform.jobs.models import Job


def get_job(*, viewer: Any, job_id: UUID) -> Job | None:
    """Return a job to the one who started it and may read it still; to anybody else it does not exist."""
    job = Job.objects.filter(pk=job_id, starter=viewer).first()
    return job if job is not None and is_readable(job, viewer) else None
