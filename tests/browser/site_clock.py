"""The live server's time: its threads know nothing of the test's `clock.at`, each request is told when it happens."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

from django.core.signals import request_finished, request_started

from channels_platform.lib import clock


class SiteClock:
    """What time it is on the site, for every request until it is set anew."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant
        self._inside: dict[int, AbstractContextManager[None]] = {}

    def begun(self, **_: Any) -> None:
        self.ended()
        moved = clock.at(self.instant)
        moved.__enter__()
        self._inside[threading.get_ident()] = moved

    def ended(self, **_: Any) -> None:
        if moved := self._inside.pop(threading.get_ident(), None):
            moved.__exit__(None, None, None)


@contextmanager
def site_at(instant: datetime) -> Iterator[SiteClock]:
    """Let the live server's requests happen at an instant, and later ones as it is set."""
    site = SiteClock(instant)
    request_started.connect(site.begun)
    request_finished.connect(site.ended)
    try:
        yield site
    finally:
        request_started.disconnect(site.begun)
        request_finished.disconnect(site.ended)
