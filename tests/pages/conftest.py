"""Signed-in people of the cast."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from channels_platform.accounts.models import User
from tests.pages.world import World, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def as_person() -> Callable[[Any], Client]:
    """Return a browser signed in as a user or as a broker's user."""

    def sign_in(person: Any) -> Client:
        client = Client()
        client.force_login(person if isinstance(person, User) else person.user)
        return client

    return sign_in
