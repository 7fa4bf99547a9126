"""Locks of people."""

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext_lazy as _

from channels_platform.accounts.models import User
from channels_platform.lib.names import clean_text


def lock_username(username: str) -> str:
    """Return the user name as it is kept, nobody else's in whichever letters; who takes it at this moment waits.

    People sign in with either spelling, so two accounts that differ by case would both be shut out.
    Raises: ValidationError of the field.
    Locks:  an advisory lock on the name, to the end of the transaction.
    """
    name = User.normalize_username(clean_text(username))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7302))", [f"username {name.lower()}"])
    if User.objects.filter(username__iexact=name).exists():
        raise ValidationError({"username": [_("A user with that username already exists.")]})
    return str(name)
