"""The WSGI door."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channels_platform.settings")
application = get_wsgi_application()

from channels_platform.checks import refuse_unsafe_start  # noqa: E402 - needs the apps loaded

refuse_unsafe_start()
