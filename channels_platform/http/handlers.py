"""Errors outside of any view: problems under /api/, pages elsewhere."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt

from channels_platform.http.problems import Problem, plain_response

_Handler = Callable[..., HttpResponse]


def _for(status: int, page: _Handler) -> _Handler:
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.path_info.startswith("/api/"):
            return plain_response(request, Problem(status))
        return page(request, *args, **kwargs)

    return answer


bad_request = _for(400, defaults.bad_request)
permission_denied = _for(403, defaults.permission_denied)
page_not_found = _for(404, defaults.page_not_found)
server_error = _for(500, defaults.server_error)


@csrf_exempt
def unknown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Answer what is no address of the API, also where DEBUG would show its own page."""
    return plain_response(request, Problem(404))
