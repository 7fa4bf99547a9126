"""The site's WSGI door with the locks taken away: what the races' controls run against."""

from channels_platform.wsgi import application
from tests.concurrency.guards import take_locks_away

__all__ = ["application"]

# all sixteen have judged by then
take_locks_away(dwell=0.4)
