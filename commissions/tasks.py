"""Scheduled jobs of money. Each is idempotent, safe to run twice at once, and goes on after a kill."""

from uuid import UUID

from celery import shared_task

from channels_platform.jobs.services import periodic
from commissions.services import (
    closing,
    contest_rounds,
    exporting,
    ledger_checks,
    liability_export,
    report_exports,
    report_schedules,
    runs,
    schedule,
    simulations,
)


@shared_task
@periodic("run-commissions")
def run_commissions() -> dict[str, int]:
    return runs.bring_up_to_date()


@shared_task
def run_changed_projects() -> None:
    """Run what changed a moment ago, payments above all; leaves a row only where there was something to do."""
    if runs.something_due():
        run_commissions()


@shared_task
def run_project(project_id: str) -> None:
    """Run one project now, if it has something new."""
    runs.run_if_due(project_id=UUID(project_id))


@shared_task
@periodic("schedule-payouts")
def schedule_payouts() -> dict[str, int]:
    return schedule.schedule_payouts()


@shared_task
@periodic("close-contest-rounds")
def close_contest_rounds() -> dict[str, int]:
    return contest_rounds.close_rounds()


@shared_task
def tell_of_statements(closed_id: str) -> None:
    closing.tell_of_statements(closed_id=UUID(closed_id))


@shared_task
def write_export(job_id: str) -> None:
    exporting.write_export(job_id=UUID(job_id))


@shared_task
def write_report_export(job_id: str) -> None:
    report_exports.write_report_export(job_id=UUID(job_id))


@shared_task
@periodic("make-scheduled-reports")
def make_scheduled_reports() -> dict[str, int]:
    return report_schedules.make_scheduled_reports()


@shared_task
def write_liability(job_id: str) -> None:
    liability_export.write_export(job_id=UUID(job_id))


@shared_task
@periodic("check-ledger")
def check_ledger() -> dict[str, int]:
    check = ledger_checks.check_ledger()
    return {**check.counts, "differences": check.found}


@shared_task
def check_ledger_now(job_id: str) -> None:
    ledger_checks.check_for_job(job_id=UUID(job_id))


@shared_task
def simulate_plan(job_id: str) -> None:
    simulations.run_simulation(job_id=UUID(job_id))
