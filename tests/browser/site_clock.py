"""The live server's time: its threads know nothing of the test's `clock.at`, each request is told when it happens."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.core.signals import request_finished, request_started

from channels_platform.lib import clock


class SiteClock:
    """What time it is on the site, for every request until it is set anew."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def begun(self, **_: Any) -> None:
        # not `clock.at`: a request whose answer nobody waits for never ends, and its thread's context goes with it
        clock._fixed.set(self.instant)

    def ended(self, **_: Any) -> None:
        clock._fixed.set(None)


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
