"""A report read: a page of rows, totals by currency, or all of it as a stream."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection

from commissions.exports.rows import stream
from commissions.reports.types import Asked, Field, Kind, Row


@dataclass(frozen=True, slots=True)
class Total:
    """What one currency's rows add up to, by field."""

    currency: str
    rows: int
    sums: dict[str, Decimal]

    def of(self, field: Field) -> Decimal | None:
        """Return what stands below the field's column; nothing where a total means nothing."""
        if field.kind is Kind.RATE and field.of is not None:
            return quotient(self.sums.get(field.of[0]), self.sums.get(field.of[1]))
        return self.sums.get(field.name)


def quotient(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """Return a rate rounded to what is shown of it; nothing where the whole is nothing."""
    if part is None or not whole:
        return None
    return round(Decimal(part) / Decimal(whole), 6)


def value_of(field: Field, row: Row) -> Any:
    """Return what a field's cell holds: the query's value, or the quotient of two."""
    if field.of is not None:
        return quotient(row[field.of[0]], row[field.of[1]])
    return row[field.name]


def rows_at(asked: Asked, start: int, many: int) -> list[dict[str, Any]]:
    """Return so many rows from a place on, in the report's order."""
    sql = f"{_ordered(asked)} LIMIT %(many)s OFFSET %(start)s"
    with connection.cursor() as cursor:
        cursor.execute(sql, asked.values | {"many": many, "start": start})
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def totals(asked: Asked) -> list[Total]:
    """Return the totals of all rows, by currency in its order."""
    names = [field.name for field in asked.report.fields(asked) if field.adds_up]
    sums = "".join(f", sum({name})" for name in names)
    sql = f"SELECT currency, count(*){sums} FROM ({asked.report.query(asked)}) r GROUP BY 1 ORDER BY 1"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, asked.values)
        found = cursor.fetchall()
    return [Total(row[0], row[1], dict(zip(names, row[2:], strict=True))) for row in found]


@contextmanager
def all_rows(asked: Asked, *, currency: str) -> Iterator[Iterator[dict[str, Any]]]:
    """Open all rows of a currency, in the report's order; memory does not grow with them."""
    values = asked.values | {"of_currency": currency}
    inner = asked.report.query(asked)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({inner}) r LIMIT 0", values)  # noqa: S608
        names = [column.name for column in cursor.description]
    with stream(_ordered(asked, "WHERE currency = %(of_currency)s"), values) as rows:
        yield (dict(zip(names, row, strict=True)) for row in rows)


def _ordered(asked: Asked, narrow: str = "") -> str:
    return f"SELECT * FROM ({asked.report.query(asked)}) r {narrow} ORDER BY {asked.report.order(asked)}"  # noqa: S608
