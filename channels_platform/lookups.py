"""SELECTs compiled once, and planned once: for the few rows that every request asks for.

Building, compiling and planning a queryset with its joins costs more than running it. Here that is done at the
first use; what varies from call to call are `Slot`s.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Expression, Model, QuerySet
from django.db.models.query import get_related_populators

from channels_platform.prepared import Prepared

M = TypeVar("M", bound=Model)


class Slot(Expression):
    """A value that is given when the SELECT is run, in the place `number` of the call's values."""

    def __init__(self, number: int, output_field: Any) -> None:
        super().__init__(output_field=output_field)
        self.number = number

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


class Lookup(Generic[M]):
    """The first row of a queryset, `select_related` included, without compiling it again.

    Values are handed to the driver as they are: dates, text, bytes, UUIDs.
    """

    def __init__(self, build: Callable[[], QuerySet[M]]) -> None:
        self._build = build

    @cached_property
    def _compiled(self) -> Any:
        connection = connections[DEFAULT_DB_ALIAS]
        compiler = self._build()[:1].query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        places = [f"v{one.number}" if isinstance(one, Slot) else f"c{place}" for place, one in enumerate(params)]
        constants = {name: one for name, one in zip(places, params, strict=True) if not isinstance(one, Slot)}
        statement = Prepared(sql % tuple(f"%({name})s" for name in places))
        converters = list(compiler.get_converters(expression[0] for expression in compiler.select).items())
        populators = get_related_populators(compiler.klass_info, compiler.select, connection.alias)  # type: ignore[call-arg]
        columns = compiler.klass_info["select_fields"]
        names = [compiler.select[column][0].target.attname for column in columns]
        return statement, constants, compiler.klass_info["model"], names, converters, populators

    def first(self, *values: Any) -> M | None:
        statement, constants, model, names, converters, populators = self._compiled
        found = statement.fetch(constants | {f"v{number}": value for number, value in enumerate(values)})
        if found is None:
            return None
        row, connection = list(found), connections[DEFAULT_DB_ALIAS]
        for place, (conversions, expression) in converters:
            for convert in conversions:
                row[place] = convert(row[place], expression, connection)
        instance: M = model.from_db(connection.alias, names, row[: len(names)])
        for populator in populators:
            populator.populate(row, instance)
        return instance
