"""The portal's addresses of an agency's brokers; mounted in the namespace `portal`."""

from django.urls import path

from brokers import views

urlpatterns = [
    path("brokers/", views.brokers, name="brokers"),
    path("brokers/new/", views.invite, name="broker_new"),
    path("brokers/<uuid:broker_id>/", views.broker, name="broker"),
    path("brokers/<uuid:broker_id>/invitation/", views.renew_invitation, name="broker_invitation"),
    path("brokers/<uuid:broker_id>/switch/", views.switch, name="broker_switch"),
]
