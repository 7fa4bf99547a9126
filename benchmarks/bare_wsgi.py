"""The bare view under the product's settings: with its middleware, or with none where BENCH_MIDDLEWARE is off."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channels_platform.settings")

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

django.setup()
settings.ROOT_URLCONF = "benchmarks.bare_urls"
if os.environ.get("BENCH_MIDDLEWARE") == "off":
    settings.MIDDLEWARE = []

application = WSGIHandler()
