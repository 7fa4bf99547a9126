"""What I was told, and what I want to be told."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from channels_platform.http.screens import page_by_cursor
from channels_platform.lib import clock
from channels_platform.notices.forms import ChoicesForm
from channels_platform.notices.selectors import choices_of, notices_of, unread_of
from channels_platform.notices.services import mark_read, open_notice
from channels_platform.notices.services.choices import choose_notices


@require_safe
@never_cache
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """Everything one was told, newest first."""
    page = page_by_cursor(notices_of(request.user), by="-created_at", cursor=request.GET.get("cursor", ""))
    return render(request, "notices/list.html", {"page": page, "unread": unread_of(request.user).count()})


@require_safe
@never_cache
@login_required
def follow(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """Go to what a notice is about; it counts as read."""
    notice = open_notice(recipient=request.user, notice_id=notice_id)
    if notice is None:
        raise Http404
    return redirect(notice.path or "notices:list")


@require_POST
@login_required
def read_all(request: HttpRequest) -> HttpResponse:
    """Put all away; those written meanwhile stay."""
    mark_read(recipient=request.user, until=clock.now())
    return redirect("notices:list")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def choices(request: HttpRequest) -> HttpResponse:
    """Choose what also comes by e-mail, and when."""
    form = ChoicesForm(request.POST or None, person=request.user, initial=choices_of(request.user))
    if form.is_valid():
        choose_notices(person=request.user, **form.cleaned_data)
        messages.success(request, _("Your choices hold from now on."))
        return redirect("notices:choices")
    status = 422 if form.is_bound else 200
    return render(request, "notices/choices.html", {"form": form}, status=status)
