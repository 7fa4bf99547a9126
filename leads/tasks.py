"""Scheduled jobs of clients: tidying, reminding, erasing. Each is idempotent and safe to run twice at once."""

from celery import shared_task

from channels_platform.jobs.services import periodic
from leads.services.erasure import erase_personal_data as erase
from leads.services.reminders import mail_notices, write_reminders
from leads.services.sweep import sweep_expiries as sweep


@shared_task
@periodic("sweep-expiries")
def sweep_expiries() -> dict[str, int]:
    return sweep()


@shared_task
@periodic("send-reminders")
def send_reminders() -> dict[str, int]:
    return {"written": write_reminders(), "mailed": mail_notices()}


@shared_task
@periodic("erase-personal-data", period="%Y-%m-%d")
def erase_personal_data() -> dict[str, int]:
    return erase()
