"""The addresses of who recruits individuals; one place for the desk and the portal."""

from django.urls import path

from brokers import recruit_views

urlpatterns = [
    path("", recruit_views.recruit, name="recruit"),
    path("<uuid:link_id>/poster.pdf", recruit_views.poster, name="poster"),
]
