from django.urls import path

from channels_platform.notices import views

app_name = "notices"
urlpatterns = [
    path("", views.index, name="list"),
    path("read/", views.read_all, name="read"),
    path("choices/", views.choices, name="choices"),
    path("<uuid:notice_id>/", views.follow, name="follow"),
]
