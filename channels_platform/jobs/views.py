"""A job's page, its progress, and what came of it."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from channels_platform.jobs.models import Job
from channels_platform.jobs.selectors import get_job


def _job(request: HttpRequest, job_id: UUID) -> Job:
    job = get_job(viewer=request.user, job_id=job_id)
    if job is None:
        raise Http404
    return job


@require_safe
@never_cache
@login_required
def detail(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Show the job; asked by htmx, only the part that moves."""
    template = "jobs/_state.html" if request.headers.get("HX-Request") else "jobs/detail.html"
    return render(request, template, {"job": _job(request, job_id)})


@require_safe
@never_cache
@login_required
def result(request: HttpRequest, job_id: UUID) -> FileResponse:
    """Send the file the job made."""
    job = _job(request, job_id)
    if not job.result_file:
        raise Http404
    name = job.result_file.name.rsplit("/", 1)[-1]
    return FileResponse(job.result_file.open("rb"), as_attachment=True, filename=name)
