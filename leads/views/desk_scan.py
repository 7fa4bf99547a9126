"""Reading a slip's QR code with the camera: the one page that may use it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from channels_platform.accounts.permissions import Can
from channels_platform.http.screens import needs
from leads.views.desk import desk_project


@require_GET
@needs(Can.CONFIRM_VISIT)
def scan(request: HttpRequest) -> HttpResponse:
    """The camera and the decoder; without them, a photo or the search."""
    project, projects = desk_project(request)
    if project is None:
        return render(request, "desk/no_project.html")
    response = render(request, "desk/scan.html", {"project": project, "projects": projects})
    response["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()"
    return response
