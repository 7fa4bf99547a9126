"""The base of every API view: who may, how often, once only, and what an error looks like."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.views import APIView

from channels_platform.accounts.permissions import Can, may
from channels_platform.http.authentication import SessionAuthentication, TokenAuthentication
from channels_platform.http.idempotency import answer_once
from channels_platform.http.negotiation import Anything, JsonOnly
from channels_platform.http.pages import page_of
from channels_platform.http.parsers import StrictJSONParser
from channels_platform.http.problems import Problem, exception_handler, field_error
from channels_platform.http.schema import ApiSchema
from channels_platform.http.throttles import PerCaller
from channels_platform.lib.errors import Refused

M = TypeVar("M", bound=Model)


class RoleAllows(BasePermission):
    """Signed in, and of a role that may do what the view's `needs` says for the method."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        wanted = view.needs.get("GET" if request.method == "HEAD" else request.method, ())
        acts = (wanted,) if isinstance(wanted, Can) else wanted
        return not acts or any(may(request.user, act) for act in acts)


class ApiView(APIView):
    """One address of the API.

    `needs` says per method which acts of the role table allow it (any one of them); a method it leaves out
    is for whoever is signed in. `replays` is off where an answer must not be kept.
    """

    needs: ClassVar[dict[str, Can | tuple[Can, ...]]] = {}
    replays: ClassVar[bool] = True

    authentication_classes = [TokenAuthentication, SessionAuthentication]
    permission_classes = [RoleAllows]
    throttle_classes = [PerCaller]
    parser_classes = [StrictJSONParser]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = JsonOnly
    schema = ApiSchema()

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        if self.replays and hasattr(self, "post"):
            # each POST, with nothing to remember in a view
            self.post = partial(answer_once, self.post)

    def get_exception_handler(self) -> Any:
        return exception_handler

    def http_method_not_allowed(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        raise MethodNotAllowed(str(request.method))


class FileView(ApiView):
    """An address that answers with a file."""

    answers_files = True
    content_negotiation_class = Anything


def read(request: Request, serializer: type[Serializer[Any]], *, partial: bool = False) -> dict[str, Any]:
    """Return what the body says, checked by `serializer`.

    Raises: Problem 400 where the body is no object; ValidationError by field.
    """
    if not isinstance(request.data, dict):
        raise Problem(400, detail="")
    return dict(_reader(serializer, partial).run_validation(request.data))


@contextmanager
def renamed(**names: str) -> Iterator[None]:
    """Have a service's refusal name its field as the body does, where the two differ."""
    try:
        yield
    except Refused as refusal:
        refusal.field = names.get(refusal.field or "", refusal.field)
        raise


@cache
def _reader(serializer: type[Serializer[Any]], partial: bool) -> Serializer[Any]:
    """Return one serializer for all requests: reading keeps nothing on it, and copying its fields costs most."""
    return serializer(partial=partial)


def found(queryset: QuerySet[M], **lookup: Any) -> M:
    """Return the one object in scope, or answer 404, whether it is missing or another's.

    Raises: Problem 404.
    """
    row = queryset.filter(**lookup).first()
    if row is None:
        raise Problem(404)
    return row


def named(queryset: QuerySet[M], *, field: str, **lookup: Any) -> M:
    """Return the object that a field of the body names; out of scope it is not there.

    Raises: Problem 404 at that field.
    """
    row = queryset.filter(**lookup).first()
    if row is None:
        raise Problem(404, errors=[field_error(field, "not_found", _("Nothing of that name is here for you."))])
    return row


def listed(
    request: Request,
    queryset: QuerySet[Any],
    serializer: type[BaseSerializer[Any]],
    *,
    orderings: tuple[str, ...],
    filters: type[Any] | None = None,
    context: dict[str, Any] | None = None,
) -> Response:
    """Answer one page of a list, filtered as the query says.

    Raises: Problem 400 for filters, orders and cursors that cannot be.
    """
    parts: Sequence[Q] = ()
    if filters is not None:
        chosen = _chosen(request, queryset, filters)
        queryset, parts = chosen.qs, getattr(chosen, "parts", ())
    page = page_of(queryset, request, orderings=orderings, parts=parts)
    rows = serializer(page.rows, many=True, context={"request": request, **(context or {})}).data
    return Response(page.with_rows(list(rows)))


def filtered(request: Request, queryset: QuerySet[M], filters: type[Any]) -> QuerySet[M]:
    """Narrow `queryset` as the query says.

    Raises: Problem 400 `bad_filter`, by field.
    """
    narrowed: QuerySet[M] = _chosen(request, queryset, filters).qs
    return narrowed


def _chosen(request: Request, queryset: QuerySet[Any], filters: type[Any]) -> Any:
    chosen = filters(request.query_params, queryset=queryset, request=request)
    if not chosen.is_valid():
        raise Problem(400, "bad_filter", errors=_filter_errors(chosen.form.errors))
    return chosen


def _filter_errors(errors: Any) -> Iterator[dict[str, Any]]:
    for field, faults in errors.get_json_data().items():
        for fault in faults:
            yield field_error(field, fault["code"] or "invalid", fault["message"])
