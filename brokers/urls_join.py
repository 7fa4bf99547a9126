"""The public addresses by which an agency or an individual joins."""

from django.urls import path

from brokers import forgot_views, joining_views, signup_views

urlpatterns = [
    path("", joining_views.apply, name="join"),
    path("with/<slug:code>/", signup_views.sign_up, name="sign_up"),
    path("forgot/", forgot_views.forgot, name="forgot"),
    path("forgot/code/", forgot_views.another_password, name="another_password"),
    path("code/", signup_views.prove, name="prove_phone"),
    path("<str:token>/", joining_views.application, name="application"),
]
