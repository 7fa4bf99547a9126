"""The bare view under the product's settings, without its middleware."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channels_platform.settings")

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

django.setup()
settings.ROOT_URLCONF = "benchmarks.bare_urls"
settings.MIDDLEWARE = []

application = WSGIHandler()
