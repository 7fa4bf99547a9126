"""Let a database role run the product without being able to change what is kept."""

from typing import Any

from django.core.management import CommandError, CommandParser
from django.db import ProgrammingError

from channels_platform.audit.grants import grant_role
from channels_platform.commands import DataCommand


class Command(DataCommand):
    help = "Grant ROLE what the product needs: no UPDATE or DELETE on kept rows, no TRUNCATE. Run as the tables' owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tables = grant_role(options["role"])
        except ProgrammingError as error:
            raise CommandError(str(error).strip()) from error
        self.stdout.write(f"{options['role']} may use {tables} tables.")
