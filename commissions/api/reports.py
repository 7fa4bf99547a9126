"""Finance's reports over HTTP, read only: the rows that the page shows, narrowed by the same words."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from channels_platform.accounts.permissions import Can
from channels_platform.http.fields import money_text
from channels_platform.http.pages import address_from, no_cursor, page_size, place_of
from channels_platform.http.problems import Problem, field_error
from channels_platform.http.views import ApiView
from channels_platform.lib.names import clean_text
from commissions.reports.asked import NOBODY, NONE, options_of, read_asked
from commissions.reports.catalogue import REPORTS
from commissions.reports.reading import rows_at, totals, value_of
from commissions.reports.spans import OWN, SPANS
from commissions.reports.types import Asked, Field, Kind, Report

_DEEPEST = 10**7
_LISTED = {"project", "company", "agency", "currency"}
_PAGING = {"cursor", "page_size", "format"}


class ReportOut(serializers.Serializer[Any]):
    """`filters`: what its rows can be narrowed by; `by`: what they can be grouped by."""

    name = serializers.CharField()
    title = serializers.CharField()
    about = serializers.CharField()
    filters = serializers.ListField(child=serializers.CharField())
    by = serializers.ListField(child=serializers.CharField())


class ReportFieldOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    heading = serializers.CharField()
    kind = serializers.ChoiceField([kind.value for kind in Kind])


class ReportTotalOut(serializers.Serializer[Any]):
    currency = serializers.CharField()
    rows = serializers.IntegerField()
    sums = serializers.DictField(child=serializers.CharField())


class ReportRowsOut(serializers.Serializer[Any]):
    """`results`: each row by the names of `fields`, with its `currency`; `totals`: of all rows, by currency.

    `from`, `to`: the first and the last day that are counted, null where there is none.
    """

    from_ = serializers.DateField(allow_null=True)
    to = serializers.DateField(allow_null=True)
    fields_ = ReportFieldOut(many=True)
    totals = ReportTotalOut(many=True)
    results = serializers.ListField(child=serializers.DictField(child=serializers.JSONField(allow_null=True)))
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        found = super().get_fields()
        return {name.removesuffix("_"): field for name, field in found.items()}


class ReportsView(ApiView):
    needs = {"GET": Can.SEE_MONEY}

    @extend_schema(responses=ReportOut(many=True))
    def get(self, request: Request) -> Response:
        """What reports there are."""
        return Response(
            [
                {
                    "name": one.name,
                    "title": str(one.title),
                    "about": str(one.about),
                    "filters": list(_filters(one)),
                    "by": [dim.name for dim in one.dims],
                }
                for one in REPORTS.values()
            ]
        )


def _filters(report: Report) -> Iterable[str]:
    yield from ("span", "from", "to") if report.span else ()
    yield from ("by", "then")[: report.depth] if len(report.dims) > 1 else ()
    yield from report.filters


class ReportView(ApiView):
    needs = {"GET": Can.SEE_MONEY}

    @extend_schema(
        responses=ReportRowsOut,
        parameters=[
            OpenApiParameter("cursor", str, description="From `next` or `previous`."),
            OpenApiParameter("page_size", int, description="1 to 200; 50 by default."),
            *(
                OpenApiParameter(name, str, description="As on the report's page; which ones, the list says.")
                for name in sorted({name for one in REPORTS.values() for name in _filters(one)})
            ),
        ],
    )
    def get(self, request: Request, name: str) -> Response:
        """A report's rows, in its order, with the totals of all of them."""
        if name not in REPORTS:
            raise Problem(404)
        asked = _asked(REPORTS[name], request)
        start, size = _start(request), page_size(request)
        fields = asked.report.fields(asked)
        rows = rows_at(asked, start, size + 1)
        return Response(
            {
                "from": asked.first,
                "to": asked.last,
                "fields": [{"name": one.name, "heading": str(one.heading), "kind": str(one.kind)} for one in fields],
                "totals": _totals(asked, fields),
                "results": [_row(row, fields) for row in rows[:size]],
                "next": address_from(request, str(start + size)) if len(rows) > size else None,
                "previous": address_from(request, str(max(0, start - size))) if start else None,
            }
        )


def _asked(report: Report, request: Request) -> Asked:
    """Return what is asked of a report: a program can't see, as people do, that a word was passed over.

    Raises: Problem `bad_filter`.
    """
    given = {name: clean_text(text) for name, text in request.query_params.items()}
    unknown = given.keys() - {*_filters(report), *report.hidden} - _PAGING
    faults = {name: _("This report has no such filter.") for name in sorted(unknown)}
    faults |= {name: _("It is given twice.") for name, texts in request.query_params.lists() if len(texts) > 1}
    months = given.get("from") or given.get("to")
    if report.span and months and not given.get("span"):
        given["span"] = OWN
    offered = {
        "span": {OWN} if months else dict(SPANS).keys(),
        "by": {dim.name for dim in report.dims},
        "then": {dim.name for dim in report.dims},
    }
    for name, words in offered.items():
        if given.get(name) and given[name] not in words:
            faults[name] = _("Choose one of the list.")
    asked = read_asked(report, request.user, given)
    for name in _LISTED & asked.words.keys():
        known = {code for code, _label in options_of(asked, request.user, name)}
        if asked.words[name] not in known | {NONE}:
            faults[name] = _("Choose one of the list.")
    faults |= {name: _("This is no id.") for name, value in asked.values.items() if value == NOBODY}
    if faults := faults | asked.faults:
        raise Problem(400, "bad_filter", errors=[field_error(name, "invalid", fault) for name, fault in faults.items()])
    return asked


def _totals(asked: Asked, fields: tuple[Field, ...]) -> list[dict[str, Any]]:
    return [
        {
            "currency": total.currency,
            "rows": total.rows,
            "sums": {
                one.name: _text(one, value, total.currency) for one in fields if (value := total.of(one)) is not None
            },
        }
        for total in totals(asked)
    ]


def _row(row: Any, fields: tuple[Field, ...]) -> dict[str, Any]:
    shown = {one.name: _value(one, value_of(one, row), row["currency"]) for one in fields}
    return {"currency": row["currency"], **shown}


def _value(field: Field, value: Any, currency: str) -> Any:
    if value is None or field.kind is Kind.COUNT:
        return value
    return _text(field, value, currency)


def _text(field: Field, value: Any, currency: str) -> str:
    if field.kind is Kind.MONEY:
        return money_text(Decimal(value), currency)
    if field.kind is Kind.RATE:
        return f"{Decimal(value).normalize():f}"
    if isinstance(value, date):
        return f"{value:%Y-%m}" if field.kind is Kind.MONTH else value.isoformat()
    return str(value)


def _start(request: Request) -> int:
    """Return the place that a cursor names: rows that are added up have no keys to go on from."""
    cursor = request.query_params.get("cursor")
    if not cursor:
        return 0
    try:
        text = place_of(cursor)
    except ValueError as fault:
        raise no_cursor() from fault
    if not (text.isascii() and text.isdigit() and len(text) < 9 and int(text) <= _DEEPEST):
        raise no_cursor()
    return int(text)
