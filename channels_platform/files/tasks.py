"""Scheduled jobs of files."""

from celery import shared_task

from channels_platform.files.services.strays import forget_strays
from channels_platform.jobs.services import periodic


@shared_task
@periodic("forget-stray-files", period="%Y-%m-%d")
def forget_stray_files() -> dict[str, int]:
    return forget_strays()
