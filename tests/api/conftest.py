import pytest
from django.conf import settings
from django.core.cache import cache

from tests.api.cast import Cast, make_cast


@pytest.fixture
def cast(db) -> Cast:
    return make_cast()


@pytest.fixture(autouse=True)
def _no_attempts_remembered() -> None:
    """Forget the failed attempts and the counted requests of the test before."""
    client = cache._cache.get_client()
    for pattern in ("*allauth:rl:*", "rate:*"):
        for key in client.scan_iter(match=f"{settings.REDIS_PREFIX}:{pattern}", count=1000):
            client.delete(key)
