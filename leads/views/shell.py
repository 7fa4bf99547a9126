"""The app on the phone: its manifest, its service worker, and the one page that is there without a network.

Nothing here belongs to anybody: the offline page is made without a request, so that the phone keeps no name, no
token and no client of whoever was signed in when it was fetched.
"""

import hashlib
import json
import re
from functools import lru_cache
from typing import Any

from csp.constants import NONE, SELF
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from leads.forms.portal import FileForm
from projects.models import Project

# What the offline page needs to look and work as it should.
_FILES = (
    "vendor/bootstrap/bootstrap.min.css",
    "css/app.css",
    "js/theme.js",
    "vendor/htmx/htmx.min.js",
    "js/app.js",
    "js/kept.js",
    "js/keep.js",
    "js/rows.js",
    "js/portal.js",
    "img/icons.svg",
    "img/mark.svg",
)
_WORKER = "js/worker.js"
_MOMENT = re.compile(r'data-now="[^"]*"')
_NARROW = {
    "default-src": [NONE],
    "script-src": [SELF],
    "connect-src": [SELF],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [NONE],
}


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """Say how the app is installed, in the reader's language."""
    icons = [
        {"src": static(f"img/app-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": "any"}
        for size in (192, 512)
    ] + [
        {
            "src": static(f"img/app-maskable-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": "maskable",
        }
        for size in (192, 512)
    ]
    said: dict[str, Any] = {
        "id": "/",
        "name": _("Channels"),
        "short_name": _("Channels"),
        "description": _("File clients, follow them, see your money."),
        "lang": get_language(),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f5f7f7",
        "theme_color": "#0f766e",
        "icons": icons,
        "shortcuts": [{"name": _("File a client"), "url": reverse("portal:file")}],
    }
    return JsonResponse(said, content_type="application/manifest+json", json_dumps_params={"ensure_ascii": False})


@require_safe
@cache_control(no_cache=True)
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, from the root so that it may answer for all pages; a new shell is a new worker."""
    files = [static(name) for name in _FILES]
    pages = {code: reverse("offline", args=[code]) for code, _name in settings.LANGUAGES}
    # A page's <html lang> says zh-hans, and so does the phone.
    shell = {"version": _version(), "files": [*files, *pages.values()], "offline": pages}
    loaded = ", ".join(json.dumps(static(name)) for name in ("js/kept.js", _WORKER))
    response = HttpResponse(
        f"self.SHELL = {json.dumps(shell)};\nimportScripts({loaded});\n", content_type="text/javascript; charset=utf-8"
    )
    response._csp_replace = _NARROW  # type: ignore[attr-defined]
    return response


@require_safe
@cache_control(no_cache=True)
def offline(request: HttpRequest, language: str) -> HttpResponse:
    """What a phone shows where there is no network: the form of a filing, and what waits to be sent."""
    if language not in dict(settings.LANGUAGES):
        raise Http404
    return HttpResponse(_page(language))


def _page(language: str) -> str:
    with override(language):
        form = FileForm(projects=Project.objects.none())
        return render_to_string("portal/offline.html", {"form": form, "draft": "offline"})


def _version() -> str:
    return _built() if not settings.DEBUG else _fresh()


@lru_cache(maxsize=1)
def _built() -> str:
    return _fresh()


def _fresh() -> str:
    """Return a name for the shell as it is: of its files' contents and its pages."""
    parts = hashlib.sha256()
    for name in (*_FILES, _WORKER):
        found = finders.find(name)
        if not isinstance(found, str):
            raise FileNotFoundError(name)
        with open(found, "rb") as source:
            parts.update(source.read())
        parts.update(static(name).encode())
    for code, _name in settings.LANGUAGES:
        # the form's key and the instant are new each time and say nothing of the shell
        parts.update(re.sub(r'value="[0-9a-f]{32}"', "", _MOMENT.sub("", _page(code))).encode())
    return parts.hexdigest()[:16]
