"""My recruiting link: its QR code, its poster, and who came by it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from brokers.forms import LinkForm
from brokers.models import RecruitingLink
from brokers.poster import poster_pdf
from brokers.selectors import link_address, link_is_open, recruiting_programmes, recruits_of
from brokers.services.recruiting import open_link
from channels_platform.accounts.permissions import Can
from channels_platform.files.content import PDF
from channels_platform.http.downloads import send_file
from channels_platform.http.once import sent, submit_once
from channels_platform.http.screens import needs
from channels_platform.presentation.qr import qr_inline


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@needs(Can.RECRUIT)
def recruit(request: HttpRequest) -> HttpResponse:
    """One's links, a programme each, and whom one recruited; a link is made on asking."""
    programmes = recruiting_programmes(request.user)
    form = LinkForm(sent(request), programmes=programmes)

    def make() -> str:
        open_link(actor=request.user, programme=form.cleaned_data["programme"], recruiter=request.user)  # type: ignore[arg-type]
        return reverse("recruit")

    if request.method == "POST" and form.is_valid():
        return submit_once(request, form, make)
    links = {link.programme_id: link for link in _own_links(request)}
    shown = [
        {"programme": one, "link": link, "address": link_address(link), "qr": qr_inline(link_address(link))}
        if (link := links.get(one.pk)) is not None
        else {"programme": one, "form": LinkForm(programmes=programmes, initial={"programme": one})}
        for one in programmes
        if one.pk in links or one.is_open
    ]
    recruits = recruits_of(request.user)
    return render(
        request, "join/recruit.html", {"shown": shown, "recruits": recruits}, status=422 if form.errors else 200
    )


def _own_links(request: HttpRequest) -> list[RecruitingLink]:
    links = RecruitingLink.objects.filter(recruiter_id=request.user.pk, closed_at__isnull=True)
    found = links.select_related("programme__project", "programme__agency", "recruiter")
    return [link for link in found if link_is_open(link)]


@require_GET
@needs(Can.RECRUIT)
def poster(request: HttpRequest, link_id: UUID) -> HttpResponseBase:
    """One's own poster, to print."""
    links = RecruitingLink.objects.select_related("programme__project", "recruiter")
    link = get_object_or_404(links, pk=link_id, recruiter_id=request.user.pk, closed_at__isnull=True)
    data = poster_pdf(link, address=link_address(link))
    return send_file(data, f"{link.code}.pdf", content_type=PDF.media_type, shown=True)
