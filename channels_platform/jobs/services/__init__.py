"""The doors to background work."""

from channels_platform.jobs.services.background import create_job, forget_files, job_at_work, report_progress
from channels_platform.jobs.services.outbox import Settled, deliver_message, enqueue, sweep_messages
from channels_platform.jobs.services.periodic import periodic

__all__ = [
    "Settled",
    "create_job",
    "deliver_message",
    "enqueue",
    "forget_files",
    "job_at_work",
    "periodic",
    "report_progress",
    "sweep_messages",
]
