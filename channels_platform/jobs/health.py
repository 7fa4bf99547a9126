"""Is everything working? /healthz: this process. /readyz: all of it, proved by a task that made the round trip."""

from collections.abc import Callable
from datetime import timedelta

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from channels_platform.jobs.models import Heartbeat
from channels_platform.lib import clock

FRESH = timedelta(seconds=20)
ROUND_TRIP = "round-trip"


def note_heartbeat() -> None:
    """Record, in a worker, that beat's task came through the broker."""
    Heartbeat.objects.update_or_create(name=ROUND_TRIP, defaults={"at": clock.now()})


def forget_heartbeat() -> None:
    """Have readiness wait for a new round trip: what an earlier start proved does not count."""
    Heartbeat.objects.filter(name=ROUND_TRIP).delete()


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def _broker() -> bool:
    cache.get("readyz")
    return True


def _worker_and_beat() -> bool:
    return Heartbeat.objects.filter(name=ROUND_TRIP, at__gt=clock.now() - FRESH).exists()


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database,
    "broker": _broker,
    "worker_and_beat": _worker_and_beat,
}


def _passes(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:  # noqa: BLE001 - whatever fails, the answer is: not ready
        return False


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    found = {name: _passes(check) for name, check in CHECKS.items()}
    ready = all(found.values())
    answer = JsonResponse({"status": "ok" if ready else "unready", "checks": found}, status=200 if ready else 503)
    answer._has_been_logged = True  # type: ignore[attr-defined]  # 503 is an answer here, not an error to report
    return answer
