"""What every test may use."""

from collections.abc import Iterator

import pytest
import zeal
from django.conf import settings
from django.core.cache import cache
from django.utils import translation


@pytest.fixture(scope="session", autouse=True)
def _leave_no_redis_keys() -> Iterator[None]:
    """Delete this run's names in the shared Redis when it is over."""
    yield
    client = cache._cache.get_client()
    for key in client.scan_iter(match=f"{settings.REDIS_PREFIX}:*", count=1000):
        client.delete(key)


@pytest.fixture(autouse=True)
def _media_of_its_own(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture(autouse=True)
def _language_of_nobody() -> Iterator[None]:
    """Forget the language of the last request: the test client, unlike a server, stays in its thread."""
    yield
    translation.deactivate()


@pytest.fixture
def no_n_plus_one() -> Iterator[None]:
    """Fail where one query is made per row."""
    with zeal.zeal_context():
        yield
