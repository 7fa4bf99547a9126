"""The admin site: whom it lets in, and one way out for the whole product."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from channels_platform.accounts.permissions import Can, may


class Site(UnfoldAdminSite):
    """Open to the roles that `SEE_ADMIN`; passwords and leaving are the account pages' business."""

    index_title = _("Overview")

    def has_permission(self, request: HttpRequest) -> bool:
        return may(request.user, Can.SEE_ADMIN)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The admin is entered like everything else: same lock-out, second factor and audit trail.

        Raises: PermissionDenied for who is signed in and has no business here.
        """
        following = request.GET.get("next", "")
        if request.user.is_authenticated:
            if not self.has_permission(request):
                raise PermissionDenied
            ours = url_has_allowed_host_and_scheme(following, allowed_hosts={request.get_host()})
            return redirect(following if ours else "admin:index")
        return redirect_to_login(following or reverse("admin:index"), resolve_url(settings.LOGIN_URL))

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("account_change_password")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        # Through allauth's adapter, so that leaving here is on the audit trail as leaving elsewhere is.
        adapter = get_adapter(request)
        adapter.logout(request)
        return redirect(resolve_url(adapter.get_logout_redirect_url(request)))
