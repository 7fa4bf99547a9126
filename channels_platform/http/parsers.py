"""JSON as RFC 8259 means it, and nothing that the database could not keep."""

import json
from typing import Any

from rest_framework.parsers import BaseParser

from channels_platform.http.problems import Problem


class StrictJSONParser(BaseParser):
    """Read the body as one JSON value.

    Refused as malformed: other encodings than UTF-8, NaN and Infinity, NUL and lone surrogates in text,
    a name twice in one object, numbers and nesting beyond what Python reads.
    """

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        # `body` and not the stream: Django refuses there what is over DATA_UPLOAD_MAX_MEMORY_SIZE.
        request = parser_context["request"]._request if parser_context else stream
        try:
            raw = request.body
            text = raw.decode()
            value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_object)
            # only an escape can bring in what UTF-8 itself does not carry
            if "\\u" in text:
                json.dumps(value, ensure_ascii=False).encode()
                _refuse_nul(value)
        except (ValueError, RecursionError) as fault:
            raise Problem(400) from fault
        return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice, and readers differ on which counts")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _refuse_nul(value: Any) -> None:
    if isinstance(value, str) and "\x00" in value:
        raise ValueError("NUL in text")
    if isinstance(value, dict):
        for name, inner in value.items():
            _refuse_nul(name)
            _refuse_nul(inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_nul(inner)
