"""Locks of people."""

from django.db import connection


def lock_username(username: str) -> None:
    """Have whoever takes the same user name at this moment wait; then validation sees it and says so by field.

    Locks: an advisory lock on the name, to the end of the transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7302))", [f"username {username}"])
