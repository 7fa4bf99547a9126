"""The product's Celery application with a task that kills whoever runs it."""

import os
import signal

from celery import shared_task

from channels_platform.celery import app

__all__ = ["app"]


@shared_task(name="tests.poison")
def poison() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
