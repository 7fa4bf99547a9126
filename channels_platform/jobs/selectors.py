"""Who sees which jobs."""

from typing import Any
from uuid import UUID

from channels_platform.jobs.models import Job


def get_job(*, viewer: Any, job_id: UUID) -> Job | None:
    """Return a job to the one who started it; to anybody else it does not exist."""
    return Job.objects.filter(pk=job_id, starter=viewer).first()
