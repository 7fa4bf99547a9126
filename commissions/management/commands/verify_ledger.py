"""`manage.py verify_ledger`: whether the ledger agrees with the facts, with itself, and with what was paid."""

import json
import sys
from typing import Any

from django.core.management.base import CommandParser

from channels_platform.commands import DataCommand
from commissions.proof.differences import Report
from commissions.proof.verify import verify


class Command(DataCommand):
    help = "Recompute the ledger from facts and check it against itself, its seals and payouts; exit 1 on a difference."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of a list")

    def handle(self, *args: Any, **options: Any) -> None:
        report = verify()
        if options["json"]:
            found = [difference.as_json() for difference in report.differences]
            facts = {"ok": report.ok, "counts": report.counts, "found": report.total, "differences": found}
            self.stdout.write(json.dumps(facts, ensure_ascii=False))
        else:
            self._list(report)
        if not report.ok:
            sys.exit(1)

    def _list(self, report: Report) -> None:
        for one in report.differences:
            of = f" (payee {one.payee})" if one.payee else ""
            self.stdout.write(f"{one.check}: {one.what} {one.name}{of}: expected {one.expected}, found {one.found}")
        if report.total > len(report.differences):
            self.stdout.write(f"... and {report.total - len(report.differences)} more")
        self.stdout.write(", ".join(f"{name} {number}" for name, number in report.counts.items()))
        self.stdout.write("Everything agrees." if report.ok else f"{report.total} differences.")
