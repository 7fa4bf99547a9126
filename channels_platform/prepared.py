"""Statements planned once per database connection: for those that take longer to plan than to run.

`DATABASE_PREPARE=off` for a pooler that shares connections between transactions: there a prepared statement
may be gone, or another's.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

_PLACE = re.compile(r"%\((\w+)\)s")
_known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


class Prepared:
    """A statement of one row or none, its values as `%(name)s`; the database infers their types."""

    def __init__(self, sql: str) -> None:
        self._sql = sql
        self._name = f"prepared_{hashlib.blake2b(sql.encode(), digest_size=8).hexdigest()}"

    @cached_property
    def _statements(self) -> tuple[str, str]:
        """Return the PREPARE and the EXECUTE, whose values are numbered in order of first use."""
        names = list(dict.fromkeys(_PLACE.findall(self._sql)))
        numbered = _PLACE.sub(lambda found: f"${names.index(found[1]) + 1}", self._sql).replace("%%", "%")
        values = ", ".join(f"%({name})s" for name in names)
        return f"PREPARE {self._name} AS {numbered}", f"EXECUTE {self._name}" + (f" ({values})" if names else "")

    def fetch(self, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Run the statement; return its row, or None."""
        connection = connections[DEFAULT_DB_ALIAS]
        with connection.cursor() as cursor:
            if not settings.DATABASE_PREPARE:
                cursor.execute(self._sql, values)
            else:
                prepare, execute = self._statements
                here = _known.setdefault(connection.connection, set())
                if self._name not in here:
                    cursor.execute(prepare)
                    here.add(self._name)
                cursor.execute(execute, values)
            row: tuple[Any, ...] | None = cursor.fetchone() if cursor.description else None
        return row
