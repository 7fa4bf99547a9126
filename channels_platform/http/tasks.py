"""The API's own scheduled work."""

from celery import shared_task

from channels_platform.http.idempotency import forget_answers
from channels_platform.jobs.services import periodic


@shared_task
@periodic("forget-answers")
def forget_stored_answers() -> dict[str, int]:
    forgotten = 0
    while batch := forget_answers():
        forgotten += batch
    return {"forgotten": forgotten}
