"""`manage.py verify_evidence FILE`: whether a pack is as it was signed. Needs no database."""

import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser

from channels_platform.lib import evidence


class Command(BaseCommand):
    help = "Check an evidence pack byte by byte: exit 0 where all is as it was signed, else say what is not and exit 1."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", help="the pack's ZIP, or its JSON or PDF; each is checked against the other where it is there"
        )
        parser.add_argument("--key", action="append", help="public key to trust, instead of this installation's")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        printed = path.with_suffix(".pdf")
        try:
            data, pdf = _read(path, printed)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        except ValueError as error:
            self.stderr.write(f"{path.name}: {error}")
            sys.exit(1)
        trusted = options["key"] or [evidence.public_key(settings.EVIDENCE_KEY)]
        faults = evidence.faults_of(data, trusted=trusted)
        if not faults and pdf is not None and json.loads(data)["pdf_sha256"] != evidence.file_hash(pdf):
            faults = [f"{printed.name} is not the PDF that the pack vouches for."]
        if faults:
            for fault in faults:
                self.stderr.write(f"{path.name}: {fault}")
            sys.exit(1)
        pack = json.loads(data)
        self.stdout.write(
            f"{path.name}: {pack['about']['number']}, {len(pack['events'])} events, as signed. Key {pack['key']}"
        )


def _read(path: Path, printed: Path) -> tuple[bytes, bytes | None]:
    """Return the pack's JSON and PDF.

    Raises: OSError; ValueError for a ZIP that was changed.
    """
    if path.suffix == ".zip":
        return evidence.unpacked(path.read_bytes())
    data = path.with_suffix(".json").read_bytes()
    return data, printed.read_bytes() if path == printed or printed.exists() else None
