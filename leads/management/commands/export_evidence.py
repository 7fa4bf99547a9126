"""`manage.py export_evidence NUMBER --out DIR`: write the signed evidence pack of a referral or deal."""

from pathlib import Path
from typing import Any

from django.core.management import CommandError, CommandParser

from channels_platform.commands import DataCommand
from channels_platform.lib.errors import Invalid
from leads.services.evidence import export_evidence, find_subject


class Command(DataCommand):
    help = "Write the signed evidence pack (JSON and PDF) of a referral or deal."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", help="of a referral (R-...) or deal (D-...)")
        parser.add_argument("--out", required=True, help="folder to write to; made if it is not there")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            pack = export_evidence(actor=None, subject=find_subject(options["number"]))
        except Invalid as refused:
            raise CommandError(f"{options['number']}: {refused.detail}") from refused
        folder = Path(options["out"])
        folder.mkdir(parents=True, exist_ok=True)
        for ending, data in (("json", pack.json), ("pdf", pack.pdf)):
            path = folder / f"{pack.number}.{ending}"
            path.write_bytes(data)
            self.stdout.write(str(path))
