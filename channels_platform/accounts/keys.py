"""Who did something, as models keep it."""

from typing import Any

from django.conf import settings
from django.db import models


def person_key(label: Any, **options: Any) -> Any:
    """Return the key to an account that must not go while the row stands, and that knows nothing of the row."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=label, on_delete=models.PROTECT, related_name="+", **options
    )
