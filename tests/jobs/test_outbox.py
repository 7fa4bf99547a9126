"""The outbox: what a transaction asked for happens, once it commits, and not for ever."""

import pytest

from channels_platform.jobs.models import OutboxMessage
from channels_platform.jobs.services import deliver_message, enqueue

pytestmark = pytest.mark.django_db


def test_unknown_task_is_refused_at_once():
    with pytest.raises(KeyError):
        enqueue("nobody.knows")
    assert not OutboxMessage.objects.exists()


def test_delivered_message_is_done_and_not_run_again():
    message = enqueue("channels_platform.jobs.tasks.heartbeat")
    assert deliver_message(message.pk) is True
    assert deliver_message(message.pk) is False
    message.refresh_from_db()
    assert (message.attempts, message.done_at is not None) == (1, True)
