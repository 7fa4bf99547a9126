"""Scheduled jobs of clients: tidying, reminding, erasing. Each is idempotent and safe to run twice at once."""

from uuid import UUID

from celery import shared_task

from brokers.services.individuals import forget_individuals
from brokers.services.joining import forget_declined
from channels_platform.jobs.services import periodic
from leads.services import codes, payment_files, sheets
from leads.services.bulk import run_bulk_act
from leads.services.care import escalate_overdue as escalate
from leads.services.erasure import erase_personal_data as erase
from leads.services.individuals import confirm_individuals as confirm
from leads.services.reminders import write_reminders
from leads.services.signals import find_signals as find
from leads.services.sweep import sweep_expiries as sweep
from leads.services.telling import tell_of_events as tell
from leads.services.whatif import run_what_if


@shared_task
@periodic("sweep-expiries")
def sweep_expiries() -> dict[str, int]:
    return sweep()


@shared_task
@periodic("send-reminders")
def send_reminders() -> dict[str, int]:
    return {"written": write_reminders()}


@shared_task
@periodic("tell-of-events")
def tell_of_events() -> dict[str, int]:
    return tell()


@shared_task
@periodic("find-signals", period="%Y-%m-%dT%H")
def find_signals() -> dict[str, int]:
    return find()


@shared_task
@periodic("erase-personal-data", period="%Y-%m-%d")
def erase_personal_data() -> dict[str, int]:
    declined = {"applications": forget_declined(), "individuals": forget_individuals()}
    return {**declined, **erase(), "sheets": sheets.forget_sheets()}


@shared_task
def send_arrival_code(code_id: str) -> None:
    codes.send_arrival_code(code_id=UUID(code_id))


@shared_task
def judge_clients(job_id: str) -> None:
    sheets.judge_sheet(job_id=UUID(job_id))


@shared_task
@periodic("confirm-individuals")
def confirm_individuals() -> dict[str, int]:
    return confirm()


@shared_task
@periodic("escalate-overdue")
def escalate_overdue() -> dict[str, int]:
    return escalate()


@shared_task
def judge_anew(job_id: str) -> None:
    run_what_if(job_id=UUID(job_id))


@shared_task
def do_bulk_act(job_id: str) -> None:
    run_bulk_act(job_id=UUID(job_id))


@shared_task
def take_payments(job_id: str) -> None:
    payment_files.take_payments(job_id=UUID(job_id))
