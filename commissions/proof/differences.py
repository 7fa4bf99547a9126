"""What a proof finds: each difference with the check that found it, and what was expected."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

# Of each check, so many are told one by one; all are counted.
TOLD = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be.

    Shape: `what` is a kind of object (deal, line, transaction, ...), `name` its number or id.
    """

    check: str
    what: str
    name: str
    expected: str
    found: str
    project: str = ""
    payee: str = ""

    def as_json(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass
class Report:
    """What was looked at, by name, and what differs; `total` counts also what is not told."""

    counts: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    total: int = 0

    @property
    def ok(self) -> bool:
        return self.total == 0

    def count(self, name: str, number: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + number

    def add(self, differences: Iterable[Difference], *, total: int | None = None) -> None:
        found = list(differences)
        self.differences += found
        self.total += len(found) if total is None else total

    def sql(self, check: str, statement: str, values: dict[str, Any] | None = None) -> None:
        """Add what a statement finds: rows of (project, what, name, payee, expected, found)."""
        rows = fetched(
            f"SELECT *, count(*) OVER () FROM ({statement}) found LIMIT {TOLD}",  # noqa: S608 - our own statements
            values,
        )
        self.add(
            (
                Difference(
                    check=check,
                    what=what,
                    name=str(name),
                    expected=_text(expected),
                    found=_text(found),
                    project=_text(project),
                    payee=_text(payee),
                )
                for project, what, name, payee, expected, found, _total in rows
            ),
            total=rows[0][-1] if rows else 0,
        )


def fetched(statement: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Return a statement's rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or {})
        return list(cursor.fetchall())


@contextmanager
def one_moment() -> Iterator[None]:
    """See one moment of the database throughout; inside another transaction, see what that sees."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def _text(value: Any) -> str:
    return "" if value is None else str(value)
