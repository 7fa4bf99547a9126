"""Work of agencies in the background. Each task is idempotent and safe to run twice at once."""

from uuid import UUID

from celery import shared_task

from brokers.services.applicants import mail_applicant as mail
from brokers.services.papers import warn_of_ends as warn
from brokers.services.signup_codes import send_signup_code as send_code
from channels_platform.jobs.services import periodic


@shared_task
def mail_applicant(application_id: str) -> None:
    mail(application_id=UUID(application_id))


@shared_task
@periodic("warn-of-ends", period="%Y-%m-%d")
def warn_of_ends() -> dict[str, int]:
    return {"told": warn()}


@shared_task
def send_signup_code(individual_id: str, asked: str) -> None:
    send_code(individual_id=UUID(individual_id), asked=asked)
