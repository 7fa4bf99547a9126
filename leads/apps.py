from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LeadsConfig(AppConfig):
    name = "leads"
    label = "leads"
    verbose_name = _("Clients and deals")

    def ready(self) -> None:
        import leads.notice_kinds  # noqa: F401
