"""`manage.py demo`: half a year of invented history; `--accounts`: who can sign in to it."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command

from channels_platform.accounts.models import User
from channels_platform.commands import DataCommand
from commissions.demo.accounts import demo_accounts
from commissions.demo.build import build, processes_here
from projects.models import Project


class Command(DataCommand):
    help = "Fill an empty database with half a year of invented history; with --accounts, say who can sign in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--accounts", action="store_true", help="print the demo accounts as JSON, make nothing")
        parser.add_argument("--scale", type=float, default=1.0, help="how much of it, 0.05 to 10 (1: 5,000 referrals)")
        parser.add_argument("--seed", default="demo", help="same seed, same data")
        parser.add_argument("--reset", action="store_true", help="empty the database first: everything in it is lost")
        parser.add_argument("--processes", type=int, default=0, help="1 or 2; by itself what the machine has")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("There is no demo in production: its passwords are public.")
        if options["accounts"]:
            return self._say_accounts()
        if not 0.05 <= options["scale"] <= 10:
            raise CommandError("--scale is from 0.05 to 10.")
        if options["reset"]:
            call_command("reset_database")
        if User.objects.exists() or Project.objects.exists():
            self.stdout.write("The database has data already; nothing was changed. (--reset empties it first.)")
            return None
        done = build(seed=options["seed"], scale=options["scale"], processes=options["processes"] or processes_here())
        self.stdout.write(
            f"Made {done['file']} referrals, {done['visit']} arrivals and {done['subscribe']} deals of half a year."
        )
        return None

    def _say_accounts(self) -> None:
        accounts = demo_accounts()
        if not accounts:
            raise CommandError("There is no demo yet: `manage.py demo` makes it, in an empty database.")
        self.stdout.write(json.dumps(accounts, indent=1))
