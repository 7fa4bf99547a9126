"""What a production must not start with."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

# Parts of keys that stand in documents, .env.example among them; the last is "sample" in base64.
PUBLIC_KEY_MARKS = ("sample-", "django-insecure", "change-me", "changeme", "c2FtcGxl")


def _rings() -> dict[str, list[str]]:
    return {
        "SECRET_KEY": [settings.SECRET_KEY],
        "PII_ENCRYPTION_KEYS": settings.PII_ENCRYPTION_KEYS,
        "PHONE_INDEX_KEYS": settings.PHONE_INDEX_KEYS,
        "EVIDENCE_KEY": [settings.EVIDENCE_KEY],
    }


@register(Tags.security)
def check_keys_are_separate(**kwargs: Any) -> list[CheckMessage]:
    """Refuse one key for two purposes: who holds one must not hold the other."""
    every = [key for ring in _rings().values() for key in ring]
    if len(set(every)) == len(every):
        return []
    return [Error("One key serves two purposes.", hint="Each variable needs keys of its own.", id="channels.E001")]


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
            id="channels.E002",
        )
    ]


def refuse_unsafe_start() -> None:
    """Stop a production server that would not be safe: public keys, demo accounts, or any failed check.

    Raises: ImproperlyConfigured, naming everything found.
    """
    if not settings.PRODUCTION:
        return
    found = [message.msg for message in run_checks(databases=["default"]) if message.is_serious()]
    found += [
        f"{name} is the one from a document: make your own (.env.example says how)."
        for name, ring in _rings().items()
        if any(mark in key.lower() for key in ring for mark in PUBLIC_KEY_MARKS)
    ]
    if found:
        raise ImproperlyConfigured(" ".join(found))
