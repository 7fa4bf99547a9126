from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "channels_platform.jobs"
    label = "jobs"
    verbose_name = _("Background work")

    def ready(self) -> None:
        # whoever publishes a task, the web server too, must do it with our Celery and not a default one
        import channels_platform.celery
        import channels_platform.checks  # noqa: F401
