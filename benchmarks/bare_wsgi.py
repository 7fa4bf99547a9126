"""The bare view under the product's settings, without its middleware."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channels_platform.settings")

from django.conf import settings  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402

settings.ROOT_URLCONF = "benchmarks.bare_urls"
settings.MIDDLEWARE = []

application = get_wsgi_application()
