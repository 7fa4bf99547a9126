"""Filters of lists: within what the person may see, and by whole days."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.dateparse import parse_date
from django.utils.timezone import get_current_timezone
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    DropdownFilter,
    RangeDateFilter,
    RelatedDropdownFilter,
)

from channels_platform.adminkit.base import within_reach


class DaysFilter(RangeDateFilter):
    """From one day to another, both included, for dates and (by the site's calendar) for instants."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = self._day("_from"), self._day("_to")
        is_instant = self.field.get_internal_type() == "DateTimeField"
        if first:
            queryset = queryset.filter(**{f"{self.field_path}__gte": _begin(first) if is_instant else first})
        if last and last < date.max:
            end = {f"{self.field_path}__lt": _begin(last + timedelta(days=1))}
            queryset = queryset.filter(**(end if is_instant else {f"{self.field_path}__lte": last}))
        return queryset

    def _day(self, end: str) -> date | None:
        try:
            return parse_date(str(self.used_parameters.get(f"{self.parameter_name}{end}") or ""))
        except ValueError:
            return None


def _begin(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=get_current_timezone())


class RelatedFilter(RelatedDropdownFilter):
    """A few related objects to choose from: those the person could open."""

    def has_output(self) -> bool:
        return bool(self.lookup_choices)

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        rows = within_reach(model_admin.admin_site, request, field.remote_field.model)
        return [(row.pk, str(row)) for row in rows.order_by(*rows.model._meta.ordering)[:500]]


class ManyRelatedFilter(AutocompleteSelectFilter):
    """Many related objects: typed, not listed."""


class ChoiceFilter(DropdownFilter):
    """A fixed set of choices; subclasses say `options` and how one narrows the rows."""

    options: tuple[tuple[str, Any], ...] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[tuple[str, Any], ...]:
        return self.options

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value:
            return queryset
        if value not in {str(choice) for choice, _label in self.lookup_choices}:
            raise IncorrectLookupParameters
        return self.narrow(queryset, value)

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        raise LookupError(value)


class ExactFilter(DropdownFilter):
    """A value that another page or a search put into the address; the panel keeps it, and offers no choice."""

    template = "admin/filter_kept.html"

    def has_output(self) -> bool:
        return self.value() is not None

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[tuple[str, str], ...]:
        return ()

    def choices(self, changelist: Any) -> Iterator[Any]:
        without = self._without(changelist)
        yield {"name": self.parameter_name, "value": self.value(), "says": self.says(), "without": without}

    def says(self) -> str:
        return str(self.value())

    def _without(self, changelist: Any) -> str:
        return str(changelist.get_query_string(remove=[self.parameter_name]))


__all__ = ["ChoiceFilter", "DaysFilter", "ExactFilter", "ManyRelatedFilter", "RelatedFilter"]
