"""Landing, language, invitations, and the styleguide of a development machine."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _
from django.views import i18n
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels_platform.accounts import styleguide
from channels_platform.accounts.forms import InvitationForm
from channels_platform.accounts.services.invitations import InvitationOver, accept_invitation, get_invited
from channels_platform.accounts.services.preferences import choose_language
from channels_platform.presentation.navigation import landing_page


@require_GET
@never_cache
def root(request: HttpRequest) -> HttpResponse:
    """Lead everyone to where they begin."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    page = landing_page(request.user)
    if page == request.path:
        return render(request, "account/no_place.html", status=403)
    return redirect(page)


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the language; the person's account remembers it, and a cookie for before sign-in."""
    language = request.POST.get("language", "")
    known = language in dict(settings.LANGUAGES) and check_for_language(language)
    if known and request.user.is_authenticated:
        choose_language(user=request.user, language=language)
    return i18n.set_language(request)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("password", "repeated")
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Let an invited person set the first password, once."""
    try:
        user = get_invited(token)
        form = InvitationForm(request.POST or None, user=user)
        if form.is_valid():
            accept_invitation(token=token, password=form.cleaned_data["password"])
            messages.success(request, _("Your password is set. Sign in with it now."))
            return redirect("account_login")
    except InvitationOver:
        return render(request, "account/invitation_over.html", status=410)
    return render(request, "account/invitation.html", {"form": form, "invited": user})


@require_GET
def show_styleguide(request: HttpRequest) -> HttpResponse:
    """Every component on one page, in development only."""
    if not settings.DEBUG:
        raise Http404
    return render(request, "styleguide.html", styleguide.samples(request.GET.get("area", "portal")))
