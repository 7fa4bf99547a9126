"""What our own commands have in common."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor


def bring_schema_up_to_date(*, say: Callable[[str], None] = lambda _word: None) -> None:
    """Run the migrations that are due; where there are any, say so first."""
    executor = MigrationExecutor(connections["default"])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        say("Preparing the database ...")
        call_command("migrate", verbosity=0, interactive=False)


class DataCommand(BaseCommand):
    """A command on data: it works on a fresh checkout too. In production nobody migrates unasked."""

    def execute(self, *args: Any, **options: Any) -> Any:
        if not settings.PRODUCTION:
            bring_schema_up_to_date()
        return super().execute(*args, **options)
