from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HttpConfig(AppConfig):
    name = "channels_platform.http"
    label = "http"
    verbose_name = _("HTTP")
