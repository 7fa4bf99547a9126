"""Who is on duty on a site: seen and switched at the desk."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from channels_platform.accounts.permissions import Can
from channels_platform.http.screens import needs
from channels_platform.lib import clock
from leads.care import on_duty_at
from leads.selectors import consultants_in_charge_of, live_by_clock
from leads.services.duty import set_duty
from leads.views.desk import desk_project


@require_GET
@needs(Can.CONFIRM_VISIT, Can.SUBSCRIBE_DEAL)
def duty(request: HttpRequest) -> HttpResponse:
    """A site's consultants, on duty or off, and how many open clients each has."""
    project, projects = desk_project(request)
    if project is None:
        return render(request, "desk/no_project.html")
    open_clients = Count("referrals", filter=live_by_clock(clock.now(), "referrals__"))
    people = list(consultants_in_charge_of(request.user).filter(project=project).annotate(open_clients=open_clients))
    receiving = set(on_duty_at(project, clock.now()).values_list("pk", flat=True))
    for one in people:
        one.receives = one.pk in receiving
    context = {
        "project": project,
        "projects": projects,
        "people": people,
        "on_duty": len(receiving),
        "sees_all": request.user.can(Can.CONFIRM_VISIT) or request.user.can(Can.EDIT_PROJECTS),
    }
    return render(request, "desk/duty.html", context)


@require_POST
@needs(Can.CONFIRM_VISIT, Can.SUBSCRIBE_DEAL)
def switch(request: HttpRequest, consultant_id: UUID) -> HttpResponse:
    """Put a consultant on duty (`on_duty=1`) or off; sent twice it says the same."""
    consultant = get_object_or_404(consultants_in_charge_of(request.user), pk=consultant_id)
    on_duty = request.POST.get("on_duty") == "1"
    set_duty(actor=request.user, consultant=consultant, on_duty=on_duty)
    words = _("%(name)s is on duty.") if on_duty else _("%(name)s is off duty: no new clients until back on duty.")
    messages.success(request, words % {"name": consultant})
    return redirect(f"{reverse('desk:duty')}?project={consultant.project.code}")
