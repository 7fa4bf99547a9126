"""What is spoken: JSON both ways, and whatever a file is."""

from typing import Any

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

_JSON = frozenset({"*/*", "application/*", "application/json", "application/problem+json"})


class JsonOnly(DefaultContentNegotiation):
    """Answer JSON to whoever takes it. Nothing is chosen by query, so `?format=` is free for exports."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        ranges = request.headers.get("Accept", "*/*").split(",")
        if not any(_accepts(found) for found in ranges):
            raise NotAcceptable
        return renderers[0], renderers[0].media_type


class Anything(DefaultContentNegotiation):
    """For files: their kind is in the address, so Accept is not asked. Problems are JSON all the same."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


def _accepts(media_range: str) -> bool:
    kind, *parameters = (part.strip().lower() for part in media_range.split(";"))
    refused = any(part.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for part in parameters)
    return (kind in _JSON or not kind) and not refused
