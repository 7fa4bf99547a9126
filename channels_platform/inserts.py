"""Rows of several models, written in one statement compiled and planned once: for what is written all day long."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count, groupby

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Field, Model

from channels_platform.prepared import Prepared


def insert_together(rows: Sequence[Model]) -> None:
    """Insert new rows in one statement; rows of one model stand together.

    Foreign keys are checked at the commit, so rows may name each other. Keys that the database draws are not
    read back.
    Raises: IntegrityError as single inserts would.
    """
    groups = [(model, list(of_model)) for model, of_model in groupby(rows, key=type)]
    statement = _statement(tuple((model, len(of_model)) for model, of_model in groups))
    connection = connections[DEFAULT_DB_ALIAS]  # the connection itself: its proxy would be asked a hundred times
    values = [
        field.get_db_prep_save(field.pre_save(row, add=True), connection)
        for model, of_model in groups
        for row in of_model
        for field in _fields(model)
    ]
    statement.fetch({f"v{place}": value for place, value in enumerate(values)})
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


@lru_cache(maxsize=256)
def _fields(model: type[Model]) -> tuple[Field, ...]:
    own_keys = ("AutoField", "BigAutoField", "SmallAutoField")
    return tuple(field for field in model._meta.concrete_fields if field.get_internal_type() not in own_keys)


@lru_cache(maxsize=256)
def _statement(groups: tuple[tuple[type[Model], int], ...]) -> Prepared:
    places = count()
    *others, last = (_insert(model, rows, places) for model, rows in groups)
    named = ", ".join(f"i{place} AS ({insert})" for place, insert in enumerate(others))
    return Prepared(f"WITH {named} {last}" if named else last)


def _insert(model: type[Model], rows: int, places: Iterator[int]) -> str:
    quote = connections[DEFAULT_DB_ALIAS].ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in _fields(model))
    values = ", ".join(f"({', '.join(f'%(v{next(places)})s' for _ in _fields(model))})" for _ in range(rows))
    # names of our own models only; values are handed over apart
    return f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES {values}"  # noqa: S608
