"""What the role the product runs under may do to each table: no more than its rows allow.

Triggers refuse changes to kept rows, but do not see TRUNCATE, and their table's owner can switch them off. A
role of its own, which owns nothing, closes both. What may not be changed or deleted is read off the models' own
triggers, so the two cannot disagree. An auditor's role reads the `audit_` views and nothing else.
"""

from collections.abc import Iterator

import pgtrigger
from django.apps import apps
from django.db import connection, transaction
from psycopg2 import sql

READ_ONLY = ("django_migrations",)


def allowed(model_triggers: list[pgtrigger.Trigger]) -> tuple[str, ...]:
    """Return the rights on a table that has these triggers."""
    protects = [t for t in model_triggers if isinstance(t, pgtrigger.Protect) and not isinstance(t, pgtrigger.ReadOnly)]
    whole = [t for t in protects if t.condition is None]  # one with a condition refuses some rows, not all
    refused = " ".join(str(t.operation) for t in whole)
    return ("SELECT", "INSERT", *(right for right in ("UPDATE", "DELETE") if right not in refused))


def table_rights() -> dict[str, tuple[str, ...]]:
    """Return the rights on every table of the product."""
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    return {
        **{m._meta.db_table: allowed(getattr(m._meta, "triggers", [])) for m in models if not m._meta.proxy},
        **dict.fromkeys(READ_ONLY, ("SELECT",)),
    }


def audit_views() -> list[str]:
    """Return the names of the views that are there for an auditor's own tools."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT viewname FROM pg_views WHERE schemaname = 'public' AND viewname ^@ 'audit_' ORDER BY 1")
        return [name for (name,) in cursor.fetchall()]


def _statements(role: str) -> Iterator[sql.Composed]:
    who = sql.Identifier(role)
    yield from _read_only(role)
    yield sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(who)
    for table, rights in table_rights().items():
        listed = sql.SQL(", ").join(sql.SQL(right) for right in rights)
        yield sql.SQL("GRANT {} ON {} TO {}").format(listed, sql.Identifier(table), who)


def _read_only(role: str) -> Iterator[sql.Composed]:
    """Take everything in the schema from the role, and give it the views."""
    who = sql.Identifier(role)
    yield sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(who)
    yield sql.SQL("REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {}").format(who)
    yield sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(who)
    for view in audit_views():
        yield sql.SQL("GRANT SELECT ON {} TO {}").format(sql.Identifier(view), who)


def grant_auditor(role: str) -> int:
    """Give an existing role the `audit_` views to read and nothing else; return how many.

    Run it as the tables' owner, after each migration.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in _read_only(role):
            cursor.execute(statement)
    return len(audit_views())


def grant_role(role: str) -> int:
    """Give an existing role what the product needs and nothing else; return the number of tables.

    Run it as the tables' owner, after each migration.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in _statements(role):
            cursor.execute(statement)
    return len(table_rights())
