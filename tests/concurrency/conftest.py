"""Two servers for all races: one as it is, one whose processes take no locks."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import cache

from tests.concurrency.processes import Server, serving


@pytest.fixture(scope="session")
def guarded(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving("channels_platform.wsgi", tmp_path_factory.mktemp("guarded") / "log") as server:
        yield server


@pytest.fixture(scope="session")
def unguarded(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving("tests.concurrency.unguarded", tmp_path_factory.mktemp("unguarded") / "log") as server:
        yield server


@pytest.fixture(autouse=True)
def _no_requests_remembered() -> None:
    """Forget the counted requests of the test before."""
    client = cache._cache.get_client()
    for key in client.scan_iter(match=f"{settings.REDIS_PREFIX}:rate:*", count=1000):
        client.delete(key)
