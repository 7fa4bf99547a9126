"""How the API describes itself: OpenAPI 3.1, with problems, keys and idempotency said once for all."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

from channels_platform.http.idempotency import PARAMETER


class FieldError(serializers.Serializer[Any]):
    field = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemShape(serializers.Serializer[Any]):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = FieldError(many=True, required=False)


_PROBLEM = "application/problem+json"
_ALWAYS = {
    "400": "Malformed",
    "401": "Not signed in",
    "403": "The role lacks it",
    "404": "Nothing in your scope",
    "406": "Only JSON is spoken",
    "429": "Too many requests",
}
_WITH_BODY = {
    "409": "The state does not allow it, or the first request with this key still runs",
    "413": "Too large",
    "415": "Not JSON",
    "422": "A rule is broken",
    "503": "Too much at once; try again",
}


class ApiSchema(AutoSchema):
    """Adds to each operation what every address does the same way."""

    def get_operation_id(self) -> str:
        """Return a name after the address, so that it stays when views are renamed."""
        words = [word for word in self.path.removeprefix("/api/v1/").split("/") if word and not word.startswith("{")]
        one = ["one"] if self.path.endswith("}/") else []
        return "_".join([self.method.lower(), *words, *one]).replace("-", "_").replace(".", "_")

    def get_override_parameters(self) -> list[Any]:
        given = list(super().get_override_parameters())
        if self.method == "POST" and getattr(self.view, "replays", False):
            given.append(PARAMETER)
        return given

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:
        bodies = super()._get_response_bodies(direction)
        moves = self.method in ("POST", "PATCH", "DELETE") or getattr(self.view, "answers_files", False)
        problems = _ALWAYS | (_WITH_BODY if moves else {})
        for status, words in problems.items():
            if status not in bodies:
                shape = OpenApiResponse(ProblemShape, words)
                bodies[status] = self._get_response_for_code(shape, status, [_PROBLEM], direction)
        return bodies


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "channels_platform.http.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token <key>`, the key from POST /api/v1/auth/token/",
        }


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "channels_platform.http.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


def lists(
    shape: type[serializers.Serializer[Any]], *, orderings: tuple[str, ...], filters: type[Any] | None = None
) -> Callable[[Any], Any]:
    """Describe an operation that answers keyset pages of `shape`."""
    page = inline_serializer(
        f"{shape.__name__.removesuffix('Out')}Page",
        {
            "results": shape(many=True),
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
        },
    )
    parameters = [
        OpenApiParameter("cursor", str, description="From `next` or `previous`."),
        OpenApiParameter("page_size", int, description="1 to 200; 50 by default."),
        OpenApiParameter("ordering", str, enum=list(orderings)),
    ]
    for name, chosen in (filters.base_filters if filters else {}).items():
        parameters.append(OpenApiParameter(name, str, description=str(chosen.extra.get("help_text", ""))))
    return extend_schema(responses={200: page}, parameters=parameters)
