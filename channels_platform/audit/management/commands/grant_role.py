"""Let a database role run the product without being able to change what is kept."""

from typing import Any

from django.core.management import CommandError, CommandParser
from django.db import ProgrammingError

from channels_platform.audit.grants import grant_auditor, grant_role
from channels_platform.commands import DataCommand


class Command(DataCommand):
    help = "Grant ROLE what the product needs: no UPDATE or DELETE on kept rows, no TRUNCATE. Run as the tables' owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role")
        parser.add_argument("--auditor", action="store_true", help="grant the audit_ views to read, and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        grant = grant_auditor if options["auditor"] else grant_role
        try:
            there = grant(options["role"])
        except ProgrammingError as error:
            raise CommandError(str(error).strip()) from error
        what = "read {} views" if options["auditor"] else "use {} tables"
        self.stdout.write(f"{options['role']} may {what.format(there)}.")
