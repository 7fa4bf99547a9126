"""Empty the development database: every table goes, and the migrations run anew."""

import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection


class Command(BaseCommand):
    help = "Drop all data of a development database and migrate it from nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("A production database is not emptied.")
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
        connection.close()
        call_command("migrate", verbosity=0, interactive=False)
        cache.clear()
        shutil.rmtree(Path(settings.MEDIA_ROOT) / "jobs", ignore_errors=True)
        self.stdout.write("The database is empty.")
