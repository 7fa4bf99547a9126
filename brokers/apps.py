from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BrokersConfig(AppConfig):
    name = "brokers"
    label = "brokers"
    verbose_name = _("Agencies and brokers")

    def ready(self) -> None:
        import brokers.notice_kinds  # noqa: F401
