"""`manage.py replay FILE...`: what would come of these facts."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from channels_platform.commands import DataCommand
from commissions.replay.reader import ScenarioFault, read_scenario
from commissions.replay.report import build_report
from commissions.replay.runner import replay


class Command(DataCommand):
    help = "Feed scenarios through the real services at their own times, roll back, print what came of each as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        faulty = False
        for path in options["files"]:
            try:
                scenario = read_scenario(path)
                report = replay(scenario, build_report)
            except ScenarioFault as fault:
                faulty = True
                self.stderr.write(f"{path}: {fault}")
                continue
            self.stdout.write(json.dumps({"name": scenario.name, **report}, ensure_ascii=False))
        if faulty:
            sys.exit(2)
