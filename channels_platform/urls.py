"""Every address of the site, by face."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from channels_platform.jobs.health import healthz, readyz

# The portal is one face over three apps.
_PORTAL = ("leads", "brokers", "commissions")

admin.autodiscover()  # here, as its pages are of use to who serves addresses only (adminkit/apps.py)

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("api/", include("channels_platform.api_urls")),
    path("", include("channels_platform.accounts.urls")),
    path("", include("leads.urls_shell")),
    path("jobs/", include("channels_platform.jobs.urls")),
    path("notices/", include("channels_platform.notices.urls")),
    path("portal/", include(([path("", include(f"{app}.urls_portal")) for app in _PORTAL], "portal"))),
    path("join/", include("brokers.urls_join")),
    path("recruit/", include("brokers.urls_recruit")),
    path("desk/", include(("leads.urls_desk", "desk"))),
    path("finance/", include("commissions.urls")),
]

handler400 = "channels_platform.http.handlers.bad_request"
handler403 = "channels_platform.http.handlers.permission_denied"
handler404 = "channels_platform.http.handlers.page_not_found"
handler500 = "channels_platform.http.handlers.server_error"
