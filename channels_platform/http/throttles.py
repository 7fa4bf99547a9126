"""How often one caller may ask: counted per key, in Redis."""

from functools import cache
from typing import Any

import redis
import structlog
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from channels_platform.lib import clock

log = structlog.get_logger(__name__)


@cache
def _client() -> Any:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5)


class PerCaller(BaseThrottle):
    """At most `API_REQUESTS_PER_MINUTE` of one key (or session), `API_ANONYMOUS_PER_MINUTE` of one address.

    Counted in whole minutes. Where Redis does not answer nobody is kept out.
    """

    window_seconds = 60

    def allow_request(self, request: Request, view: Any) -> bool:
        self._now = clock.now().timestamp()
        caller, limit = self._caller(request)
        window = int(self._now // self.window_seconds)
        name = f"{settings.REDIS_PREFIX}:rate:{caller}:{window}"
        try:
            count = _client().incr(name)
            if count == 1:
                _client().expire(name, self.window_seconds + 1)
        except redis.RedisError as error:
            log.warning("throttle_not_counted", error=type(error).__name__)
            return True
        return bool(count <= limit)

    def wait(self) -> float:
        return self.window_seconds - self._now % self.window_seconds + 1

    def _caller(self, request: Request) -> tuple[str, int]:
        if request.auth is not None:
            return f"key:{request.auth.pk}", settings.API_REQUESTS_PER_MINUTE
        if request.user.is_authenticated:
            return f"person:{request.user.pk}", settings.API_REQUESTS_PER_MINUTE
        return f"address:{self.get_ident(request)}", settings.API_ANONYMOUS_PER_MINUTE
