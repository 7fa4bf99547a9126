"""The language a signed-in person chose."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

_GetResponse = Callable[[HttpRequest], HttpResponse]
_KNOWN = frozenset(code for code, _name in settings.LANGUAGES)


def user_language(get_response: _GetResponse) -> _GetResponse:
    """Speak the language a signed-in person chose, on whatever device; others keep cookie or browser setting."""

    def respond(request: HttpRequest) -> HttpResponse:
        language = getattr(request.user, "language", "")
        if language in _KNOWN:
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language()
        return get_response(request)

    return respond
