"""The Celery application: `celery -A channels_platform.celery worker|beat`."""

import os
import warnings

from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import setup_logging
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channels_platform.settings")
# The checks import every page; a worker serves none, and who serves them checks.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

# It warns root of pickled messages; we accept none (settings: accept_content).
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("channels")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**kwargs: object) -> None:
    """Having a receiver at all keeps Celery from setting up its own logging."""
