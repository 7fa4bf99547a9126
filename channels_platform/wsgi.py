"""The WSGI door."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channels_platform.settings")
application = get_wsgi_application()

from django.db import connections  # noqa: E402 - needs the settings

from channels_platform.checks import refuse_unsafe_start  # noqa: E402 - needs the apps

refuse_unsafe_start()
connections.close_all()  # the server may fork from here
