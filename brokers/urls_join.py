"""The public addresses by which an agency or an individual joins."""

from django.urls import path

from brokers import joining_views, signup_views

urlpatterns = [
    path("", joining_views.apply, name="join"),
    path("with/<slug:code>/", signup_views.sign_up, name="sign_up"),
    path("code/", signup_views.prove, name="prove_phone"),
    path("<str:token>/", joining_views.application, name="application"),
]
