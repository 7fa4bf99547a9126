"""The WSGI door."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channels_platform.settings")
application = get_wsgi_application()

from django.db import connections  # noqa: E402 - needs the settings

import channels_platform.urls  # noqa: E402, F401 - every page, before the server forks
from channels_platform.checks import refuse_unsafe_start  # noqa: E402 - needs the apps

refuse_unsafe_start()
connections.close_all()  # the server may fork from here
# What is loaded by now stays for good: the collector need not walk it at every turn, nor the fork copy it.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
