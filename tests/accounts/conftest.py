"""The cast: people of every role, who all share one password."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache

from channels_platform.accounts.models import User

PASSWORD = "a-good-long-password"


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    def make(username: str = "lin", role: str = "broker", **more: Any) -> User:
        return User.objects.create_user(username, password=PASSWORD, role=role, **more)

    return make


@pytest.fixture(autouse=True)
def _no_attempts_remembered() -> None:
    """Forget the failed attempts of the test before."""
    client = cache._cache.get_client()
    for key in client.scan_iter(match=f"{settings.REDIS_PREFIX}:*allauth:rl:*", count=1000):
        client.delete(key)
