from django.urls import include, path

from channels_platform.accounts import views

urlpatterns = [
    path("", views.root, name="root"),
    path("accounts/language/", views.set_language, name="set_language"),
    path("accounts/invitation/<str:token>/", views.invitation, name="invitation"),
    path("accounts/", include("allauth.urls")),
    path("styleguide/", views.show_styleguide, name="styleguide"),
]
