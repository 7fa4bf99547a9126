"""What a production must not start with."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

WEAK_KEY_MARKS = ("django-insecure", "change-me", "changeme", "example")


@register(Tags.security)
def check_keys(**kwargs: Any) -> list[CheckMessage]:
    """Refuse, in production, a key out of a document or one that serves two purposes."""
    if not settings.PRODUCTION:
        return []
    rings = {
        "SECRET_KEY": [settings.SECRET_KEY],
        "PII_ENCRYPTION_KEYS": settings.PII_ENCRYPTION_KEYS,
        "PHONE_INDEX_KEYS": settings.PHONE_INDEX_KEYS,
    }
    weak = [
        Error(f"{name} is an example, not a secret.", hint="See .env.example for how to make one.", id="channels.E001")
        for name, keys in rings.items()
        if any(mark in key.lower() for key in keys for mark in WEAK_KEY_MARKS)
    ]
    every = [key for keys in rings.values() for key in keys]
    shared = [Error("One key serves two purposes.", id="channels.E002")] if len(set(every)) < len(every) else []
    return [*weak, *shared]


@register(Tags.database)
def check_no_demo_accounts(databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse, in production, a database in which demo accounts can sign in."""
    if not (settings.PRODUCTION and databases and "default" in databases):
        return []
    user = apps.get_model("accounts", "User")
    with connections["default"].cursor() as cursor:
        tables = connections["default"].introspection.table_names(cursor)
    if user._meta.db_table not in tables or not user.objects.filter(is_demo=True, is_active=True).exists():
        return []
    return [
        Error(
            "This database has demo accounts, whose passwords are public.",
            hint="Use a database of its own for production.",
            id="channels.E003",
        )
    ]


def refuse_unsafe_start() -> None:
    """Stop a production server that would not be safe.

    Raises: ImproperlyConfigured, naming every error found.
    """
    if settings.PRODUCTION:
        found = run_checks(include_deployment_checks=True, databases=["default"])
        if serious := [message for message in found if message.is_serious()]:
            raise ImproperlyConfigured("; ".join(message.msg for message in serious))
