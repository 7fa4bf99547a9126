"""Scheduled jobs of notices."""

from celery import shared_task

from channels_platform.jobs.services import periodic
from channels_platform.notices.services.delivering import deliver_due, forget_old


@shared_task
@periodic("deliver-notices")
def deliver_notices() -> dict[str, int]:
    return deliver_due()


@shared_task
@periodic("forget-notices", period="%Y-%m-%d")
def forget_notices() -> dict[str, int]:
    return {"forgotten": forget_old()}
