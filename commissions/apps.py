from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommissionsConfig(AppConfig):
    name = "commissions"
    label = "commissions"
    verbose_name = _("Commission")

    def ready(self) -> None:
        import commissions.notice_kinds  # noqa: F401
