"""Files made for one reader, sent as they are drawn."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header


def send_file(
    content: bytes | Iterable[Any], name: str, *, content_type: str = "text/csv; charset=utf-8", shown: bool = False
) -> HttpResponseBase:
    """Send a file, whole or in pieces, to save or (`shown`) to look at, kept by nobody on the way."""
    answer: HttpResponseBase = (
        HttpResponse(content, content_type=content_type)
        if isinstance(content, bytes)
        else StreamingHttpResponse(content, content_type=content_type)
    )
    answer["Content-Disposition"] = content_disposition_header(as_attachment=not shown, filename=name)
    answer["Cache-Control"] = "private, no-store"
    return answer
