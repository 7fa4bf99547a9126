#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channels_platform.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed here: run `make setup`, then `.venv/bin/python manage.py ...`.")
    if sys.argv[1:2] == ["verify_evidence"]:
        os.environ["CHANNELS_EMBEDDED"] = "off"  # it asks no database, so none is started for it
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
