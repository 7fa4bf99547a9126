"""The public addresses by which an agency joins."""

from django.urls import path

from brokers import joining_views

urlpatterns = [
    path("", joining_views.apply, name="join"),
    path("<str:token>/", joining_views.application, name="application"),
]
