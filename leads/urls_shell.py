"""The app's own addresses, at the root: a service worker answers only for what lies below it."""

from django.urls import path

from leads.views import shell

urlpatterns = [
    path("sw.js", shell.worker, name="worker"),
    path("manifest.webmanifest", shell.manifest, name="manifest"),
    path("offline/<str:language>/", shell.offline, name="offline"),
]
