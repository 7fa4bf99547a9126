"""The platform's own tasks."""

from celery import shared_task

from channels_platform.jobs.health import note_heartbeat
from channels_platform.jobs.services import deliver_message, periodic, sweep_messages
from channels_platform.jobs.services.periodic import forget_old_runs


@shared_task
def deliver(message_id: int) -> None:
    deliver_message(message_id)


@shared_task
@periodic("sweep-outbox")
def sweep_outbox() -> dict[str, int]:
    return {**sweep_messages(), "runs_forgotten": forget_old_runs()}


@shared_task(acks_late=False)
def heartbeat() -> None:
    note_heartbeat()
